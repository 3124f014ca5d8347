// Compiles TypeScript into dist/, or only what has changed since the last build there, copies the kernel sources next to the code that compiles them at run time, and links the
// commands so that `npx` finds them.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');

const dist = join(root, 'dist');

// The compiler remembers the hashes of what it compiled, but does not look for what was written. So dist/ is kept only if
// it has exactly the files of the sources.
const sources = ['src', 'test', 'bench'].flatMap((folder) =>
  filesIn(join(root, folder))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .map((file) => join(folder, `${file.slice(0, -3)}.js`)),
);
const compiled = filesIn(dist).filter((file) => file.endsWith('.js'));
if (compiled.sort().join() !== sources.sort().join()) rmSync(dist, { recursive: true, force: true });

// The chat page runs in a browser and knows nothing of Node.
const page = 'src/serve/page';
for (const [project, memory] of [
  [root, '.node.tsbuildinfo'],
  [join(root, page), '.page.tsbuildinfo'],
]) {
  const remember = ['--incremental', '--tsBuildInfoFile', join(dist, memory)];
  const command = [tsc, '-p', project, ...remember];
  const { status } = spawnSync(process.execPath, command, { stdio: 'inherit', cwd: root });
  if (status !== 0) process.exit(status ?? 1);
}
for (const file of ['index.html', 'page.css']) cpSync(join(root, page, file), join(root, 'dist', page, file));
for (const kernels of ['src/device/cpu/kernels', 'src/device/cuda/kernels']) {
  rmSync(join(dist, kernels), { recursive: true, force: true });
  cpSync(join(root, kernels), join(dist, kernels), { recursive: true });
}

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

/** Paths below a folder, none if it does not exist. */
function filesIn(folder) {
  return existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
}
