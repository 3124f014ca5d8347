// Builds a model with fresh weights, ready to train: the same learner that a training run builds, with the settings of the
// peers.

import type { Device, Precision } from '../src/device/device.js';
import { presetConfig } from '../src/nn/gpt2-config.js';
import { buildLearner, type Learner } from '../src/train/learner.js';
import { withPackedWeights } from '../src/train/plan.js';
import { loadRepeatedWeights } from './weights.js';

export interface LearnerShape {
  /** A preset: `small`, `medium`. */
  readonly model: string;
  readonly precision: Precision;
  /** Default: GPT-2's. */
  readonly vocabulary?: number;
  /** The most tokens in a micro-batch. */
  readonly capacity: number;
  readonly gradientCheckpointing?: boolean;
  /** Micro-batches of a step. Default: 1. */
  readonly accumulation?: number;
}

/** The same as the peers' settings. */
export const learnerSettings = {
  labelSmoothing: 0,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.01,
  maxGradNorm: 1,
} as const;

/** A function that builds the learner on a device; on a planning device, it only counts memory. */
export function learnerPlan(shape: LearnerShape): (device: Device) => Learner {
  const { model, precision, capacity, vocabulary = 50257, gradientCheckpointing = false } = shape;
  const config = presetConfig(model, vocabulary);
  const options = { ...learnerSettings, capacity, precision, gradientCheckpointing, samples: false };
  return (device) =>
    buildLearner(device, config, withPackedWeights(device, config, options, shape.accumulation ?? 1));
}

/** Loads fresh weights and optimizer state. */
export function initializeLearner(learner: Learner): Learner {
  loadRepeatedWeights(learner.model);
  learner.optimizer.restore(0);
  return learner;
}

export function freshLearner(device: Device, shape: LearnerShape): Learner {
  return initializeLearner(learnerPlan(shape)(device));
}
