// A model's shape with fresh weights, ready to train: the same learner that a run of the product builds, with the
// settings that the peers have.

import { Random } from '../src/corpus/random.js';
import type { Device, Precision } from '../src/device/device.js';
import { presetConfig } from '../src/nn/gpt2-config.js';
import { initializeWeights } from '../src/nn/initialize.js';
import { buildLearner, type Learner } from '../src/train/learner.js';

export interface LearnerShape {
  /** A preset: `small`, `medium`. */
  readonly model: string;
  readonly precision: Precision;
  /** The most tokens of a micro-batch. */
  readonly capacity: number;
  readonly gradientCheckpointing?: boolean;
}

/** What builds the learner on a device, or counts its memory on a plan's. */
export function learnerPlan(shape: LearnerShape): (device: Device) => Learner {
  const { model, precision, capacity, gradientCheckpointing = false } = shape;
  return (device) =>
    buildLearner(device, presetConfig(model, 50257), {
      capacity,
      precision,
      gradientCheckpointing,
      labelSmoothing: 0,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 0.01,
      maxGradNorm: 1,
      samples: false,
    });
}

/** Fresh weights, always the same. */
export function initializeLearner(learner: Learner): Learner {
  const random = new Random(1);
  initializeWeights(learner.model, () => random.next() / 2 ** 32);
  learner.optimizer.restore(0);
  return learner;
}

export function freshLearner(device: Device, shape: LearnerShape): Learner {
  return initializeLearner(learnerPlan(shape)(device));
}
