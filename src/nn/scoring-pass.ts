// Computes how likely given text is under a model: a forward pass over packed conversations, without dropout. All blocks
// share one set of activations, so memory does not grow with depth. After construction it allocates nothing on the device.

import type { Tensor } from '../device/tensor.js';
import type { Batch } from './batch.js';
import { BlockActivations } from './block.js';
import type { GPT2 } from './gpt2.js';
import { PackedPass, paddedRows } from './packed-pass.js';

export interface ScoringPassOptions {
  /** The maximum number of positions (tokens) of a batch. */
  readonly capacity: number;
}

export class ScoringPass {
  readonly capacity: number;
  private readonly packed: PackedPass;

  constructor(
    readonly model: GPT2,
    options: ScoringPassOptions,
  ) {
    const { device, config, parameters } = model;
    const capacity = paddedRows(device, options.capacity);
    const shared = new BlockActivations(device, config, capacity, parameters.dtype);
    const blocks = Array.from({ length: config.nLayer }, () => shared);
    this.capacity = options.capacity;
    this.packed = new PackedPass(model, capacity, blocks);
  }

  /** The cross-entropy of each supervised position with its target, in nats: f32[S], in the order of `supervisedRows`. */
  losses(input: Batch): Float32Array {
    return this.model.device.download(this.packed.evaluate(input));
  }

  /** The logits at every position, f32[R,V]. */
  logits(input: Batch): Float32Array {
    const batch = this.packed.upload(input);
    this.packed.forward(batch);
    const rows = input.tokens.length;
    const all = new Float32Array(rows * this.model.config.vocabSize);
    let filled = 0;
    this.packed.head.eachLogits(batch.activations.final.out.rows(rows), (chunk: Tensor) => {
      const numbers = this.packed.head.unpadded(this.model.device.download(chunk));
      all.set(numbers, filled);
      filled += numbers.length;
    });
    return all;
  }
}
