// A linear layer: y = x W + b with W [in, out], the layout of GPT-2's Conv1D. Weights in 8 bits are stored as [out, in].

import type { Device, Epilogue } from '../device/device.js';
import type { Tensor } from '../device/tensor.js';
import type { Parameter, Parameters } from './parameters.js';

export class Linear {
  private readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(
    private readonly device: Device,
    parameters: Parameters,
    name: string,
  ) {
    this.weight = parameters.get(`${name}.weight`);
    this.bias = parameters.get(`${name}.bias`);
  }

  /** out[R,out] from x[R,in]. `epilogue` replaces the default, which adds the bias. */
  forward(out: Tensor, x: Tensor, epilogue: Epilogue = { kind: 'bias', bias: this.bias.value }): void {
    const { value, transposed, packed } = this.weight;
    this.device.matmul(out, x, value, { transposeB: transposed, epilogue, packedB: packed.forward });
  }

  /** Adds to the gradients of weight and bias, and writes gradX[R,in] from gradOut[R,out]. */
  backward(gradX: Tensor, gradOut: Tensor, x: Tensor, epilogue?: Epilogue): void {
    this.device.sumRows(this.bias.gradient, gradOut);
    this.backwardOfProduct(gradX, gradOut, x, epilogue);
  }

  /** Like `backward`, but without the bias gradient: the operation that computed gradOut has already added it. */
  backwardOfProduct(gradX: Tensor, gradOut: Tensor, x: Tensor, epilogue?: Epilogue): void {
    this.device.matmul(this.weight.gradient, x, gradOut, { transposeA: true, accumulate: true });
    this.device.matmul(gradX, gradOut, this.weight.value, {
      transposeB: true,
      packedB: this.weight.packed.backward,
      ...(epilogue && { epilogue }),
    });
  }
}
