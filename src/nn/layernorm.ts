// Layer normalisation, alone or fused with the addition of a residual branch that waits to join the stream.

import type { BranchGradient, Device, Dropout } from '../device/device.js';
import type { Tensor } from '../device/tensor.js';
import type { Parameter, Parameters } from './parameters.js';

/** What a sublayer has computed and the residual stream has not yet taken in. */
export interface PendingBranch {
  /** The stream without it, [R,C]. */
  readonly residual: Tensor;
  /** [R,C]. */
  readonly branch: Tensor;
  readonly dropout: Dropout;
}

/** What backward needs of a forward pass. */
export interface NormActivations {
  /** The residual stream that was normalised, [R,C]. */
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

  /** Takes `pending` into the stream, where there is something, and normalises the stream into `out`. */
  forward({ stream, out, stats }: NormActivations, pending: PendingBranch | null): void {
    const values = { weight: this.weight.value, bias: this.bias.value };
    if (pending) {
      const { residual, branch, dropout } = pending;
      this.device.residualLayernorm(stream, out, stats, residual, branch, values, this.epsilon, dropout);
    } else this.device.layernorm(out, stats, stream, values, this.epsilon);
  }

  /**
   * gradStream += the gradient through the normalisation; adds to the gradients of weight and bias.
   * @param branch what forward took into the stream: receives its gradient, which may be the memory of gradOut.
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
