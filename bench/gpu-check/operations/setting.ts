// What the cases of an operation are measured with: operands on a card, and the sizes of a model's training step. R rows
// in sequences of T tokens, C channels, H heads, V logits per row, P parameters; `b` bytes per activation or weight.

import type { Dropout, LayernormParameters, Segments } from '../../../src/device/device.js';
import { bytesPerElement, type Tensor } from '../../../src/device/tensor.js';
import type { Batch } from '../../../src/nn/batch.js';
import { expectedTensors, type GPT2Config } from '../../../src/nn/gpt2-config.js';
import { headChunkRows, logitsWidth } from '../../../src/nn/lm-head.js';
import { fullBatch } from '../../full-batch.js';
import type { Operands } from '../operands.js';

/** One call of an operation. */
export interface OperationCase {
  /** What distinguishes it from the operation's other cases. */
  readonly variant?: string;
  readonly shape: string;
  /** Every input read once, every output written once. */
  readonly bytes: number;
  /** Floating point operations that the result needs; 0 if it only moves numbers. */
  readonly flops: number;
  /** Whether it is a transfer, which no graph can do. */
  readonly transfer?: boolean;
  /** Allocates operands. @returns the call. */
  readonly prepare: () => () => void;
}

export class Setting {
  /** R. */
  readonly rows: number;
  /** C. */
  readonly channels: number;
  /** R times C. */
  readonly size: number;
  /** V, padding included. */
  readonly width: number;
  /** The rows of the head's logits that a step computes at a time. */
  readonly headRows: number;
  /** P. */
  readonly parameters: number;
  readonly b: number;
  readonly batch: Batch;

  /** @param tokens T. */
  constructor(
    readonly operands: Operands,
    readonly config: GPT2Config,
    sequences: number,
    readonly tokens: number,
  ) {
    const { device, dtype } = operands;
    this.rows = sequences * tokens;
    this.channels = config.nEmbd;
    this.size = this.rows * this.channels;
    this.width = logitsWidth(device, config);
    this.headRows = Math.min(this.rows, headChunkRows(device, config, dtype));
    this.parameters = expectedTensors(config).reduce((sum, { shape }) => sum + elements(shape), 0);
    this.b = bytesPerElement[dtype];
    this.batch = fullBatch(sequences, tokens, config.vocabSize);
  }

  /** Inputs of the model's dtype. */
  random(...shape: number[]): Tensor {
    return this.operands.random(shape);
  }

  /** Outputs of the model's dtype. */
  zeros(...shape: number[]): Tensor {
    return this.operands.zeros(shape);
  }

  /** f32 inputs. */
  exact(...shape: number[]): Tensor {
    return this.operands.random(shape, 'f32');
  }

  /** f32 outputs. */
  sums(...shape: number[]): Tensor {
    return this.operands.zeros(shape, 'f32');
  }

  norm(): LayernormParameters {
    return { weight: this.exact(this.channels), bias: this.exact(this.channels) };
  }

  dropout(probability: number): Dropout {
    return { probability, site: 1, counter: this.operands.integers(Int32Array.of(1, 2, 3)) };
  }

  segments(): Segments {
    const { segmentStarts, segmentEnds } = this.batch;
    return { starts: this.operands.integers(segmentStarts), ends: this.operands.integers(segmentEnds) };
  }
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}
