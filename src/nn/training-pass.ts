// Forward and backward of one micro-batch. Owns all training activations, allocated once for the largest batch. It knows
// nothing about optimizers: it adds to the parameter gradients and to a running sum of losses.

import type { Device } from '../device/device.js';
import type { Tensor } from '../device/tensor.js';
import type { Batch } from './batch.js';
import { BlockActivations } from './block.js';
import { type GPT2, type ModelDropouts, modelDropouts } from './gpt2.js';
import { PackedPass, paddedRows, type RandomState } from './packed-pass.js';
import { allocateGradientScratch, type GradientScratch } from './scratch.js';

export interface TrainingPassOptions {
  /** The maximum number of positions (tokens) of a batch. */
  readonly capacity: number;
  readonly gradientCheckpointing: boolean;
  readonly labelSmoothing: number;
  /** f32[2], only in fp16: the first number is the loss scale, which the optimizer updates (see `UpdateOptions`). */
  readonly lossScale?: Tensor | undefined;
}

export class TrainingPass {
  /** The maximum number of positions (tokens) of a batch. */
  readonly capacity: number;
  /** f32[1]: the sum of losses since it was last set to zero. */
  readonly lossSum: Tensor;
  private readonly device: Device;
  private readonly packed: PackedPass;
  /** f32[2]: the gradient scale that `accumulate` is given, and the loss scale. */
  private readonly gradientScale: Tensor;
  private readonly scratch: (rows: number) => GradientScratch;
  private readonly dropouts: ModelDropouts;

  constructor(
    private readonly model: GPT2,
    private readonly options: TrainingPassOptions,
  ) {
    const { device, config } = model;
    const capacity = paddedRows(device, options.capacity);
    this.device = device;
    this.capacity = options.capacity;
    this.gradientScale = device.allocate('batch', [2]);
    this.lossSum = device.allocate('batch', [1]);
    this.packed = new PackedPass(model, capacity, allocateBlocks(model, { ...options, capacity }));
    this.scratch = allocateGradientScratch(device, config, capacity, model.parameters.dtype);
    this.dropouts = modelDropouts(config, this.packed.counter, true);
  }

  /**
   * Adds the gradient of gradientScale * (sum of the batch's losses), times the loss scale if there is one, to the
   * parameter gradients, and adds the sum of losses to `lossSum`.
   */
  accumulate(input: Batch, gradientScale: number, random: RandomState): void {
    const { device, packed, dropouts } = this;
    const { gradientCheckpointing, labelSmoothing, lossScale } = this.options;
    device.upload(this.gradientScale, Float32Array.of(gradientScale, 1));
    const batch = packed.upload(input, random);
    const { activations, segments, losses } = batch;
    const supervision = { ...batch.supervision, labelSmoothing };
    const scratch = this.scratch(batch.tokens.size);
    const gradHidden = scratch.branch;
    const hidden = activations.final.out;
    device.replay(this, `step ${batch.size}`, () => {
      // The loss scale is copied on the device: it is never downloaded.
      if (lossScale) device.copy(this.gradientScale.rows(1, 1), lossScale.rows(1));
      packed.forward(batch, dropouts);
      packed.head.lossWithGradient(
        losses,
        gradHidden,
        scratch.attended,
        hidden,
        supervision,
        this.gradientScale,
      );
      device.sum(this.lossSum, losses);
      this.model.backward(gradHidden, activations, batch, segments, dropouts, scratch, gradientCheckpointing);
    });
  }

  /** Adds the sum of the batch's losses, without dropout and label smoothing, to `lossSum`. */
  evaluate(input: Batch): void {
    this.device.sum(this.lossSum, this.packed.evaluate(input));
  }

  /**
   * For each supervised position, in order, 1 if no token is more likely than its target, otherwise 0. Without dropout.
   */
  hits(input: Batch): Uint8Array {
    return this.packed.hits(input);
  }
}

function allocateBlocks(
  { device, config, parameters: { dtype } }: GPT2,
  { capacity, gradientCheckpointing }: TrainingPassOptions,
): BlockActivations[] {
  const first = new BlockActivations(device, config, capacity, dtype);
  const shared = gradientCheckpointing ? first : undefined;
  const others = Array.from(
    { length: config.nLayer - 1 },
    () => new BlockActivations(device, config, capacity, dtype, shared),
  );
  return [first, ...others];
}
