// Runs every compiled *.test.js under dist/ with Node's test runner, one file per core at a time. It lists the files itself
// because the runner of Node 20 does not accept globs.
// Files named *.heavy.test.js are slow or need more than Node and a compiler: they run with --all, or when named.
// With --no-skips a skipped test is a failure: for machines that have everything the tests need.
// With --timings it lists the files whose tests take longest. The start of their processes is not counted.
// Light files share a process (test-groups.mjs), except when parts of paths are given.
//   usage: node scripts/test.mjs [--all] [--no-skips] [--timings] [part of a path ...]
import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { inGroups } from './test-groups.mjs';
import { startWarmPython } from './warm-python.mjs';

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

/** The test files to start, with light ones in groups. */
function groupedFiles() {
  const folder = mkdtempSync(join(tmpdir(), 'test-groups-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return inGroups(files, join(root, 'dist'), folder);
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
const { CHATBOT_TRAIN_PYTHON: python, VIRTUAL_ENV: environment } = process.env;
if (
  python !== undefined &&
  files.filter((file) => readFileSync(file, 'utf8').includes('transformers import')).length > 1
) {
  // Tests that look for libraries of NVIDIA in the environment of Python.
  process.env.VIRTUAL_ENV = environment ?? dirname(dirname(resolve(python)));
  process.env.CHATBOT_TRAIN_PYTHON = startWarmPython(python);
}
await compileWhatIsShared();
const started = wanted.length > 0 ? files : groupedFiles();
const milliseconds = new Map();
const skipped = [];
process.on('exit', () => {
  if (skipped.length === 0) return;
  console.error(`skipped, although --no-skips was given:\n${skipped.join('\n')}`);
  process.exitCode = 1;
});
const addTime = ({ file, nesting, details }) => {
  if (nesting === 0) milliseconds.set(file, (milliseconds.get(file) ?? 0) + details.duration_ms);
};
process.on('exit', () => {
  if (!process.argv.includes('--timings')) return;
  const slowest = [...milliseconds].sort(([, a], [, b]) => b - a).slice(0, 40);
  for (const [file, time] of slowest)
    console.log(`${(time / 1000).toFixed(1).padStart(6)} s  ${relative(root, file ?? '')}`);
});
run({ files: started, concurrency: availableParallelism() })
  .on('test:fail', (event) => {
    addTime(event);
    if (/\.test\.mjs$/.test(event.name))
      console.error(`a process of these files has failed:\n${readFileSync(event.name, 'utf8')}`);
    process.exitCode = 1;
  })
  .on('test:pass', (event) => {
    addTime(event);
    const { name, file, skip } = event;
    if (skip !== undefined && skipsFail) skipped.push(`${name} (${file}): ${skip}`);
  })
  .compose(new spec())
  .pipe(process.stdout);
