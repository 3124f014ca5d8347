// The code for products of bytes whose instructions this processor lacks. AVX-VNNI is emulated in another process, and must give
// the bits of the portable code; AVX-512 VNNI must at least compile; SDOT runs under QEMU where that and a cross-compiler are
// installed. q8-products.test.ts compares what the processor has.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { vnniEnvironment } from '../../../test/amx-emulator/build.js';
import { findProgram } from '../../files/working-folder.js';
import { findCompiler } from './compiler.js';
import { processorFlags } from './processor.js';

const isLinuxOnX86 = process.platform === 'linux' && process.arch === 'x64';
const flags = processorFlags();
const kernels = fileURLToPath(new URL('kernels/', import.meta.url));

if (isLinuxOnX86 && flags.has('avx2') && !flags.has('avx_vnni'))
  test('emulated AVX-VNNI has the bits of the portable products of bytes', () => {
    const program = fileURLToPath(new URL('../../../test/vnni-emulator/compare.js', import.meta.url));
    const printed = execFileSync(process.execPath, [program], { env: vnniEnvironment(), encoding: 'utf8' });
    const { compared, executed } = JSON.parse(printed);
    assert.equal(compared, 7);
    assert.ok(executed > 30_000, `${executed} instructions`);
  });

if (isLinuxOnX86 && !flags.has('avx512_vnni'))
  test('the code for AVX-512 VNNI compiles', () => {
    const options = ['-std=c++17', '-O2', '-march=skylake-avx512', '-mavx512vnni', '-w'];
    const [compiler, ...words] = findCompiler().command;
    const command = [...words, ...options, '-S', join(kernels, 'gemm-q8.cc'), '-o', '-'];
    assert.match(execFileSync(compiler, command, { encoding: 'utf8', maxBuffer: 1 << 26 }), /\bvpdpbusd\b/);
  });

const [armCompiler = '', arm = ''] = ['aarch64-linux-gnu-g++', 'qemu-aarch64-static'].map((name) =>
  findProgram(name, process.env),
);
test('SDOT on an emulated Arm processor has the bits of the portable products of bytes', {
  skip: (armCompiler === '' || arm === '') && 'needs aarch64-linux-gnu-g++ and qemu-aarch64-static',
}, () => {
  const driver = fileURLToPath(new URL('../../../../test/device/arm-dots.cc', import.meta.url));
  const sources = ['gemm', 'gemm-q8', 'gemm-bf16-units', 'memory', 'team'];
  const folder = mkdtempSync(join(tmpdir(), 'arm-dots-'));
  try {
    const program = join(folder, 'arm-dots');
    const options = [
      '-std=c++17',
      '-O2',
      '-static',
      '-pthread',
      '-ffp-contract=off',
      '-march=armv8.2-a+dotprod',
    ];
    const files = [driver, ...sources.map((name) => join(kernels, `${name}.cc`))];
    execFileSync(armCompiler, [...options, '-w', `-I${kernels}`, ...files, '-o', program], { stdio: 'pipe' });
    assert.equal(Number(execFileSync(arm, ['-cpu', 'max', program], { encoding: 'utf8' })), 6);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
