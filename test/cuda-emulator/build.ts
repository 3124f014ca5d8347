// Compiles the CUDA emulator: replacements for the libraries of a machine with an NVIDIA card, for tests on a machine
// without one. They are built once into the user's cache, under a name that is a hash of their inputs. The libraries
// find everything they need to compile kernels in the same folder.

import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findCompiler, runAll } from '../../src/device/cpu/compiler.js';
import { processorFingerprint } from '../../src/device/cpu/processor.js';
import { kernelCacheFolders } from '../../src/files/user-folders.js';

// This file runs as dist/test/cuda-emulator/build.js; the sources are not copied there.
const sources = fileURLToPath(new URL('../../../test/cuda-emulator/', import.meta.url));

const nativeFlag = process.arch === 'arm64' ? '-mcpu=native' : '-march=native';
const common = [
  '-std=c++20',
  '-O2',
  nativeFlag,
  // With _FORTIFY_SOURCE, longjmp refuses to leave a fiber.
  '-U_FORTIFY_SOURCE',
  '-fPIC',
  '-fvisibility=hidden',
  '-fno-strict-aliasing',
  '-Wall',
  '-Wextra',
];
const shared = [...common, '-shared', '-Wl,-z,defs'];
/**
 * Flags for kernels. Every load and store is reported to the emulator: the sanitizers' instrumentation is used without
 * the sanitizers' own libraries. Without the compiler's start files, .bss contains nothing but shared memory. As on a
 * card, multiplications and additions may be fused.
 */
const moduleFlags = [
  ...['-std=c++20', '-O2', nativeFlag, '-g1', '-w', '-fPIC', '-fvisibility=hidden'],
  ...['-fno-strict-aliasing', '-fno-exceptions', '-fno-rtti', '-fno-math-errno', '-fno-tree-vectorize'],
  ...[
    '-fno-threadsafe-statics',
    '-fno-asynchronous-unwind-tables',
    '-fcf-protection=none',
    '-fno-stack-protector',
  ],
];
const instrumentation = [
  ...['-fsanitize=thread', '-fsanitize=alignment,bounds', '-fno-sanitize-recover=all'],
  '--param=tsan-instrument-func-entry-exit=0',
];
/** The folder, beside the libraries, with the same libraries as CUDA 12. */
const cuda12 = 'cuda-12';
const driverUnits = [
  ...['driver', 'contexts', 'memory-calls', 'module-calls', 'stream-calls', 'error-names'],
  ...['memory', 'streams'],
];
const headers = ['prelude.h', 'builtin-types.h', 'ptx.h', 'threads.h'];

/**
 * The folder with libcuda.so.1, libnvrtc.so.13 and libcublasLt.so.13, for CHATBOT_TRAIN_CUDA_LIBRARIES. The libraries
 * are compiled on first use, which takes about ten seconds.
 */
export function emulatorFolder(env: NodeJS.ProcessEnv = process.env): string {
  const compiler = findCompiler(env);
  const names = readdirSync(sources)
    .filter((name) => /\.(cc|h)$/.test(name))
    .sort();
  const content = names.map((name) => [name, readFileSync(join(sources, name), 'utf8')]);
  const flags = [moduleFlags, instrumentation, common];
  const key = createHash('sha256')
    .update(JSON.stringify([content, flags, cuda12, compiler, processorFingerprint()]))
    .digest('hex')
    .slice(0, 24);
  const [cache = ''] = kernelCacheFolders(env);
  const folder = join(cache, `cuda-emulator-${key}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const build = mkdtempSync(join(cache, 'cuda-emulator-build-'));
  compileInto(build, compiler.command, env);
  try {
    renameSync(build, folder);
  } catch (thrown) {
    // Another test has built it in the meantime.
    rmSync(build, { recursive: true, force: true });
    if (!existsSync(folder)) throw thrown;
  }
  return folder;
}

/** The same for the libraries of CUDA 12, with CUDA_EMULATOR_NVRTC_VERSION=12.*, which cards before Turing need. */
export function emulatorFolderOfCuda12(env: NodeJS.ProcessEnv = process.env): string {
  return join(emulatorFolder(env), cuda12);
}

function compileInto(folder: string, compiler: readonly string[], env: NodeJS.ProcessEnv): void {
  const source = (name: string) => join(sources, name);
  const output = (name: string) => join(folder, name);
  const library = (name: string, units: readonly string[], ...flags: readonly string[]) => [
    ...[...compiler, ...shared, ...flags, `-Wl,-soname,${name}`],
    ...[...units.map((unit) => source(`${unit}.cc`)), '-ldl', '-o', output(name)],
  ];
  const failure = runAll(
    [
      library('libcuda.so.1', driverUnits),
      library('libnvrtc.so.13', ['nvrtc', 'translate']),
      library('libcublasLt.so.13', ['cublaslt', 'products', 'numbers'], '-O3'),
      ...['simt', 'warp', 'ptx', 'numbers'].map((unit) => [
        ...[...compiler, ...common, '-fno-stack-protector', '-c'],
        ...[source(`${unit}.cc`), '-o', output(`${unit}.o`)],
      ]),
    ],
    env,
    folder,
  );
  if (failure !== undefined) throw new Error(`the CUDA emulator does not compile: ${failure}`);
  mkdirSync(output('include'));
  for (const header of headers) copyFileSync(source(header), join(folder, 'include', header));
  writeFileSync(output('compiler'), compiler.join(' '));
  writeFileSync(output('module-flags'), [...moduleFlags, ...instrumentation].join(' '));
  const files = readdirSync(folder);
  mkdirSync(output(cuda12));
  for (const name of files)
    symlinkSync(join('..', name), join(output(cuda12), name.replace(/\.so\.13$/, '.so.12')));
}
