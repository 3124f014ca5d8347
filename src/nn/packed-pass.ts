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

/** A batch as it lies on the device, and the windows of the pass's memory that it uses. */
export interface PackedBatch {
  readonly tokens: Tensor;
  readonly positions: Tensor;
  readonly segments: Segments;
  readonly supervision: Pick<Supervision, 'rows' | 'targets'>;
  /** [S]. */
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
    const rows = input.tokens.length;
    if (rows > this.capacity)
      throw new RangeError(`a batch of ${rows} tokens in a pass for ${this.capacity}`);
    const put = (name: keyof TrainingInput) => {
      const window = this.input[name].rows(input[name].length);
      this.device.upload(window, input[name]);
      return window;
    };
    const { stream, out, stats } = this.final;
    return {
      tokens: put('tokens'),
      positions: put('positions'),
      segments: { starts: put('segmentStarts'), ends: put('segmentEnds') },
      supervision: { rows: put('supervisedRows'), targets: put('targets') },
      losses: this.losses.rows(input.targets.length),
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
    this.forward(batch);
    this.head.loss(batch.losses, batch.activations.final.out, { ...batch.supervision, labelSmoothing: 0 });
    return batch.losses;
  }
}
