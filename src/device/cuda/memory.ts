// The card memory behind a CUDA device's tensors: allocated before the first step and freed together. Also transfers in
// the order of the device's stream, with 16-bit floats converted on the host. While work is captured for replay,
// transfers and allocations are errors.

import type { Fetched } from '../device.js';
import type { DeviceMemory } from '../kernel-device.js';
import type { MemoryPlan } from '../memory-plan.js';
import { expectSameSize, show } from '../shapes.js';
import { bytesPerElement, type DType, Tensor } from '../tensor.js';
import type { CardContext } from './card-context.js';
import { isHalf, narrow, narrowed, widen } from './half-precision.js';
import { Staging } from './staging.js';

/** The alignment that every kernel and product may rely on. */
const alignment = 256;
/** Extra bytes of a reservation, for the gaps between the tensors cut from it. */
const alignmentSlack = 2 ** 20;
/**
 * Left free for the driver, which loads kernels and creates graphs during a run. The memory plan does not include them.
 */
const driverReserve = 256 * 2 ** 20;
/** Numbers converted at a time, so that a model's weights do not lie in host memory twice. */
const conversionChunk = 2 ** 20;

export class CudaMemory implements DeviceMemory {
  readonly #addresses: number[] = [];
  readonly #plan = new Map<string, number>();
  readonly #staging: Staging;
  readonly #freeAtStart: number;
  #reserved = { address: 0, left: 0 };
  #sealed: string | undefined;
  #most = 0;

  constructor(readonly context: CardContext) {
    this.#freeAtStart = context.driver.memGetInfo().free;
    this.#staging = new Staging(context, (bytes) => this.scratch('workspace', bytes));
  }

  /** Allocated bytes by label. */
  get plan(): MemoryPlan {
    return this.#plan;
  }

  /** Bytes by which free memory has shrunk since this was created: allocations and the driver's own use. */
  inUse(): number {
    return Math.max(0, this.#freeAtStart - this.context.driver.memGetInfo().free);
  }

  /** The most bytes in use so far. */
  peak(): number {
    if (!this.context.driver.lost) this.#most = Math.max(this.#most, this.inUse());
    return this.#most;
  }

  available(): number {
    return Math.max(0, this.context.driver.memGetInfo().free - driverReserve);
  }

  /** Later allocations are cut from this memory until it is used up. */
  reserve(bytes: number): void {
    this.#reserved = { address: this.#take('the run', bytes + alignmentSlack), left: bytes + alignmentSlack };
  }

  allocate(label: string, shape: readonly number[], dtype: DType): Tensor {
    this.#expectOpen('allocates');
    if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0))
      throw new Error(`allocate: [${shape}] is not a valid shape (${label})`);
    const size = shape.reduce((product, extent) => product * extent, 1);
    const bytes = Math.max(1, size) * bytesPerElement[dtype];
    const address = this.scratch(label, bytes);
    this.context.driver.memset8(address, 0, bytes, this.context.stream);
    return new Tensor({ address, bytes, label }, 0, shape, dtype);
  }

  /** Memory without a tensor, uninitialised. */
  scratch(label: string, bytes: number): number {
    const size = Math.ceil(bytes / alignment) * alignment;
    const { address, left } = this.#reserved;
    const fits = size <= left;
    if (fits) this.#reserved = { address: address + size, left: left - size };
    const found = fits ? address : this.#take(label, bytes);
    this.#plan.set(label, (this.#plan.get(label) ?? 0) + bytes);
    return found;
  }

  #take(label: string, bytes: number): number {
    const address = this.context.driver.alloc(bytes, label);
    this.#addresses.push(address);
    this.peak();
    return address;
  }

  upload(target: Tensor, data: Float32Array | Int32Array): void {
    this.#expectOpen('uploads');
    const { dtype, address, size } = target;
    const integers = data instanceof Int32Array;
    if (integers !== (dtype === 'i32') || data.length !== size)
      throw new Error(
        `upload: ${data.length} ${integers ? 'i32' : 'f32'} elements do not match ${show(target)}`,
      );
    if (integers || !isHalf(dtype)) {
      this.#staging.upload(address, data);
      return;
    }
    const halves = new Uint16Array(Math.min(size, conversionChunk));
    for (let from = 0; from < size; from += conversionChunk) {
      const part = data.subarray(from, from + conversionChunk);
      narrow(halves, part, dtype);
      this.#staging.upload(address + from * bytesPerElement[dtype], halves.subarray(0, part.length));
    }
  }

  download(source: Tensor, into?: Float32Array): Float32Array {
    this.#expectOpen('downloads');
    const { dtype, address, size } = source;
    if (dtype === 'i32') throw new Error(`download: ${show(source)} does not hold floats`);
    const data = into ?? new Float32Array(size);
    if (size === 0) return data;
    if (!isHalf(dtype)) {
      this.#staging.download(data, address);
      return data;
    }
    const halves = new Uint16Array(size);
    this.#staging.download(halves, address);
    widen(data, halves, dtype);
    return data;
  }

  /** Reads `source` without waiting. If too many fetches are in flight, it waits after all. */
  fetch(source: Tensor): Fetched {
    this.#expectOpen('fetches');
    const { dtype, address, size } = source;
    const bytes = dtype === 'i32' ? 0 : size * bytesPerElement[dtype];
    const landing = bytes > 0 ? this.#staging.fetch(address, bytes) : undefined;
    if (landing === undefined) {
      const data = this.download(source);
      return { ready: () => true, wait: () => data };
    }
    let data: Float32Array | undefined;
    return {
      ready: () => data !== undefined || landing.ready(),
      wait: () => {
        if (data !== undefined) return data;
        const { buffer } = landing.wait().slice();
        data = isHalf(dtype) ? new Float32Array(size) : new Float32Array(buffer);
        if (isHalf(dtype)) widen(data, new Uint16Array(buffer), dtype);
        return data;
      },
    };
  }

  fill({ dtype, address, size }: Tensor, value: number): void {
    if (size === 0) return;
    const { driver, stream } = this.context;
    if (isHalf(dtype)) driver.memset16(address, narrowed(value, dtype), size, stream);
    else {
      const bits = dtype === 'f32' ? new Int32Array(Float32Array.of(value).buffer)[0] : value;
      driver.memset32(address, bits ?? 0, size, stream);
    }
  }

  copy(target: Tensor, source: Tensor): void {
    expectSameSize('copy', target, source);
    const bytes = target.size * bytesPerElement[target.dtype];
    const { driver, stream } = this.context;
    if (bytes > 0) driver.copyOnDevice(target.address, source.address, bytes, stream);
  }

  /**
   * Runs `work`, during which transfers and allocations throw.
   * @param name the work's name in messages
   */
  sealed(name: string, work: () => void): void {
    if (this.#sealed !== undefined) throw new Error(`replay: ${name} within ${this.#sealed}`);
    this.#sealed = name;
    try {
      work();
    } finally {
      this.#sealed = undefined;
    }
  }

  releaseAll(): void {
    for (const address of this.#addresses.splice(0)) this.context.driver.free(address);
    this.#reserved = { address: 0, left: 0 };
    this.#plan.clear();
    this.#staging.dispose();
  }

  #expectOpen(does: string): void {
    if (this.#sealed !== undefined) throw new Error(`replay: ${this.#sealed} ${does}, which no graph can do`);
  }
}
