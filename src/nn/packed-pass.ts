// Uploads a batch of packed dialogues and runs it forward through the model, up to the loss of each supervised row. Training
// and scoring share this. Memory is planned once for the largest batch; a smaller one uses views of it.

import type { Device, Segments } from '../device/device.js';
import type { Tensor } from '../device/tensor.js';
import type { Batch } from './batch.js';
import type { BlockActivations } from './block.js';
import { type GPT2, type ModelActivations, type ModelDropouts, modelDropouts } from './gpt2.js';
import { IntegerArrays } from './integer-arrays.js';
import { LmHead, type Supervision } from './lm-head.js';

/** Integers that are kept for the counter, whole 16 bytes. */
const counterRoom = 4;

/** Which dropout masks a pass draws. */
export interface RandomState {
  /** 64 bits. */
  readonly seed: bigint;
  readonly microStep: number;
}

/**
 * A batch on the device, and the views of the pass's memory that it uses. The number of rows is rounded up to the device's
 * row multiple: padding rows are dialogues of one token each, and padding in the supervised rows has no target.
 */
export interface DeviceBatch {
  /** Equal for all batches that use the same views, so that their operations can be replayed. */
  readonly size: string;
  readonly tokens: Tensor;
  readonly positions: Tensor;
  readonly segments: Segments;
  readonly supervision: Omit<Supervision, 'labelSmoothing'>;
  /** [S], padding included; the losses of padding are 0. */
  readonly losses: Tensor;
  readonly activations: ModelActivations;
}

export class PackedPass {
  readonly head: LmHead;
  /** i32[3] as in `Dropout`. */
  readonly counter: Tensor;
  private readonly device: Device;
  /** A batch's integers, one array after the other, behind those of the counter. */
  private readonly integers: Tensor;
  private readonly losses: Tensor;
  private readonly branch: Tensor;
  private readonly final: ModelActivations['final'];
  private readonly noDropout: ModelDropouts;

  /**
   * @param capacity the most rows (tokens) of a batch.
   * @param blocks one a layer, of this capacity; one and the same for all where no backward follows.
   */
  constructor(
    private readonly model: GPT2,
    private readonly capacity: number,
    private readonly blocks: readonly BlockActivations[],
  ) {
    const { device, config, parameters } = model;
    const activation = (width: number, type = parameters.dtype) =>
      device.allocate('activations', [capacity, width], type);
    this.device = device;
    this.integers = device.allocate('batch', [counterRoom + 6 * capacity], 'i32');
    this.counter = this.integers.rows(3);
    this.losses = device.allocate('batch', [capacity]);
    this.branch = activation(config.nEmbd);
    this.final = {
      stream: activation(config.nEmbd),
      out: activation(config.nEmbd),
      stats: activation(2, 'f32'),
    };
    this.head = new LmHead(device, model.parameters, config, capacity);
    this.noDropout = modelDropouts(config, this.counter, false);
  }

  /** Copies a batch to the device, in one go. */
  upload(input: Batch, random: RandomState = { seed: 0n, microStep: 0 }): DeviceBatch {
    const { capacity, device } = this;
    if (input.tokens.length > capacity)
      throw new RangeError(`a batch of ${input.tokens.length} tokens in a pass for ${capacity}`);
    const rows = paddedRows(device, input.tokens.length);
    const supervised = paddedRows(device, input.targets.length);
    const arrays = new IntegerArrays(this.integers);
    arrays.put(dropoutCounter(random), counterRoom);
    const tokens = arrays.put(input.tokens, rows);
    const positions = arrays.put(input.positions, rows);
    const starts = arrays.put(input.segmentStarts, rows, (row) => row);
    const ends = arrays.put(input.segmentEnds, rows, (row) => row + 1);
    const supervisedRows = arrays.put(withOthers(input.supervisedRows, supervised));
    const targets = arrays.put(input.targets, supervised, () => -1);
    arrays.upload(device);
    const { stream, out, stats } = this.final;
    return {
      size: `${rows} ${supervised}`,
      tokens,
      positions,
      segments: { starts, ends },
      supervision: { rows: supervisedRows, targets },
      losses: this.losses.rows(supervised),
      activations: {
        blocks: this.blocks,
        branch: this.branch.rows(rows),
        final: { stream: stream.rows(rows), out: out.rows(rows), stats: stats.rows(rows) },
      },
    };
  }

  /** Leaves the last hidden state in `activations.final.out`. */
  forward(batch: DeviceBatch, dropouts: ModelDropouts = this.noDropout): void {
    const { activations, segments } = batch;
    this.model.forward(activations, batch, { kind: 'packed', segments }, dropouts);
  }

  /** Each supervised row's cross-entropy, [S] on the device, with neither dropout nor label smoothing. */
  evaluate(input: Batch): Tensor {
    const batch = this.upload(input);
    this.device.replay(this, `evaluate ${batch.size}`, () => {
      this.forward(batch);
      this.head.loss(batch.losses, batch.activations.final.out, { ...batch.supervision, labelSmoothing: 0 });
    });
    return batch.losses.rows(input.targets.length);
  }

  /** For each supervised row, in order, 1 where no token is likelier than its target, else 0. */
  hits(input: Batch): Uint8Array {
    const batch = this.upload(input);
    this.forward(batch);
    return this.head.hits(batch.activations.final.out, batch.supervision.rows, input.targets);
  }
}

/** How many rows a pass computes for so many. */
export function paddedRows({ rowMultiple }: Device, rows: number): number {
  return Math.ceil(rows / rowMultiple) * rowMultiple;
}

/** As in `Dropout`. */
function dropoutCounter({ seed, microStep }: RandomState): Int32Array {
  const low = Number(BigInt.asIntN(32, seed));
  const high = Number(BigInt.asIntN(32, seed >> 32n));
  return Int32Array.of(low, high, microStep | 0);
}

/** `rows`, then the first rows that are not among them, up to a number of `count`. */
function withOthers(rows: Int32Array, count: number): Int32Array {
  const taken = new Uint8Array(count);
  for (const row of rows) if (row < count) taken[row] = 1;
  const all = new Int32Array(count);
  all.set(rows);
  for (let row = 0, at = rows.length; at < count; row++) if (taken[row] !== 1) all[at++] = row;
  return all;
}
