// The two-layer MLP of a block.

import type { Activation, Device } from '../device/device.js';
import type { Tensor } from '../device/tensor.js';
import type { GPT2Config } from './gpt2-config.js';
import { Linear } from './linear.js';
import type { Parameters } from './parameters.js';

export interface MlpActivations {
  /** [R,nInner]. */
  readonly preActivation: Tensor;
  /** [R,nInner]. */
  readonly activated: Tensor;
}

export class Mlp {
  private readonly widen: Linear;
  private readonly narrow: Linear;
  private readonly activation: Activation;

  constructor(device: Device, parameters: Parameters, config: GPT2Config, layer: number) {
    this.widen = new Linear(device, parameters, `h.${layer}.mlp.c_fc`);
    this.narrow = new Linear(device, parameters, `h.${layer}.mlp.c_proj`);
    this.activation = config.activationFunction;
  }

  /** out[R,C] from x[R,C]. */
  forward(out: Tensor, x: Tensor, { preActivation, activated }: MlpActivations): void {
    const { activation } = this;
    const bias = this.widen.bias.value;
    this.widen.forward(activated, x, { kind: 'bias-activation', bias, activation, preActivation });
    this.narrow.forward(out, activated);
  }

  /** gradX[R,C] from gradOut[R,C]; the two may alias. `gradWide` is scratch memory, [R,nInner]. */
  backward(
    gradX: Tensor,
    gradOut: Tensor,
    x: Tensor,
    { preActivation, activated }: MlpActivations,
    gradWide: Tensor,
  ): void {
    const { activation } = this;
    const biasGradient = this.widen.bias.gradient;
    this.narrow.backward(gradWide, gradOut, activated, {
      kind: 'activation-gradient',
      activation,
      preActivation,
      biasGradient,
    });
    this.widen.backwardOfProduct(gradX, gradWide, x);
  }
}
