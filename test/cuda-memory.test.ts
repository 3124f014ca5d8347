// The memory of a run on the CUDA device: the plan matches what the driver counts, on the emulated card, and the plan
// for DialoGPT-medium stays within its limits.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { CudaDevice } from '../src/device/cuda/cuda-device.js';
import type { Device, Precision } from '../src/device/device.js';
import { planMemory, totalBytes } from '../src/device/memory-plan.js';
import { type GPT2Config, presetConfig } from '../src/nn/gpt2-config.js';
import { buildLearner, type Learner } from '../src/train/learner.js';
import { createEmulatedDevice } from './cuda-emulator/device.js';
import { goldenBatch } from './golden-model.js';
import { tinyConfig } from './tiny-run.js';

interface Shape {
  readonly precision: Precision;
  readonly config: GPT2Config;
  /** Tokens per batch. */
  readonly capacity: number;
  readonly gradientCheckpointing: boolean;
}

const build = (device: Device, { config, ...options }: Shape): Learner =>
  buildLearner(device, config, {
    ...{ ...options, labelSmoothing: 0.1, samples: true },
    ...{ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1, maxGradNorm: 1 },
  });

let device: CudaDevice;
before(() => {
  device = createEmulatedDevice();
});
after(() => device.dispose());

const planned = (shape: Shape) => planMemory(device, (counting) => build(counting, shape));

describe('the memory of a run is within 3% of its plan', () => {
  const odd = { nEmbd: 40, nInner: 51, tieWordEmbeddings: false, vocabSize: 2001 };
  const shapes: readonly Shape[] = [
    {
      ...{ precision: 'bf16', capacity: 8704, gradientCheckpointing: false },
      config: { ...tinyConfig, nEmbd: 64, nInner: 256, vocabSize: 5003 },
    },
    {
      ...{ precision: 'fp16', capacity: 20_000, gradientCheckpointing: true },
      config: { ...tinyConfig, nEmbd: 64, nInner: 256, nLayer: 4, nHead: 4 },
    },
    {
      ...{ precision: 'fp32', capacity: 9001, gradientCheckpointing: false },
      config: { ...tinyConfig, ...odd },
    },
  ];
  // The card rounds large allocations up to pages of 2 MiB. These shapes have many tensors that would each fill part of
  // one.
  for (const shape of shapes)
    test(`${shape.precision}, room for ${shape.capacity} tokens`, () => {
      const plan = totalBytes(planned(shape));
      const inUse = device.memoryInUse();
      device.reserve(plan);
      const { pass, optimizer, decoder } = build(device, shape);
      optimizer.restore(0);
      const batch = goldenBatch(new Array<number>(15).fill(8), shape.config.vocabSize, 1);
      // Twice, because the second call is captured into a graph.
      for (const microStep of [0, 1]) {
        pass.accumulate(batch, 1e-3, { seed: 1n, microStep });
        pass.evaluate(batch);
        optimizer.update(1e-3).wait();
      }
      decoder?.prompt([1, 2, 3]);
      decoder?.advance([4]);
      const taken = (device.memoryInUse() - inUse) / plan;
      assert.ok(Math.abs(taken - 1) < 0.03, `${taken} of the plan, ${plan} bytes`);
    });
});

for (const [gradientCheckpointing, most] of [
  [false, 11e9],
  [true, 8.5e9],
] as const)
  test(`DialoGPT-medium, 8 x 512 tokens, bf16${gradientCheckpointing ? ', recomputed' : ''}: at most ${most / 1e9} GB`, () => {
    const config = presetConfig('medium', 50257);
    const plan = planned({ precision: 'bf16', config, capacity: 8 * 512, gradientCheckpointing });
    const bytes = totalBytes(plan) + totalBytes(device.ownMemory());
    assert.ok(bytes < most, `${bytes}`);
  });
