// One micro-batch through the model and back. Owns every activation of training, planned once for the largest batch;
// knows nothing of optimizers: it adds to the parameters' gradients and to a running sum of losses.

import type { Device } from '../device/device.js';
import type { Tensor } from '../device/tensor.js';
import type { Batch } from './batch.js';
import { BlockActivations } from './block.js';
import { type GPT2, type ModelDropouts, modelDropouts } from './gpt2.js';
import { PackedPass, paddedRows, type RandomState } from './packed-pass.js';
import { allocateGradientScratch, type GradientScratch } from './scratch.js';

export interface TrainingPassOptions {
  /** The most rows (tokens) of a batch. */
  readonly capacity: number;
  readonly gradientCheckpointing: boolean;
  readonly labelSmoothing: number;
  /** f32[2], in fp16: gradients are scaled up by its first number, which the optimizer keeps. */
  readonly lossScale?: Tensor | undefined;
}

export class TrainingPass {
  /** The most rows (tokens) of a batch. */
  readonly capacity: number;
  /** f32[1]: sum of losses since it was last set to zero. */
  readonly lossSum: Tensor;
  private readonly device: Device;
  private readonly packed: PackedPass;
  /** f32[2]: what is asked for, and the loss scale. */
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
   * Adds the gradient of gradientScale * (sum of the batch's losses), times the loss scale where there is one, to the
   * parameters' gradients, and the sum to `lossSum`.
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
      // It never leaves the device.
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

  /** Adds the sum of the batch's losses (neither dropout nor label smoothing) to `lossSum`. */
  evaluate(input: Batch): void {
    this.device.sum(this.lossSum, this.packed.evaluate(input));
  }

  /** For each supervised row, in order, 1 where no token is likelier than its target, else 0; without dropout. */
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
