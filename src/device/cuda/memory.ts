// The card's memory behind a CUDA device's tensors: allocated before the first step, freed together; and what goes in
// and out of it, in the order of the device's one stream.

import type { DeviceMemory } from '../kernel-device.js';
import { expectSameSize, show } from '../shapes.js';
import { bytesPerElement, type DType, Tensor } from '../tensor.js';
import type { Context } from './driver.js';

export class CudaMemory implements DeviceMemory {
  readonly #addresses: number[] = [];
  #allocated = 0;

  constructor(readonly context: Context) {}

  /** Bytes allocated so far; all of them stay until the end. */
  get allocated(): number {
    return this.#allocated;
  }

  available(): number {
    return this.context.freeMemory();
  }

  allocate(label: string, shape: readonly number[], dtype: DType): Tensor {
    if (dtype === 'bf16' || dtype === 'f16') throw new Error(`allocate: no ${dtype} on CUDA (${label})`);
    if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0))
      throw new Error(`allocate: [${shape}] is no shape (${label})`);
    const size = Math.max(
      1,
      shape.reduce((product, extent) => product * extent, 1),
    );
    const bytes = size * bytesPerElement[dtype];
    const address = this.scratch(label, bytes);
    this.context.fill(address, 0, size);
    return new Tensor({ address, bytes, label }, 0, shape, dtype);
  }

  /** Memory that no tensor names, as it is. */
  scratch(label: string, bytes: number): number {
    const address = this.context.allocate(label, bytes);
    this.#addresses.push(address);
    this.#allocated += bytes;
    return address;
  }

  upload(target: Tensor, data: Float32Array | Int32Array): void {
    const dtype = data instanceof Float32Array ? 'f32' : 'i32';
    if (dtype !== target.dtype || data.length !== target.size)
      throw new Error(`upload: ${data.length} ${dtype} do not fill ${show(target)}`);
    if (target.size > 0) this.context.copyIn(target.address, data);
  }

  download(source: Tensor): Float32Array {
    if (source.dtype === 'i32') throw new Error(`download: ${show(source)} does not hold floats`);
    const data = new Float32Array(source.size);
    if (source.size > 0) this.context.copyOut(data, source.address);
    return data;
  }

  fill(target: Tensor, value: number): void {
    const bits = target.dtype === 'f32' ? new Int32Array(Float32Array.of(value).buffer)[0] : value;
    if (target.size > 0) this.context.fill(target.address, bits ?? 0, target.size);
  }

  copy(target: Tensor, source: Tensor): void {
    expectSameSize('copy', target, source);
    if (target.size > 0)
      this.context.copy(target.address, source.address, target.size * bytesPerElement[target.dtype]);
  }

  releaseAll(): void {
    for (const address of this.#addresses.splice(0)) this.context.free(address);
    this.#allocated = 0;
  }
}
