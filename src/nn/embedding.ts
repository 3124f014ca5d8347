// The sum of token embeddings and learned position embeddings, with dropout.

import type { Device, Dropout } from '../device/device.js';
import type { Tensor } from '../device/tensor.js';
import type { Parameter, Parameters } from './parameters.js';

export class Embedding {
  private readonly token: Parameter;
  private readonly position: Parameter;

  constructor(
    private readonly device: Device,
    parameters: Parameters,
  ) {
    this.token = parameters.get('wte.weight');
    this.position = parameters.get('wpe.weight');
  }

  /** out[R,C] from tokens and positions, i32[R]. */
  forward(out: Tensor, tokens: Tensor, positions: Tensor, dropout: Dropout): void {
    const tables = { token: this.token.value, position: this.position.value };
    this.device.embedding(out, tokens, positions, tables, dropout);
  }

  /** Adds to the gradients of both tables from gradOut[R,C]. */
  backward(gradOut: Tensor, tokens: Tensor, positions: Tensor, dropout: Dropout): void {
    const gradients = { token: this.token.gradient, position: this.position.gradient };
    this.device.embeddingBackward(gradients, gradOut, tokens, positions, dropout);
  }
}
