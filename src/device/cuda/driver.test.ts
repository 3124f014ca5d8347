// Which of several drivers is used. A toolkit's stub is a library whose functions all return 34.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { emulatorFolder } from '../../../test/cuda-emulator/build.js';
import { findCompiler } from '../cpu/compiler.js';
import { openDriver } from './driver.js';
import { driverSignatures } from './driver-calls.js';
import { CudaUnavailable } from './errors.js';
import { findLibrary } from './libraries.js';

const root = mkdtempSync(join(tmpdir(), 'driver-'));
after(() => rmSync(root, { recursive: true }));

/** A folder with a libcuda whose functions all return the given status. */
function driverThatSays(status: number): string {
  const folder = mkdtempSync(join(root, 'stub-'));
  const source = join(folder, 'stub.cc');
  const names = Object.keys(driverSignatures);
  writeFileSync(source, names.map((name) => `extern "C" int ${name}() { return ${status}; }\n`).join(''));
  const [program, ...rest] = findCompiler().command;
  const words = [
    ...rest,
    '-shared',
    '-fPIC',
    '-Wl,-soname,libcuda.so.1',
    source,
    '-o',
    join(folder, 'libcuda.so.1'),
  ];
  assert.equal(spawnSync(program, words).status, 0);
  return folder;
}

function loadedLibraries(): string {
  return readFileSync('/proc/self/maps', 'utf8');
}

test('a driver that is itself unusable is unloaded, and the next one is tried', () => {
  const stub = driverThatSays(34);
  const env = { LD_LIBRARY_PATH: [stub, driverThatSays(803), emulatorFolder()].join(':') };
  const driver = openDriver(env);
  assert.equal(driver.path, join(emulatorFolder(), 'libcuda.so.1'));
  assert.equal(driver.deviceCount(), 1);
  assert.ok(!loadedLibraries().includes(stub));
});

test('if no driver starts, an error about the machine is preferred to one about a file', {
  skip:
    findLibrary('libcuda', { env: {} }) !== undefined &&
    'the driver of this machine comes last, and may start',
}, () => {
  const of = (...statuses: number[]) => {
    const env = { LD_LIBRARY_PATH: statuses.map(driverThatSays).join(':') };
    try {
      openDriver(env);
    } catch (thrown) {
      assert.ok(thrown instanceof CudaUnavailable);
      return thrown.reason;
    }
    return assert.fail('a stub is no driver');
  };
  assert.match(of(34), /^the libcuda\.so\.1 found is the toolkit's stub/);
  assert.match(of(34, 100), /^the NVIDIA driver sees no GPU/);
  assert.match(of(804, 34), /^the NVIDIA driver is too old for the compatibility libraries/);
});
