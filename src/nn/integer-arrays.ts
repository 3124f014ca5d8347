// Uploads several small integer arrays in one copy, because each copy to a device has a fixed cost.

import type { Device } from '../device/device.js';
import type { Tensor } from '../device/tensor.js';

export class IntegerArrays {
  private readonly host: Int32Array;
  private filled = 0;

  /** @param target i32, the memory that receives the arrays one after another. */
  constructor(private readonly target: Tensor) {
    this.host = new Int32Array(target.size);
  }

  /**
   * Adds `values`, padded to `count` elements with `padding(index)`.
   * @returns the view [count] of the target that will hold them.
   */
  put(values: ArrayLike<number>, count = values.length, padding: (at: number) => number = () => 0): Tensor {
    const { host, filled } = this;
    host.set(values, filled);
    for (let at = values.length; at < count; at++) host[filled + at] = padding(at);
    this.filled += count;
    return this.target.rows(count, filled);
  }

  /** Copies all arrays to the device. */
  upload(device: Device): void {
    device.upload(this.target.rows(this.filled), this.host.subarray(0, this.filled));
  }
}
