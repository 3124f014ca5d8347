// Compiles an emulator of instructions, AMX's or AVX-VNNI's, into the user's cache, under a name that is a hash of its inputs.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findCompiler, runAll } from '../../src/device/cpu/compiler.js';
import { processorFingerprint } from '../../src/device/cpu/processor.js';
import { kernelCacheFolders } from '../../src/files/user-folders.js';

// This file runs as dist/test/amx-emulator/build.js; the sources are not copied there.
const folder = fileURLToPath(new URL('../../../test/', import.meta.url));
const decoder = join(folder, 'amx-emulator/vex.h');
const flags = [
  '-std=c++17',
  '-O2',
  '-march=native',
  '-ffp-contract=off',
  '-fPIC',
  '-shared',
  '-Wall',
  '-Wextra',
];

/** The environment of a process with emulated tiles, whose kernels are compiled with the instructions that are emulated. */
export function amxEnvironment(settings: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { ...process.env, ...emulated('amx', ['-mamx-tile', '-mamx-bf16']), ...settings };
}

/** The same with AVX-VNNI. */
export function vnniEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, ...emulated('vnni', ['-mavxvnni']) };
}

function emulated(instructions: 'amx' | 'vnni', compilerFlags: readonly string[]): NodeJS.ProcessEnv {
  return {
    CXX: [...findCompiler().command, ...compilerFlags].join(' '),
    LD_PRELOAD: emulator(`${instructions}-emulator`),
  };
}

/** The library to preload. */
function emulator(name: string, env: NodeJS.ProcessEnv = process.env): string {
  const source = join(folder, name, 'emulator.cc');
  const { command } = findCompiler(env);
  const inputs = [source, decoder].map((file) => readFileSync(file, 'utf8'));
  const key = createHash('sha256')
    .update(JSON.stringify([inputs, flags, command, processorFingerprint()]))
    .digest('hex')
    .slice(0, 24);
  const [cache = ''] = kernelCacheFolders(env);
  const library = join(cache, `${name}-${key}.so`);
  if (existsSync(library)) return library;
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const build = mkdtempSync(join(cache, `${name}-build-`));
  try {
    const built = join(build, 'emulator.so');
    const failure = runAll([[...command, ...flags, source, '-o', built]], env, build);
    if (failure !== undefined) throw new Error(`the ${name} does not compile: ${failure}`);
    renameSync(built, library);
  } finally {
    rmSync(build, { recursive: true, force: true });
  }
  return library;
}
