// Compiles TypeScript into dist/, copies the kernel sources next to the code that compiles them at run time, and links the
// commands so that `npx` finds them.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');

rmSync(join(root, 'dist'), { recursive: true, force: true });
// The chat page runs in a browser and knows nothing of Node.
const page = 'src/serve/page';
for (const project of [root, join(root, page)]) {
  const { status } = spawnSync(process.execPath, [tsc, '-p', project], { stdio: 'inherit', cwd: root });
  if (status !== 0) process.exit(status ?? 1);
}
for (const file of ['index.html', 'page.css']) cpSync(join(root, page, file), join(root, 'dist', page, file));
for (const kernels of ['src/device/cpu/kernels', 'src/device/cuda/kernels'])
  cpSync(join(root, kernels), join(root, 'dist', kernels), { recursive: true });

const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
for (const file of Object.values(bin)) chmodSync(join(root, file), 0o755);
// npx remembers which commands a checkout had when it was first used. These links make newer commands available too.
if (process.platform !== 'win32') {
  const links = join(root, 'node_modules/.bin');
  mkdirSync(links, { recursive: true });
  for (const [command, file] of Object.entries(bin)) {
    rmSync(join(links, command), { force: true });
    symlinkSync(relative(links, join(root, file)), join(links, command));
  }
}
