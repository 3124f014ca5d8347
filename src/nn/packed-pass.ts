// Uploads a batch of packed dialogues and runs the forward pass, up to the loss of each supervised position. Training and
// scoring share this. Memory is allocated once for the largest batch; smaller batches use views of it.

import type { Device, Segments } from '../device/device.js';
import type { Tensor } from '../device/tensor.js';
import type { Batch } from './batch.js';
import type { BlockActivations } from './block.js';
import { type GPT2, type ModelActivations, type ModelDropouts, modelDropouts } from './gpt2.js';
import { IntegerArrays } from './integer-arrays.js';
import { LmHead, type Supervision } from './lm-head.js';

/** Integers reserved for the dropout counter: 3, rounded up so that the next array is aligned to 16 bytes. */
const counterRoom = 4;

/** The state that determines all dropout masks of a pass. */
export interface RandomState {
  /** 64 bits. */
  readonly seed: bigint;
  readonly microStep: number;
}

/**
 * A batch on the device, and the views of the pass's memory that it uses. The number of positions is rounded up to the
 * device's row multiple: each padding position is a dialogue of one token, and padding in the supervised positions has no
 * target.
 */
export interface DeviceBatch {
  /** The same for all batches that use the same views, so their operations can be replayed. */
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
  /** The dropout counter, followed by the integer arrays of a batch. */
  private readonly integers: Tensor;
  private readonly losses: Tensor;
  private readonly branch: Tensor;
  private readonly final: ModelActivations['final'];
  private readonly noDropout: ModelDropouts;

  /**
   * @param capacity the maximum number of positions (tokens) of a batch.
   * @param blocks one per layer, with this capacity. All layers may share one if no backward follows.
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

  /** Copies a batch to the device in one transfer. */
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
    const supervisedRows = arrays.put(paddedIndices(input.supervisedRows, supervised));
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

  /** Writes the last hidden state to `activations.final.out`. */
  forward(batch: DeviceBatch, dropouts: ModelDropouts = this.noDropout): void {
    const { activations, segments } = batch;
    this.model.forward(activations, batch, { kind: 'packed', segments }, dropouts);
  }

  /** The cross-entropy of each supervised position, [S] on the device, without dropout and label smoothing. */
  evaluate(input: Batch): Tensor {
    const batch = this.upload(input);
    this.device.replay(this, `evaluate ${batch.size}`, () => {
      this.forward(batch);
      this.head.loss(batch.losses, batch.activations.final.out, { ...batch.supervision, labelSmoothing: 0 });
    });
    return batch.losses.rows(input.targets.length);
  }

  /** For each supervised position, in order, 1 if no token is more likely than its target, otherwise 0. */
  hits(input: Batch): Uint8Array {
    const batch = this.upload(input);
    this.forward(batch);
    return this.head.hits(batch.activations.final.out, batch.supervision.rows, input.targets);
  }
}

/** `rows` rounded up to the device's row multiple. */
export function paddedRows({ rowMultiple }: Device, rows: number): number {
  return Math.ceil(rows / rowMultiple) * rowMultiple;
}

/** The counter of `Dropout`. */
function dropoutCounter({ seed, microStep }: RandomState): Int32Array {
  const low = Number(BigInt.asIntN(32, seed));
  const high = Number(BigInt.asIntN(32, seed >> 32n));
  return Int32Array.of(low, high, microStep | 0);
}

/** `rows`, padded to `count` with the smallest indices that are not in it: scatterRows needs distinct indices. */
function paddedIndices(rows: Int32Array, count: number): Int32Array {
  const taken = new Uint8Array(count);
  for (const row of rows) if (row < count) taken[row] = 1;
  const all = new Int32Array(count);
  all.set(rows);
  for (let row = 0, at = rows.length; at < count; row++) if (taken[row] !== 1) all[at++] = row;
  return all;
}
