// Compiles TypeScript into dist/ and lays the kernels' sources beside the code that compiles them at run time.
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');

rmSync(join(root, 'dist'), { recursive: true, force: true });
const { status } = spawnSync(process.execPath, [tsc, '-p', root], { stdio: 'inherit', cwd: root });
if (status !== 0) process.exit(status ?? 1);
cpSync(join(root, 'src/device/cpu/kernels'), join(root, 'dist/src/device/cpu/kernels'), { recursive: true });
