// DialoGPT-small's shape with fresh weights, ready to train: the same learner that a run of the product builds, with
// the settings that the peers have.

import { Random } from '../src/corpus/random.js';
import { type CpuDevice, createCpuDevice } from '../src/device/cpu/cpu-device.js';
import { presetConfig } from '../src/nn/gpt2-config.js';
import { initializeWeights } from '../src/nn/initialize.js';
import { buildLearner, type Learner } from '../src/train/learner.js';

export interface SmallLearner extends Learner {
  readonly device: CpuDevice;
}

/** @param capacity the most tokens of a micro-batch. */
export function smallLearner(capacity: number, threads: number): SmallLearner {
  const device = createCpuDevice({ threads });
  const learner = buildLearner(device, presetConfig('small', 50257), {
    precision: 'fp32',
    capacity,
    gradientCheckpointing: false,
    labelSmoothing: 0,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0.01,
    maxGradNorm: 1,
    samples: false,
  });
  const random = new Random(1);
  initializeWeights(learner.model, () => random.next() / 2 ** 32);
  return { ...learner, device };
}
