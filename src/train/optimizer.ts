// AdamW over the model's flat parameters, in one sweep: matrices, which decay, come first.

import type { Device } from '../device/device.js';
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

/** What one update came to. */
export interface Update {
  /** Updates so far that moved the parameters: t of the bias correction. */
  readonly updates: number;
  /** The gradients' global norm before clipping. Where it is not finite nothing was updated. */
  readonly norm: number;
}

/** An update that was asked of the device. */
export interface PendingUpdate {
  /** Whether `wait` would not wait. */
  ready(): boolean;
  wait(): Update;
}

/** By how much gradients are scaled up in fp16, and for how many updates in a row that has held. */
export interface LossScale {
  readonly scale: number;
  readonly updates: number;
}

/** As torch.amp.GradScaler starts. */
export const initialLossScale: LossScale = { scale: 65_536, updates: 0 };

export class AdamW {
  /** f32[2] as prepareUpdate has it, where the model computes in fp16; else undefined. Call `restore` first. */
  readonly lossScale: Tensor | undefined;
  private readonly gradients: Tensor;
  private readonly first: Tensor;
  private readonly second: Tensor;
  /** f32[6] as prepareUpdate has it: the learning rate is set before each update, the rest stays on the device. */
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
    this.step = device.allocate('batch', [6]);
    this.sumOfSquares = device.allocate('batch', [1]);
    this.lossScale = parameters.dtype === 'f16' ? device.allocate('batch', [2]) : undefined;
  }

  /** Sets what the device counts. @param updates t of the last update. */
  restore(updates: number, { scale, updates: held }: LossScale = initialLossScale): void {
    this.device.upload(this.step, Float32Array.of(0, 0, 0, 0, updates, 0));
    if (this.lossScale) this.device.upload(this.lossScale, Float32Array.of(scale, held));
  }

  /** To be restored; null where the model does not compute in fp16. */
  readLossScale(): LossScale | null {
    if (!this.lossScale) return null;
    const [scale = 0, updates = 0] = this.device.download(this.lossScale);
    return { scale, updates };
  }

  /**
   * One update from the accumulated gradients, which are left zeroed. Where their norm is not finite, nothing is
   * updated (and the loss scale is halved, where there is one).
   */
  update(learningRate: number): PendingUpdate {
    this.device.upload(this.step.rows(1), Float32Array.of(learningRate));
    this.device.replay(this, 'update', () => this.compute());
    const fetched = this.device.fetch(this.step);
    return {
      ready: () => fetched.ready(),
      wait: () => {
        const [, , , , updates = 0, norm = Number.NaN] = fetched.wait();
        return { updates, norm };
      },
    };
  }

  private compute(): void {
    const { device, step } = this;
    const { beta1, beta2, epsilon, weightDecay, maxGradNorm } = this.settings;
    device.fill(this.sumOfSquares, 0);
    device.sumOfSquares(this.sumOfSquares, this.gradients);
    device.prepareUpdate(step, this.sumOfSquares, {
      maxNorm: maxGradNorm,
      beta1,
      beta2,
      ...(this.lossScale && { lossScale: this.lossScale }),
    });
    const { decayed, values, working } = this.parameters;
    device.adamw(values, this.gradients, this.first, this.second, {
      ...{ step, beta1, beta2, epsilon, weightDecay, decayed },
      ...(working && { working }),
    });
  }

  /** The moments by parameter, to be saved and restored. */
  moments(): Moments[] {
    return Array.from(this.parameters, ({ name, master }) => {
      const offset = master.offset - this.parameters.values.offset;
      const { shape } = master;
      return { name, shape, first: this.first.view(offset, shape), second: this.second.view(offset, shape) };
    });
  }
}
