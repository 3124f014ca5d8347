// Training in half precision on the CUDA device: how close it stays to float32, that fp16 finds its loss scale without
// losing anything, and that the same seed gives the same bits. On the emulated card, or on a real one that
// CHATBOT_TRAIN_TEST_DEVICE names.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Device, Precision } from '../src/device/device.js';
import { selectDevice } from '../src/device/select.js';
import { GPT2 } from '../src/nn/gpt2.js';
import { parseGPT2Config } from '../src/nn/gpt2-config.js';
import { TrainingPass } from '../src/nn/training-pass.js';
import { AdamW, type LossScale } from '../src/train/optimizer.js';
import { askedOfDevice } from './asked-of-device.js';
import { createEmulatedDevice } from './cuda-emulator/device.js';
import { goldenBatch, goldenWeights } from './golden-model.js';
import { repositoryRoot } from './repository.js';

const folder = join(repositoryRoot, 'test/goldens/gpt2');
interface Golden {
  readonly config: Record<string, unknown>;
  readonly names: readonly string[];
  readonly lengths: readonly (readonly number[])[];
}

const golden: Golden = JSON.parse(readFileSync(join(folder, 'plain.json'), 'utf8'));
const config = parseGPT2Config(golden.config, 'plain');
const batch = goldenBatch(golden.lengths[0] ?? [], config.vocabSize, 100);
const settings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1, maxGradNorm: 1 };
const scale = 1 / batch.targets.length;

const devices: Device[] = [];
after(() => {
  for (const device of devices) device.dispose();
});

async function open(name?: 'cpu'): Promise<Device> {
  const real = process.env.CHATBOT_TRAIN_TEST_DEVICE;
  const wanted = name ?? (real === 'cpu' ? undefined : real);
  const device = wanted === undefined ? createEmulatedDevice() : await selectDevice(wanted, { threads: 2 });
  devices.push(device);
  return device;
}

/**
 * The golden model with an optimizer.
 * @param dropout replaces the golden model's 0
 */
function learner(device: Device, precision: Precision, dropout = 0, lossScale?: LossScale) {
  const shape = { ...config, embdPdrop: dropout, attnPdrop: dropout, residPdrop: dropout };
  const model = new GPT2(device, shape, { trainable: true, precision });
  const { parameters } = model;
  golden.names.forEach((name, index) => {
    parameters.load(device, name, goldenWeights(name, parameters.get(name).value.size, index + 1));
  });
  const optimizer = new AdamW(device, parameters, settings);
  optimizer.restore(0, lossScale);
  const pass = new TrainingPass(model, {
    capacity: batch.tokens.length,
    gradientCheckpointing: false,
    labelSmoothing: 0,
    lossScale: optimizer.lossScale,
  });
  const step = (microStep: number) => {
    device.fill(pass.lossSum, 0);
    pass.accumulate(batch, scale, { seed: 5n, microStep });
    const loss = (device.download(pass.lossSum)[0] ?? Number.NaN) * scale;
    return { loss, ...optimizer.update(1e-3).wait() };
  };
  const masters = () => device.download(parameters.values);
  return { model, pass, optimizer, step, masters };
}

test('the losses of 200 steps in bf16 are within 1% of those in float32', async () => {
  const [half, full] = [learner(await open(), 'bf16'), learner(await open('cpu'), 'fp32')];
  for (let step = 0; step < 200; step++) {
    const [loss, exact] = [half.step(step).loss, full.step(step).loss];
    assert.ok(Math.abs(loss / exact - 1) < 0.01, `step ${step}: ${loss} and ${exact}`);
  }
});

test('fp16 halves a loss scale that overflows, skips the step and loses nothing', async () => {
  const device = await open();
  const { optimizer, step, masters } = learner(device, 'fp16', 0, { scale: 2 ** 30, updates: 7 });
  const before = masters();
  const skipped = step(0);
  assert.ok(Number.isFinite(skipped.loss) && !Number.isFinite(skipped.norm));
  assert.equal(skipped.updates, 0);
  assert.deepEqual(optimizer.readLossScale(), { scale: 2 ** 29, updates: 0 });
  assert.deepEqual(masters(), before);
  let next = skipped;
  for (let tries = 0; tries < 40 && next.updates === 0; tries++) next = step(0);
  assert.equal(next.updates, 1);
  assert.equal(next.loss, skipped.loss);

  // From here on, the run equals one that starts with the right scale.
  const found = optimizer.readLossScale();
  assert.ok(found);
  const other = learner(await open(), 'fp16', 0, { scale: found.scale, updates: 0 });
  assert.deepEqual(other.step(0), next);
  assert.deepEqual(other.masters(), masters());
});

test('a captured step makes a few transfers and replays two graphs', async () => {
  const device = await open();
  const { step } = learner(device, 'bf16', 0.1);
  for (const microStep of [0, 1]) step(microStep);
  const { counts } = askedOfDevice(device, () => step(2));
  // Uploads: the batch with its scale, and the learning rate. The sum of losses is set to 0 and read.
  assert.deepEqual(counts, { upload: 3, replay: 2, fill: 1, download: 1, fetch: 1 });
});

test('the same seed gives the same bits, another seed gives others', async () => {
  const run = async (first: number) => {
    const { step, masters } = learner(await open(), 'bf16', 0.1);
    const reports = [0, 1, 2, 3].map((microStep) => step(first + microStep));
    return { reports, masters: masters() };
  };
  const [once, again, other] = [await run(0), await run(0), await run(100)];
  assert.deepEqual(again, once);
  assert.notDeepEqual(other, once);
});
