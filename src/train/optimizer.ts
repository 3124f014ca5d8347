// AdamW over the model's flat parameter buffer, each number once. Matrices, which have weight decay, come first in the buffer.
// The state that changes between updates lives on the device, so that an update can be replayed.

import type { Device } from '../device/device.js';
import type { Tensor } from '../device/tensor.js';
import type { Parameters } from '../nn/parameters.js';

export interface AdamWSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Applies to matrices only, not to biases and layernorm parameters. */
  readonly weightDecay: number;
  /** The global norm to which gradients are clipped; 0 turns clipping off. */
  readonly maxGradNorm: number;
}

/** The first and second moment of one parameter, in its shape. */
export interface Moments {
  readonly name: string;
  readonly shape: readonly number[];
  readonly first: Tensor;
  readonly second: Tensor;
}

/** The result of one update. */
export interface Update {
  /** The updates so far that changed the parameters: t of the bias correction. */
  readonly updates: number;
  /** The gradients' global norm before clipping. When it is not finite, nothing was updated. */
  readonly norm: number;
}

/** An update that the device may still be computing. */
export interface PendingUpdate {
  /** Whether `wait` would return at once. */
  ready(): boolean;
  wait(): Update;
}

/** The loss scale in fp16, and how many updates in a row it has been in use. */
export interface LossScale {
  readonly scale: number;
  readonly updates: number;
}

/** The initial scale of torch.amp.GradScaler. */
export const initialLossScale: LossScale = { scale: 65_536, updates: 0 };

export class AdamW {
  /** f32[2] in the layout of prepareUpdate if the model computes in fp16, else undefined. Call `restore` first. */
  readonly lossScale: Tensor | undefined;
  private readonly gradients: Tensor;
  private readonly first: Tensor;
  private readonly second: Tensor;
  /** f32[6] in the layout of prepareUpdate. Each update uploads the learning rate; the rest stays on the device. */
  private readonly step: Tensor;
  private readonly sumOfSquares: Tensor;

  /** @param parameters must be trainable. */
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

  /** Sets the counters on the device. @param updates t of the last update. */
  restore(updates: number, { scale, updates: held }: LossScale = initialLossScale): void {
    this.device.upload(this.step, Float32Array.of(0, 0, 0, 0, updates, 0));
    if (this.lossScale) this.device.upload(this.lossScale, Float32Array.of(scale, held));
  }

  /** The loss scale to store in a checkpoint; null unless the model computes in fp16. */
  readLossScale(): LossScale | null {
    if (!this.lossScale) return null;
    const [scale = 0, updates = 0] = this.device.download(this.lossScale);
    return { scale, updates };
  }

  /**
   * Makes one update from the accumulated gradients and sets them to zero. When their norm is not finite, the parameters
   * stay unchanged, and the loss scale (fp16) is halved.
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
    const { beta1, beta2, maxGradNorm } = this.settings;
    device.fill(this.sumOfSquares, 0);
    device.sumOfSquares(this.sumOfSquares, this.gradients);
    device.prepareUpdate(step, this.sumOfSquares, {
      maxNorm: maxGradNorm,
      beta1,
      beta2,
      ...(this.lossScale && { lossScale: this.lossScale }),
    });
    // Only the end of the parameters has a working copy.
    const { values, working } = this.parameters;
    const from = working ? values.size - working.size : 0;
    if (from > 0) this.sweep(0, from);
    this.sweep(from, values.size, working);
  }

  /** Updates the parameters from..end. */
  private sweep(from: number, end: number, working?: Tensor): void {
    const { step, parameters } = this;
    const { beta1, beta2, epsilon, weightDecay } = this.settings;
    const part = (all: Tensor) => all.view(from, [end - from]);
    const decayed = Math.min(Math.max(parameters.decayed, from), end) - from;
    this.device.adamw(
      ...([part(parameters.values), part(this.gradients), part(this.first), part(this.second)] as const),
      { step, beta1, beta2, epsilon, weightDecay, decayed, ...(working && { working }) },
    );
  }

  /** Views of the moments by parameter, for saving and restoring. */
  moments(): Moments[] {
    return Array.from(this.parameters, ({ name, master }) => {
      const offset = master.offset - this.parameters.values.offset;
      const { shape } = master;
      return { name, shape, first: this.first.view(offset, shape), second: this.second.view(offset, shape) };
    });
  }
}
