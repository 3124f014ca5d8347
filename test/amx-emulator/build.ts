// Compiles the AMX emulator into the user's cache, under a name that is a hash of its inputs.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findCompiler, runAll } from '../../src/device/cpu/compiler.js';
import { processorFingerprint } from '../../src/device/cpu/processor.js';
import { kernelCacheFolders } from '../../src/files/user-folders.js';

// This file runs as dist/test/amx-emulator/build.js; the source is not copied there.
const source = fileURLToPath(new URL('../../../test/amx-emulator/emulator.cc', import.meta.url));
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
  const CXX = [...findCompiler().command, '-mamx-tile', '-mamx-bf16'].join(' ');
  return { ...process.env, CXX, LD_PRELOAD: amxEmulator(), ...settings };
}

/** The library to preload. */
function amxEmulator(env: NodeJS.ProcessEnv = process.env): string {
  const { command } = findCompiler(env);
  const key = createHash('sha256')
    .update(JSON.stringify([readFileSync(source, 'utf8'), flags, command, processorFingerprint()]))
    .digest('hex')
    .slice(0, 24);
  const [cache = ''] = kernelCacheFolders(env);
  const library = join(cache, `amx-emulator-${key}.so`);
  if (existsSync(library)) return library;
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const build = mkdtempSync(join(cache, 'amx-emulator-build-'));
  try {
    const built = join(build, 'emulator.so');
    const failure = runAll([[...command, ...flags, source, '-o', built]], env, build);
    if (failure !== undefined) throw new Error(`the AMX emulator does not compile: ${failure}`);
    renameSync(built, library);
  } finally {
    rmSync(build, { recursive: true, force: true });
  }
  return library;
}
