// Layer normalisation, alone or fused with adding a pending residual branch to the residual stream.

import type { BranchGradient, Device, Dropout } from '../device/device.js';
import type { Tensor } from '../device/tensor.js';
import type { Parameter, Parameters } from './parameters.js';

/** The output of a sublayer that is not yet added to the residual stream. */
export interface PendingBranch {
  /** The residual stream without the branch, [R,C]. */
  readonly residual: Tensor;
  /** [R,C]. */
  readonly branch: Tensor;
  readonly dropout: Dropout;
}

/** The activations of a layernorm that backward needs. */
export interface NormActivations {
  /** The residual stream, which is the input of the normalisation, [R,C]. */
  readonly stream: Tensor;
  /** [R,C]. */
  readonly out: Tensor;
  /** [R,2]. */
  readonly stats: Tensor;
}

export class LayerNorm {
  private readonly weight: Parameter;
  private readonly bias: Parameter;

  constructor(
    private readonly device: Device,
    parameters: Parameters,
    name: string,
    private readonly epsilon: number,
  ) {
    this.weight = parameters.get(`${name}.weight`);
    this.bias = parameters.get(`${name}.bias`);
  }

  /** Adds `pending`, if any, to the residual stream, and writes the normalised stream to `out`. */
  forward({ stream, out, stats }: NormActivations, pending: PendingBranch | null): void {
    const values = { weight: this.weight.value, bias: this.bias.value };
    if (pending) {
      const { residual, branch, dropout } = pending;
      this.device.residualLayernorm(stream, out, stats, residual, branch, values, this.epsilon, dropout);
    } else this.device.layernorm(out, stats, stream, values, this.epsilon);
  }

  /**
   * gradStream += the gradient through the normalisation. Also adds to the gradients of weight and bias.
   * @param branch receives the gradient of the branch that forward added to the stream; may alias gradOut.
   */
  backward(
    gradStream: Tensor,
    gradOut: Tensor,
    { stream, stats }: NormActivations,
    branch?: BranchGradient,
  ): void {
    const gradients = { weight: this.weight.gradient, bias: this.bias.gradient };
    this.device.layernormBackward(gradStream, gradients, gradOut, stream, stats, this.weight.value, branch);
  }
}
