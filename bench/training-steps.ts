// Optimizer steps for measurements: full sequences of random tokens, all supervised, the same batch every time.

import type { Batch } from '../src/nn/batch.js';
import type { Learner } from '../src/train/learner.js';
import type { PendingUpdate } from '../src/train/optimizer.js';
import { fullBatch } from './full-batch.js';

export class TrainingSteps {
  readonly #batch: Batch;
  #microStep = 0;
  #last: PendingUpdate | undefined;

  /** @param sequences per micro-batch. @param length tokens per sequence. @param accumulation micro-batches per step. */
  constructor(
    readonly learner: Learner,
    sequences: number,
    length: number,
    readonly accumulation = 1,
  ) {
    this.#batch = fullBatch(sequences, length, learner.model.config.vocabSize);
  }

  /** Starts a step and waits for the previous one, as a training run does. */
  step(): void {
    const { device, pass, optimizer } = this.learner;
    const scale = 1 / (this.#batch.tokens.length * this.accumulation);
    device.fill(pass.lossSum, 0);
    for (let micro = 0; micro < this.accumulation; micro++)
      pass.accumulate(this.#batch, scale, { seed: 1n, microStep: this.#microStep++ });
    const update = optimizer.update(5e-5);
    this.#last?.wait();
    this.#last = update;
  }

  /** Waits for the last step. @throws Error if its loss is not finite. */
  finish(): void {
    this.#last?.wait();
    const { device, pass } = this.learner;
    const [loss = Number.NaN] = device.download(pass.lossSum);
    if (!Number.isFinite(loss)) throw new Error(`the loss is ${loss}`);
  }
}
