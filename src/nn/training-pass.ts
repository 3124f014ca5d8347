// One micro-batch through the model and back. Owns every activation of training, planned once for the largest batch;
// knows nothing of optimizers: it adds to the parameters' gradients and to a running sum of losses.

import type { Device } from '../device/device.js';
import type { Tensor } from '../device/tensor.js';
import { BlockActivations } from './block.js';
import { type GPT2, type ModelActivations, type ModelDropouts, modelDropouts } from './gpt2.js';
import { LmHead } from './lm-head.js';
import { allocateGradientScratch, type GradientScratch } from './scratch.js';

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

export interface TrainingPassOptions {
  /** The most rows (tokens) of a batch. */
  readonly capacity: number;
  readonly gradientCheckpointing: boolean;
  readonly labelSmoothing: number;
}

export class TrainingPass {
  /** f32[1]: sum of losses since it was last set to zero. */
  readonly lossSum: Tensor;
  private readonly device: Device;
  private readonly input: Record<keyof TrainingInput, Tensor>;
  private readonly counter: Tensor;
  private readonly gradientScale: Tensor;
  private readonly losses: Tensor;
  private readonly blocks: readonly BlockActivations[];
  private readonly branch: Tensor;
  private readonly final: ModelActivations['final'];
  private readonly scratch: (rows: number) => GradientScratch;
  private readonly head: LmHead;
  private readonly dropouts: { readonly training: ModelDropouts; readonly evaluation: ModelDropouts };

  constructor(
    private readonly model: GPT2,
    private readonly options: TrainingPassOptions,
  ) {
    const { device, config } = model;
    const { capacity } = options;
    const activation = (width: number) => device.allocate('activations', [capacity, width]);
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
    this.gradientScale = device.allocate('batch', [1]);
    this.lossSum = device.allocate('batch', [1]);
    this.losses = device.allocate('batch', [capacity]);
    this.blocks = allocateBlocks(model, options);
    this.branch = activation(config.nEmbd);
    this.final = { stream: activation(config.nEmbd), out: activation(config.nEmbd), stats: activation(2) };
    this.scratch = allocateGradientScratch(device, config, capacity);
    this.head = new LmHead(device, model.parameters, config, capacity);
    this.dropouts = {
      training: modelDropouts(config, this.counter, true),
      evaluation: modelDropouts(config, this.counter, false),
    };
  }

  /**
   * Adds the gradient of gradientScale * (sum of the batch's losses) to the parameters' gradients, and the sum to
   * `lossSum`. @param random what decides the dropout masks: 64 bits of seed, and the micro-step's number.
   */
  accumulate(input: TrainingInput, gradientScale: number, random: { seed: bigint; microStep: number }): void {
    this.device.upload(this.counter, dropoutCounter(random));
    this.device.upload(this.gradientScale, Float32Array.of(gradientScale));
    const batch = this.upload(input);
    const { activations, segments, supervision, losses } = batch;
    const dropouts = this.dropouts.training;
    const scratch = this.scratch(input.tokens.length);
    this.model.forward(activations, batch, { kind: 'packed', segments }, dropouts);
    const gradHidden = scratch.branch;
    const hidden = activations.final.out;
    this.head.lossWithGradient(losses, gradHidden, scratch.attended, hidden, supervision, this.gradientScale);
    this.device.sum(this.lossSum, losses);
    const recompute = this.options.gradientCheckpointing;
    this.model.backward(gradHidden, activations, batch, segments, dropouts, scratch, recompute);
  }

  /** Adds the sum of the batch's losses (neither dropout nor label smoothing) to `lossSum`. */
  evaluate(input: TrainingInput): void {
    const { losses } = this.forwardWithLoss(input);
    this.device.sum(this.lossSum, losses);
  }

  /** Logits after every row, f32[R,V], without dropout; allocates, so for tests and short inputs only. */
  logits(input: TrainingInput): Float32Array {
    const { activations } = this.forwardWithLoss(input);
    const out = this.device.allocate('logits', [input.tokens.length, this.model.config.vocabSize]);
    this.head.project(out, activations.final.out);
    return this.device.download(out);
  }

  private forwardWithLoss(input: TrainingInput) {
    const batch = this.upload(input);
    const { activations, segments, supervision } = batch;
    this.model.forward(activations, batch, { kind: 'packed', segments }, this.dropouts.evaluation);
    this.head.loss(batch.losses, activations.final.out, { ...supervision, labelSmoothing: 0 });
    return batch;
  }

  /** Copies a batch to the device and says which windows of the pass's memory it uses. */
  private upload(input: TrainingInput) {
    const rows = input.tokens.length;
    const supervised = input.targets.length;
    if (rows > this.options.capacity)
      throw new RangeError(`a batch of ${rows} tokens in a pass for ${this.options.capacity}`);
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
      supervision: {
        rows: put('supervisedRows'),
        targets: put('targets'),
        labelSmoothing: this.options.labelSmoothing,
      },
      losses: this.losses.rows(supervised),
      activations: {
        blocks: this.blocks,
        branch: this.branch.rows(rows),
        final: { stream: stream.rows(rows), out: out.rows(rows), stats: stats.rows(rows) },
      },
    };
  }
}

function allocateBlocks(
  { device, config }: GPT2,
  { capacity, gradientCheckpointing }: TrainingPassOptions,
): BlockActivations[] {
  const first = new BlockActivations(device, config, capacity);
  const shared = gradientCheckpointing ? first : undefined;
  const others = Array.from(
    { length: config.nLayer - 1 },
    () => new BlockActivations(device, config, capacity, shared),
  );
  return [first, ...others];
}

function dropoutCounter({ seed, microStep }: { seed: bigint; microStep: number }): Int32Array {
  const low = Number(BigInt.asIntN(32, seed));
  const high = Number(BigInt.asIntN(32, seed >> 32n));
  return Int32Array.of(low, high, microStep | 0);
}
