// Packed conversations on the device and forward through the model, up to the loss of each supervised row: what
// training and scoring have in common. Planned once for the largest batch; a smaller one uses windows of that memory.

import type { Device, Segments } from '../device/device.js';
import type { Tensor } from '../device/tensor.js';
import type { BlockActivations } from './block.js';
import { type GPT2, type ModelActivations, type ModelDropouts, modelDropouts } from './gpt2.js';
import { LmHead, type Supervision } from './lm-head.js';

/** Packed conversations; see `Segments` for starts and ends. Token arrays [R], supervision [S] with S <= R. */
export interface TrainingInput {
  readonly tokens: Int32Array;
  /** From 0 in every conversation. */
  readonly positions: Int32Array;
  readonly segmentStarts: Int32Array;
  readonly segmentEnds: Int32Array;
  /** Which rows predict something that the loss counts. */
  readonly supervisedRows: Int32Array;
  /** The token that each of them should predict. */
  readonly targets: Int32Array;
}

/**
 * A batch as it lies on the device, and the windows of the pass's memory that it uses. Where the device likes multiples
 * of rows, rows follow that are conversations of one token each and predict nothing, and supervised rows that are not.
 */
export interface PackedBatch {
  /** R, padding included. */
  readonly rows: number;
  readonly tokens: Tensor;
  readonly positions: Tensor;
  readonly segments: Segments;
  readonly supervision: Omit<Supervision, 'labelSmoothing'>;
  /** [S], padding included; its losses are 0. */
  readonly losses: Tensor;
  readonly activations: ModelActivations;
}

export class PackedPass {
  readonly head: LmHead;
  /** i32[3] as in `Dropout`. */
  readonly counter: Tensor;
  private readonly device: Device;
  private readonly input: Record<keyof TrainingInput, Tensor>;
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
    const activation = (width: number, type = parameters.scalar) =>
      device.allocate('activations', [capacity, width], type);
    const integers = () => device.allocate('batch', [capacity], 'i32');
    this.device = device;
    this.input = {
      tokens: integers(),
      positions: integers(),
      segmentStarts: integers(),
      segmentEnds: integers(),
      supervisedRows: integers(),
      targets: integers(),
    };
    this.counter = device.allocate('batch', [3], 'i32');
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

  /** Copies a batch to the device. */
  upload(input: TrainingInput): PackedBatch {
    const { capacity } = this;
    if (input.tokens.length > capacity)
      throw new RangeError(`a batch of ${input.tokens.length} tokens in a pass for ${capacity}`);
    const rows = paddedRows(this.device, input.tokens.length);
    const supervised = input.targets.length;
    const put = (name: keyof TrainingInput, count: number, padding: (row: number) => number) => {
      const window = this.input[name].rows(count);
      this.device.upload(window, padded(input[name], count, padding));
      return window;
    };
    const ofRows = (name: keyof TrainingInput, padding: (row: number) => number) => put(name, rows, padding);
    const ofSupervised = (name: keyof TrainingInput, padding: number) =>
      put(name, paddedRows(this.device, supervised), () => padding);
    const { stream, out, stats } = this.final;
    return {
      rows,
      tokens: ofRows('tokens', () => 0),
      positions: ofRows('positions', () => 0),
      segments: {
        starts: ofRows('segmentStarts', (row) => row),
        ends: ofRows('segmentEnds', (row) => row + 1),
      },
      supervision: {
        rows: ofSupervised('supervisedRows', 0),
        targets: ofSupervised('targets', -1),
        supervised,
      },
      losses: this.losses.rows(paddedRows(this.device, supervised)),
      activations: {
        blocks: this.blocks,
        branch: this.branch.rows(rows),
        final: { stream: stream.rows(rows), out: out.rows(rows), stats: stats.rows(rows) },
      },
    };
  }

  /** Leaves the last hidden state in `activations.final.out`. */
  forward(batch: PackedBatch, dropouts: ModelDropouts = this.noDropout): void {
    const { activations, segments } = batch;
    this.model.forward(activations, batch, { kind: 'packed', segments }, dropouts);
  }

  /** Each supervised row's cross-entropy, [S] on the device, with neither dropout nor label smoothing. */
  evaluate(input: TrainingInput): Tensor {
    const batch = this.upload(input);
    this.device.replay(this, `forward ${batch.rows}`, () => this.forward(batch));
    this.head.loss(batch.losses, batch.activations.final.out, { ...batch.supervision, labelSmoothing: 0 });
    return batch.losses.rows(input.targets.length);
  }
}

/** How many rows a pass computes for so many. */
export function paddedRows({ rowMultiple }: Device, rows: number): number {
  return Math.ceil(rows / rowMultiple) * rowMultiple;
}

function padded(values: Int32Array, count: number, padding: (at: number) => number): Int32Array {
  if (values.length === count) return values;
  return Int32Array.from({ length: count }, (_, at) => values[at] ?? padding(at));
}
