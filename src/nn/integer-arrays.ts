// Several arrays of integers on their way to a device in one copy: by themselves they would cost more than they weigh.

import type { Device } from '../device/device.js';
import type { Tensor } from '../device/tensor.js';

export class IntegerArrays {
  private readonly host: Int32Array;
  private filled = 0;

  /** @param target i32, where they are to lie, one after the other. */
  constructor(private readonly target: Tensor) {
    this.host = new Int32Array(target.size);
  }

  /**
   * Takes `values`, and after them, up to a number of `count`, what `padding` gives for each place.
   * @returns where they will lie, [count].
   */
  put(values: ArrayLike<number>, count = values.length, padding: (at: number) => number = () => 0): Tensor {
    const { host, filled } = this;
    host.set(values, filled);
    for (let at = values.length; at < count; at++) host[filled + at] = padding(at);
    this.filled += count;
    return this.target.rows(count, filled);
  }

  /** Copies all that were taken. */
  upload(device: Device): void {
    device.upload(this.target.rows(this.filled), this.host.subarray(0, this.filled));
  }
}
