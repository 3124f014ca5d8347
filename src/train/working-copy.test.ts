// Training in bf16 without a working copy of the matrices, which the CPU rounds as it reads them: losses, weights and replies are
// those of a model with a working copy, bit for bit, and the run takes less memory.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goldenBatch, goldenWeights } from '../../test/golden-model.js';
import { tinyConfig } from '../../test/tiny-run.js';
import { createCpuDevice } from '../device/cpu/cpu-device.js';
import type { Device } from '../device/device.js';
import { planMemory } from '../device/memory-plan.js';
import { DecodingPass } from '../nn/decoding-pass.js';
import { GPT2 } from '../nn/gpt2.js';
import { expectedTensors } from '../nn/gpt2-config.js';
import { TrainingPass } from '../nn/training-pass.js';
import { buildLearner } from './learner.js';
import { AdamW } from './optimizer.js';

const settings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1, maxGradNorm: 1 };
const passOptions = { capacity: 64, gradientCheckpointing: false, labelSmoothing: 0 };

/** Loss sums, the final weights, and logits after a prompt and after one more token. */
function run(device: Device, rounds: boolean) {
  const model = new GPT2(device, tinyConfig, { trainable: true, precision: 'bf16', rounds });
  const optimizer = new AdamW(device, model.parameters, settings);
  const pass = new TrainingPass(model, passOptions);
  const decoder = new DecodingPass(model, { sequences: 1, contextLength: 32 });
  expectedTensors(tinyConfig).forEach(({ name }, stream) => {
    model.parameters.load(
      device,
      name,
      goldenWeights(name, model.parameters.get(name).value.size, stream + 1),
    );
  });
  optimizer.restore(0);
  const losses: number[] = [];
  for (let step = 0; step < 3; step++) {
    for (const batch of [
      goldenBatch([30, 20], tinyConfig.vocabSize, 1),
      goldenBatch([40], tinyConfig.vocabSize, 9),
    ])
      pass.accumulate(batch, 0.01, { seed: 3n, microStep: step });
    optimizer.update(1e-2).wait();
    losses.push(device.download(pass.lossSum)[0] ?? Number.NaN);
  }
  const logits = [[1, 2, 3], Array.from({ length: 20 }, (_, at) => at)].map((prompt) => {
    decoder.rewind(0);
    return [[...decoder.prompt(prompt)], [...decoder.advance([5])]];
  });
  const weights = Array.from(model.parameters, ({ master }) => [...device.download(master)]);
  return { losses, weights, logits };
}

test('a model without a working copy of its matrices computes the same bits', () => {
  const device = createCpuDevice({ threads: 2 });
  try {
    assert.deepEqual(run(device, true), run(device, false));
  } finally {
    device.dispose();
  }
});

test('in bf16, a run on the CPU takes no memory for a working copy of the matrices', () => {
  const device = createCpuDevice({ threads: 1 });
  try {
    const options = { ...settings, ...passOptions, samples: false };
    const plan = planMemory(device, (counting) => {
      buildLearner(counting, tinyConfig, { ...options, precision: 'bf16' });
    });
    const masters = plan.get('master weights') ?? 0;
    const copied = plan.get('weights') ?? 0;
    assert.ok(masters > 0 && copied < masters / 20, `${copied} bytes beside ${masters}`);
  } finally {
    device.dispose();
  }
});
