// The code for instructions that this processor lacks. Those of AMX's tiles are emulated in another process, and must give the
// bits of the portable tiles; those of AVX-512 BF16 must at least compile; Arm's run under QEMU where that and a cross-compiler
// are installed. bf16-units.test.ts compares what the processor has.

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { amxEnvironment } from '../../../test/amx-emulator/build.js';
import { makeTinyCorpus, makeTinyModel, scratchFolder } from '../../../test/tiny-run.js';
import { findProgram } from '../../files/working-folder.js';
import { findCompiler, kernelLibrary } from './compiler.js';
import { processorFlags } from './processor.js';

const isX86 = process.arch === 'x64';
const lacksAmx = process.platform === 'linux' && isX86 && !processorFlags().has('amx_tile');

/** Runs a program in a process with emulated tiles. */
async function emulated(program: string, words: readonly string[], settings: NodeJS.ProcessEnv = {}) {
  const path = fileURLToPath(new URL(`../../../${program}.js`, import.meta.url));
  return await promisify(execFile)(process.execPath, [path, ...words], { env: amxEnvironment(settings) });
}

async function printed(program: string, settings?: NodeJS.ProcessEnv): Promise<Record<string, unknown>> {
  return JSON.parse((await emulated(`test/amx-emulator/${program}`, [], settings)).stdout);
}

if (lacksAmx) {
  before(() => {
    kernelLibrary({ env: amxEnvironment() });
  });

  test('emulated tiles have the bits of the portable ones', async () => {
    const { compared, attended, executed, configured } = await printed('compare');
    assert.ok(Number(compared) > 300, `${compared} products`);
    assert.equal(attended, 36, 'results of attention');
    assert.ok(Number(executed) > 100 * Number(compared), `${executed} instructions`);
    assert.equal(configured, 0, 'threads whose tiles are still configured');
  });

  test('tiles that are permitted, fast and right are used', async () => {
    const { unit, attention, computes, note, executed } = await printed('choose');
    const chosen = { unit: 'AMX bf16', attention: 'AMX bf16', computes: 'fast', note: null };
    assert.deepEqual({ unit, attention, computes, note }, chosen);
    assert.ok(Number(executed) > 0, `${executed} instructions`);
  });

  test('tiles that Linux refuses are not used, and the note says why', async () => {
    const { unit, computes, note, executed } = await printed('choose', { AMX_EMULATOR_REFUSAL: '1' });
    assert.deepEqual({ unit, computes, executed }, { unit: null, computes: 'slow', executed: 0 });
    assert.match(String(note), /^AMX bf16 is not used: a filter of system calls/);
  });

  test('a run in bf16 without permission for the tiles has one note, and doctor says the same', async () => {
    const root = scratchFolder('amx');
    const model = makeTinyModel(join(root, 'model'));
    const corpus = makeTinyCorpus(join(root, 'corpus.json'));
    const words = ['--device', 'cpu', '--precision', 'bf16', '--dry-run', '--output-dir', join(root, 'out')];
    const refused = { AMX_EMULATOR_REFUSAL: '1', HF_HUB_OFFLINE: '1' };
    const run = await emulated('src/cli/main', ['--model', model, '--data', corpus, ...words], refused);
    const cause =
      /AMX bf16 is not used: a filter of system calls, .*; bf16 is widened: saves memory, not time/g;
    assert.equal(run.stderr.match(cause)?.length, 1, run.stderr);
    const doctor = await emulated('src/cli/main', ['doctor'], refused);
    assert.equal(doctor.stdout.match(cause)?.length, 1, doctor.stdout);
  });
}

if (isX86 && !processorFlags().has('avx512_bf16'))
  test('the code for AVX-512 BF16 compiles', () => {
    const source = fileURLToPath(new URL('kernels/gemm-bf16-units.cc', import.meta.url));
    const flags = [
      '-std=c++17',
      '-O2',
      '-march=skylake-avx512',
      '-mavx512bf16',
      '-Wall',
      '-Wextra',
      '-Werror',
    ];
    const command = [...findCompiler().command, ...flags, '-S', source, '-o', '-'];
    const assembly = execFileSync(command[0] ?? '', command.slice(1), { encoding: 'utf8' });
    assert.equal(assembly.match(/\bvdpbf16ps\b/g)?.length, 16, 'eight rows times two vectors of columns');
  });

const [armCompiler = '', arm = ''] = ['aarch64-linux-gnu-g++', 'qemu-aarch64-static'].map((name) =>
  findProgram(name, process.env),
);
test('BFMMLA on an emulated Arm processor rounds like the portable squares', {
  skip: (armCompiler === '' || arm === '') && 'needs aarch64-linux-gnu-g++ and qemu-aarch64-static',
}, () => {
  const kernels = fileURLToPath(new URL('kernels/', import.meta.url));
  const driver = fileURLToPath(new URL('../../../../test/device/arm-units.cc', import.meta.url));
  const sources = readdirSync(kernels).filter((name) => /^(attention.*|gemm-bf16.*|team)\.cc$/.test(name));
  const folder = mkdtempSync(join(tmpdir(), 'arm-units-'));
  try {
    const program = join(folder, 'arm-units');
    const flags = ['-std=c++17', '-O2', '-static', '-pthread', '-ffp-contract=off', '-march=armv8.2-a+bf16'];
    const files = [driver, ...sources.map((name) => join(kernels, name))];
    execFileSync(armCompiler, [...flags, '-w', `-I${kernels}`, ...files, '-o', program], { stdio: 'pipe' });
    const compared = execFileSync(arm, ['-cpu', 'max', program], { encoding: 'utf8' });
    assert.equal(compared.trim(), '144 6', 'products, and results of attention');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
