// The card's memory behind a CUDA device's tensors: allocated before the first step, freed together; and what goes in
// and out of it, in the order of the device's stream. Halves are converted on this side. While work is recorded to be
// replayed, nothing may go in or out, nor be allocated.

import type { Fetched } from '../device.js';
import type { DeviceMemory } from '../kernel-device.js';
import type { MemoryPlan } from '../memory-plan.js';
import { expectSameSize, show } from '../shapes.js';
import { bytesPerElement, type DType, Tensor } from '../tensor.js';
import type { CardContext } from './card-context.js';
import { isHalf, narrow, narrowed, widen } from './half-precision.js';
import { Staging } from './staging.js';

/** What every kernel and product may rely on. */
const alignment = 256;
/** Of a reservation, for what lies between the tensors that are cut from it. */
const between = 2 ** 20;
/** What is left to the driver, which loads kernels and keeps graphs as work goes on: no plan knows of them. */
const driversOwn = 256 * 2 ** 20;
/** Numbers that are converted at a time: a model's weights are not to lie in the host's memory twice. */
const mostConverted = 2 ** 20;

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

  /** What is allocated, by label, in bytes. */
  get plan(): MemoryPlan {
    return this.#plan;
  }

  /** Bytes that the card lacks since this began: what is allocated, with what the driver takes for itself besides. */
  inUse(): number {
    return Math.max(0, this.#freeAtStart - this.context.driver.memGetInfo().free);
  }

  /** The most bytes in use so far. */
  peak(): number {
    if (!this.context.driver.lost) this.#most = Math.max(this.#most, this.inUse());
    return this.#most;
  }

  available(): number {
    return Math.max(0, this.context.driver.memGetInfo().free - driversOwn);
  }

  /** What the allocations that follow are cut from, as long as it lasts. */
  reserve(bytes: number): void {
    this.#reserved = { address: this.#take('the run', bytes + between), left: bytes + between };
  }

  allocate(label: string, shape: readonly number[], dtype: DType): Tensor {
    this.#expectOpen('allocates');
    if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0))
      throw new Error(`allocate: [${shape}] is no shape (${label})`);
    const size = shape.reduce((product, extent) => product * extent, 1);
    const bytes = Math.max(1, size) * bytesPerElement[dtype];
    const address = this.scratch(label, bytes);
    this.context.driver.memset8(address, 0, bytes, this.context.stream);
    return new Tensor({ address, bytes, label }, 0, shape, dtype);
  }

  /** Memory that no tensor names, as it is. */
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
      throw new Error(`upload: ${data.length} ${integers ? 'i32' : 'f32'} do not fill ${show(target)}`);
    if (integers || !isHalf(dtype)) {
      this.#staging.upload(address, data);
      return;
    }
    const halves = new Uint16Array(Math.min(size, mostConverted));
    for (let from = 0; from < size; from += mostConverted) {
      const part = data.subarray(from, from + mostConverted);
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

  /** What `source` will hold, without waiting. Where too many are on their way, it is waited for all the same. */
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

  /** Runs `work`, during which nothing goes in or out. @param name of the work, in messages. */
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
