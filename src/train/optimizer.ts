// AdamW over the model's flat parameters: two sweeps, one for the matrices with weight decay, one for the rest.

import type { AdamWOptions, Device } from '../device/device.js';
import type { Tensor } from '../device/tensor.js';
import type { Parameters } from '../nn/parameters.js';

export interface AdamWSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** On matrices only; biases and layernorms do not decay. */
  readonly weightDecay: number;
  /** Global norm to which gradients are clipped; 0 leaves them. */
  readonly maxGradNorm: number;
}

/** The two moments of one parameter, same shape as it. */
export interface Moments {
  readonly name: string;
  readonly shape: readonly number[];
  readonly first: Tensor;
  readonly second: Tensor;
}

export class AdamW {
  /** How many updates the moments have seen: t of the bias correction. */
  updates = 0;
  private readonly gradients: Tensor;
  private readonly first: Tensor;
  private readonly second: Tensor;
  private readonly step: Tensor;
  private readonly sumOfSquares: Tensor;

  /** @param parameters must have been made trainable. */
  constructor(
    private readonly device: Device,
    private readonly parameters: Parameters,
    private readonly settings: AdamWSettings,
  ) {
    if (!parameters.gradients) throw new Error('an optimizer needs a trainable model');
    this.gradients = parameters.gradients;
    this.first = device.allocate('optimizer moments', parameters.values.shape);
    this.second = device.allocate('optimizer moments', parameters.values.shape);
    this.step = device.allocate('batch', [4]);
    this.sumOfSquares = device.allocate('batch', [1]);
  }

  /**
   * One update from the accumulated gradients, which are left zeroed. Where their norm is not finite, nothing is
   * updated.
   * @returns the gradients' global norm before clipping.
   */
  update(learningRate: number): number {
    const { beta1, beta2, epsilon, weightDecay, maxGradNorm } = this.settings;
    const t = this.updates + 1;
    this.device.upload(this.step, Float32Array.of(learningRate, 1, 1 - beta1 ** t, 1 - beta2 ** t));
    this.device.fill(this.sumOfSquares, 0);
    this.device.sumOfSquares(this.sumOfSquares, this.gradients);
    this.device.clipCoefficient(this.step, this.sumOfSquares, maxGradNorm);
    const { decayed, values } = this.parameters;
    const rest = values.size - decayed;
    this.sweep(0, decayed, { step: this.step, beta1, beta2, epsilon, weightDecay });
    this.sweep(decayed, rest, { step: this.step, beta1, beta2, epsilon, weightDecay: 0 });
    const norm = Math.sqrt(this.device.download(this.sumOfSquares)[0] ?? Number.NaN);
    if (Number.isFinite(norm)) this.updates = t;
    return norm;
  }

  /** The moments by parameter, to be saved and restored. */
  moments(): Moments[] {
    return Array.from(this.parameters, ({ name, value }) => {
      const offset = value.offset - this.parameters.values.offset;
      const { shape } = value;
      return { name, shape, first: this.first.view(offset, shape), second: this.second.view(offset, shape) };
    });
  }

  private sweep(from: number, count: number, options: AdamWOptions): void {
    if (count === 0) return;
    const part = (tensor: Tensor) => tensor.rows(count, from);
    const { values } = this.parameters;
    this.device.adamw(part(values), part(this.gradients), part(this.first), part(this.second), options);
  }
}
