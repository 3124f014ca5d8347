// Runs every compiled *.test.js under dist/ with Node's test runner, one file per core at a time. It lists the files itself
// because the runner of Node 20 does not accept globs.
// Files named *.heavy.test.js are slow or need more than Node and a compiler: they run with --all, or when named.
// With --no-skips a skipped test is a failure: for machines that have everything the tests need.
//   usage: node scripts/test.mjs [--all] [--no-skips] [part of a path ...]
import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Compiles the CPU kernels and the CUDA emulator once. Otherwise many test files would compile them at the same time. */
async function compileWhatIsShared() {
  const { kernelLibrary } = await import('../dist/src/device/cpu/compiler.js');
  const { emulatorFolder } = await import('../dist/test/cuda-emulator/build.js');
  try {
    kernelLibrary();
    emulatorFolder();
  } catch {
    // The tests that need them report the error.
  }
}

/**
 * A temporary folder in memory for the tests, if there is enough of it: the programs flush every file that they write, and
 * on a busy disk the tests would mostly wait for that. Compiled kernels are executed from temporary folders.
 * @returns null to use the usual one.
 */
function folderInMemory() {
  const memory = '/dev/shm';
  try {
    const mount = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
      .findLast(([, place]) => place === memory);
    if (mount?.[2] !== 'tmpfs' || mount[3].split(',').includes('noexec')) return null;
    const { bavail, bsize } = statfsSync(memory);
    if (bavail * bsize < 2 ** 31) return null;
    accessSync(memory, constants.W_OK);
    return mkdtempSync(join(memory, 'tests-'));
  } catch {
    return null;
  }
}

if (!process.execArgv.includes('--enable-source-maps')) {
  // The runner starts each test file with its own flags.
  const command = ['--enable-source-maps', ...process.argv.slice(1)];
  const temporary = process.env.TMPDIR === undefined ? folderInMemory() : null;
  const env = temporary === null ? process.env : { ...process.env, TMPDIR: temporary };
  // Ctrl+C ends the tests, and this process removes their folder.
  process.on('SIGINT', () => {});
  const { status } = spawnSync(process.execPath, command, { stdio: 'inherit', env });
  if (temporary !== null) rmSync(temporary, { recursive: true, force: true });
  process.exit(status ?? 1);
}
process.chdir(root);
const all = process.argv.includes('--all');
const skipsFail = process.argv.includes('--no-skips');
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'));
// In reverse order, the slow files in test/ come first, and the short ones of bench/ to corpus/ fill the cores at the end.
const files = readdirSync('dist', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.js'))
  .filter((file) =>
    wanted.length > 0 ? wanted.some((part) => file.includes(part)) : all || !file.includes('.heavy.'),
  )
  .map((file) => join(root, 'dist', file))
  .sort()
  .reverse();
if (files.length === 0) {
  console.error(`no test file matches ${wanted.join(', ')}`);
  process.exit(1);
}
await compileWhatIsShared();
const skipped = [];
process.on('exit', () => {
  if (skipped.length === 0) return;
  console.error(`skipped, although --no-skips was given:\n${skipped.join('\n')}`);
  process.exitCode = 1;
});
run({ files, concurrency: availableParallelism() })
  .on('test:fail', () => {
    process.exitCode = 1;
  })
  .on('test:pass', ({ name, file, skip }) => {
    if (skip !== undefined && skipsFail) skipped.push(`${name} (${file}): ${skip}`);
  })
  .compose(new spec())
  .pipe(process.stdout);
