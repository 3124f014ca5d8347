// Everything of a run that lives on the device. It is built in one place, so that the memory plan and the training run
// execute the same construction.

import type { Device, Precision } from '../device/device.js';
import { DecodingPass } from '../nn/decoding-pass.js';
import { GPT2 } from '../nn/gpt2.js';
import type { GPT2Config } from '../nn/gpt2-config.js';
import { TrainingPass, type TrainingPassOptions } from '../nn/training-pass.js';
import { AdamW, type AdamWSettings } from './optimizer.js';

/** The longest sample conversation in tokens, prompt and reply together. */
const sampleContext = 256;

export interface LearnerOptions extends Omit<TrainingPassOptions, 'lossScale'>, AdamWSettings {
  /** The dtype of the forward and backward pass. */
  readonly precision: Precision;
  /** Whether the run generates sample replies. */
  readonly samples: boolean;
  /** Whether to keep packed weights (see `ParameterOptions`). Default: false. It changes no bit. */
  readonly packedWeights?: boolean;
}

export interface Learner {
  readonly device: Device;
  readonly model: GPT2;
  readonly pass: TrainingPass;
  readonly optimizer: AdamW;
  /** Generates the sample replies. */
  readonly decoder: DecodingPass | null;
}

/** @throws UserError (device) when there is not enough memory. */
export function buildLearner(device: Device, config: GPT2Config, options: LearnerOptions): Learner {
  const { precision, packedWeights: packed = false } = options;
  const model = new GPT2(device, config, { trainable: true, precision, packed });
  const optimizer = new AdamW(device, model.parameters, options);
  const contextLength = Math.min(sampleContext, config.nPositions);
  return {
    device,
    model,
    pass: new TrainingPass(model, { ...options, lossScale: optimizer.lossScale }),
    optimizer,
    decoder: options.samples ? new DecodingPass(model, { sequences: 1, contextLength }) : null,
  };
}
