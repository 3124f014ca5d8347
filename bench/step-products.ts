// Runs only the matrix products of one training step, with the model's own weights and gradients as operands: the time of a
// step that consists only of GEMM.

import type { Device } from '../src/device/device.js';
import type { Tensor } from '../src/device/tensor.js';
import type { GPT2 } from '../src/nn/gpt2.js';

interface Product {
  readonly weight: Tensor;
  readonly gradient: Tensor;
  readonly input: Tensor;
  readonly output: Tensor;
  /** The embedding, used as the head, is stored as [out, in]; all other weights are [in, out]. */
  readonly transposed: boolean;
}

export class StepProducts {
  /** Floating point operations of one run. */
  readonly operations: number;
  private readonly device: Device;
  private readonly gradients: Tensor;
  private readonly products: readonly Product[];

  constructor(model: GPT2, rows: number) {
    const { device, config, parameters } = model;
    const activations = (width: number) => {
      const tensor = device.allocate('activations', [rows, width], parameters.dtype);
      device.upload(
        tensor,
        new Float32Array(tensor.size).map((_, index) => ((index * 7919) % 997) / 997 - 0.5),
      );
      return tensor;
    };
    const { nEmbd, nInner, nLayer, vocabSize } = config;
    const [narrow, narrowOut, wide] = [activations(nEmbd), activations(nEmbd), activations(nInner)];
    const qkv = wide.view(0, [rows, 3 * nEmbd]);
    const logits = activations(vocabSize);
    const product = (name: string, input: Tensor, output: Tensor): Product => {
      const { value: weight, gradient } = parameters.get(name);
      return { weight, gradient, input, output, transposed: name === 'wte.weight' };
    };
    const layers = Array.from({ length: nLayer }, (_, layer) => [
      product(`h.${layer}.attn.c_attn.weight`, narrow, qkv),
      product(`h.${layer}.attn.c_proj.weight`, narrow, narrowOut),
      product(`h.${layer}.mlp.c_fc.weight`, narrow, wide),
      product(`h.${layer}.mlp.c_proj.weight`, wide, narrow),
    ]);
    this.device = device;
    this.gradients = requireGradients(parameters.gradients);
    this.products = [...layers.flat(), product('wte.weight', narrow, logits)];
    this.operations = this.products.reduce((sum, { weight }) => sum + 6 * rows * weight.size, 0);
  }

  /** The forward products, then for each weight the gradients of its input and of itself. */
  run(): void {
    const { device } = this;
    for (const { weight, input, output, transposed } of this.products)
      device.matmul(output, input, weight, { transposeB: transposed });
    for (const { weight, gradient, input, output, transposed } of [...this.products].reverse()) {
      device.matmul(input, output, weight, { transposeB: !transposed });
      const [left, right] = transposed ? [output, input] : [input, output];
      device.matmul(gradient, left, right, { transposeA: true, accumulate: true });
    }
  }

  /** Clears the gradients, so that a step can begin, and resets the activations, which would otherwise overflow. */
  reset(): void {
    this.device.fill(this.gradients, 0);
    for (const { input, output } of this.products)
      for (const tensor of [input, output]) this.device.fill(tensor, 0.01);
  }
}

function requireGradients(gradients: Tensor | undefined): Tensor {
  if (!gradients) throw new Error('the model was made for inference');
  return gradients;
}
