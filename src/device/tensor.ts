// A tensor is a row-major view of device memory. It owns no memory and computes nothing.

/**
 * `q8` are read-only weights: each row is cut into blocks of 32 numbers, stored as 8-bit integers with a common scale of 16
 * bits.
 */
export type DType = 'f32' | 'i32' | 'bf16' | 'f16' | 'q8';
/** The dtypes of activations and weights. */
export type FloatType = Exclude<DType, 'i32' | 'q8'>;
/** The dtypes of weights. */
export type WeightType = FloatType | 'q8';

/** The numbers of a q8 block. A row has whole blocks. */
export const blockSize = 32;

export const bytesPerElement = {
  f32: 4,
  i32: 4,
  bf16: 2,
  f16: 2,
  q8: (blockSize + 2) / blockSize,
} as const satisfies Record<DType, number>;

/** One allocation of a device. `address` is a pointer on `cpu` and `cuda`, an opaque handle elsewhere. */
export interface Storage {
  readonly address: number;
  readonly bytes: number;
  readonly label: string;
}

export class Tensor {
  readonly size: number;

  /** @param offset in elements from the start of `storage`. */
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly dtype: DType,
  ) {
    this.size = shape.reduce((product, extent) => product * extent, 1);
    if (offset < 0 || (offset + this.size) * bytesPerElement[dtype] > storage.bytes)
      throw new RangeError(`[${shape}] at ${offset} is outside ${storage.label} (${storage.bytes} bytes)`);
  }

  /** The size of dimension `axis`. */
  extent(axis: number): number {
    const extent = this.shape[axis];
    if (extent === undefined) throw new RangeError(`${this.storage.label} has no dimension ${axis}`);
    return extent;
  }

  /** The address of the first element (`cpu` and `cuda`). */
  get address(): number {
    return this.storage.address + this.offset * bytesPerElement[this.dtype];
  }

  /** A view of `count` entries of the first dimension, starting at entry `from`. */
  rows(count: number, from = 0): Tensor {
    if (count === this.shape[0] && from === 0) return this;
    const [first = 0, ...rest] = this.shape;
    if (from < 0 || from + count > first)
      throw new RangeError(`rows ${from}..${from + count} are outside ${this.storage.label} [${this.shape}]`);
    const stride = rest.reduce((product, extent) => product * extent, 1);
    return new Tensor(this.storage, this.offset + from * stride, [count, ...rest], this.dtype);
  }

  /** A view of the given shape, starting at element `offset` of this tensor. */
  view(offset: number, shape: readonly number[]): Tensor {
    return new Tensor(this.storage, this.offset + offset, shape, this.dtype);
  }
}
