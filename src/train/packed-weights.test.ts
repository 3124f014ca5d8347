// Training with weights that stay packed between products: when a run keeps them, how often they are packed, and that no number
// changes. On the portable unit, because only a unit for bf16 multiplies packed matrices.

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { deviceOnTiles, kernels } from '../../test/device/portable-tiles.js';
import { goldenBatch, goldenWeights } from '../../test/golden-model.js';
import { tinyConfig } from '../../test/tiny-run.js';
import type { Device } from '../device/device.js';
import { totalBytes } from '../device/memory-plan.js';
import { expectedTensors } from '../nn/gpt2-config.js';
import { buildLearner } from './learner.js';
import { runMemory, withPackedWeights } from './plan.js';

function onDevice<Result>(body: (device: Device) => Result, unit: 'AMX bf16' | null = 'AMX bf16'): Result {
  const device = deviceOnTiles(unit);
  try {
    return body(device);
  } finally {
    device.dispose();
  }
}

const options = {
  precision: 'bf16' as const,
  ...{ capacity: 64, gradientCheckpointing: false, labelSmoothing: 0, samples: false },
  ...{ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1, maxGradNorm: 1 },
};
/** The linear layers of two blocks, and the head. */
const matrices = 2 * 4 + 1;
const [microBatches, steps] = [2, 2];

/** Loss sums and the final weights of a short run: steps with an evaluation between, and weights loaded anew. */
function run(packedWeights: boolean, gradientCheckpointing: boolean) {
  return onDevice((device) => {
    const learner = buildLearner(device, tinyConfig, { ...options, gradientCheckpointing, packedWeights });
    const { model, pass, optimizer } = learner;
    const load = (scale: number) =>
      expectedTensors(tinyConfig).forEach(({ name }, stream) => {
        const { size } = model.parameters.get(name).value;
        const values = goldenWeights(name, size, stream + 1).map((value) => value * scale);
        model.parameters.load(device, name, values);
      });
    load(1);
    optimizer.restore(0);
    const [first, second] = [
      goldenBatch([30, 20], tinyConfig.vocabSize, 1),
      goldenBatch([40], tinyConfig.vocabSize, 9),
    ];
    const losses: number[] = [];
    const step = (number: number) => {
      for (const batch of [first, second]) pass.accumulate(batch, 0.01, { seed: 3n, microStep: number });
      optimizer.update(1e-2).wait();
      losses.push(device.download(pass.lossSum)[0] ?? Number.NaN);
    };
    const counted = mock.method(kernels, 'matmul_bf16_by_f32');
    for (let number = 0; number < steps; number++) step(number);
    counted.mock.restore();
    pass.evaluate(second);
    load(0.5);
    step(steps);
    pass.evaluate(first);
    losses.push(device.download(pass.lossSum)[0] ?? Number.NaN);
    // The last two parameters of a call are the memory of the packed form, and whether it holds it already.
    const calls = counted.mock.calls.map(({ arguments: given }) => given.slice(-2));
    const packings = calls.filter(([memory, isPacked]) => memory !== undefined && isPacked === 0);
    const weights = Array.from(model.parameters, ({ master }) => [...device.download(master)]);
    return { losses, weights, packings: packings.length };
  });
}

test('a run has the same losses and weights, and packs a matrix once a step for each order', () => {
  for (const checkpointing of [false, true]) {
    const { packings: none, ...expected } = run(false, checkpointing);
    const { packings, ...given } = run(true, checkpointing);
    assert.deepEqual(given, expected);
    assert.deepEqual([none, packings], [0, 2 * matrices * steps]);
  }
});

/** The bytes that a run takes in addition when it keeps packed weights. */
function added(microBatches: number, gradientCheckpointing: boolean, unit: 'AMX bf16' | null = 'AMX bf16') {
  return onDevice((device) => {
    const wanted = { ...options, gradientCheckpointing };
    const [plain, packed] = [wanted, withPackedWeights(device, tinyConfig, wanted, microBatches)].map(
      (learning) => runMemory(device, tinyConfig, learning),
    );
    assert.ok(plain && packed);
    const bytes = totalBytes(packed) - totalBytes(plain);
    assert.equal(packed.get('packed weights') ?? 0, bytes);
    return bytes;
  }, unit);
}

test('packed weights are kept, and are part of the plan, where a step has several micro-batches', () => {
  const { nEmbd, nInner, nLayer, vocabSize } = tinyConfig;
  const layers = nLayer * (4 * nEmbd * nEmbd + 2 * nEmbd * nInner);
  const bytes = 2 * 2 * (layers + Math.ceil(vocabSize / 32) * 32 * nEmbd);
  assert.equal(added(1, false), 0);
  assert.equal(added(1, true), 0);
  assert.equal(added(microBatches, false), bytes);
  assert.equal(added(microBatches, true), bytes);
  assert.equal(added(microBatches, true, null), 0, 'where operands are widened');
});

test('packed weights are left out where they do not fit', () => {
  onDevice((device) => {
    const needed = totalBytes(runMemory(device, tinyConfig, options));
    const small: Device = Object.create(device, { availableMemory: { value: () => needed + 1000 } });
    assert.equal(withPackedWeights(small, tinyConfig, options, microBatches), options);
  });
});
