// Operands for measurements. They are random, because a card that computes with zeros draws less power and clocks higher.

import { type Device, dtypeOf, type Precision } from '../../src/device/device.js';
import type { DType, Tensor } from '../../src/device/tensor.js';
import { Random } from '../../src/random.js';

/** A prime, so that no two rows of a matrix are equal. */
const stretch = 1_048_573;

export class Operands {
  /** The dtype of activations and weights. */
  readonly dtype: DType;
  readonly #numbers: Float32Array;

  constructor(
    readonly device: Device,
    readonly precision: Precision,
  ) {
    const random = new Random(1);
    this.dtype = dtypeOf[precision];
    this.#numbers = Float32Array.from({ length: stretch }, () => random.next() / 2 ** 31 - 1);
  }

  /** Uniform in (-1, 1): one stretch of random numbers, repeated on the card, which is faster than uploading them all. */
  random(shape: readonly number[], dtype: DType = this.dtype): Tensor {
    const tensor = this.zeros(shape, dtype);
    const { size } = tensor;
    const first = Math.min(stretch, size);
    this.device.upload(tensor.view(0, [first]), this.#numbers.subarray(0, first));
    for (let filled = first; filled < size; filled *= 2) {
      const count = [Math.min(filled, size - filled)];
      this.device.copy(tensor.view(filled, count), tensor.view(0, count));
    }
    return tensor;
  }

  zeros(shape: readonly number[], dtype: DType = this.dtype): Tensor {
    return this.device.allocate('operands', shape, dtype);
  }

  integers(values: Int32Array, shape: readonly number[] = [values.length]): Tensor {
    const tensor = this.zeros(shape, 'i32');
    this.device.upload(tensor, values);
    return tensor;
  }
}
