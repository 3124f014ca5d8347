// The native memory behind the tensors of a CPU device, and transfers to and from it. It is allocated before the first step
// and freed all at once. bf16 and q8 exist only here and in the kernels: JavaScript sees their values as
// floats.

import { UserError } from '../../errors.js';
import { formatBytes } from '../../files/format-bytes.js';
import { option } from '../../option-names.js';
import type { Fetched } from '../device.js';
import type { DeviceMemory } from '../kernel-device.js';
import { expectSameSize, show } from '../shapes.js';
import { blockSize, bytesPerElement, type DType, Tensor } from '../tensor.js';
import type { NativeKernels } from './library.js';
import { availableBytes } from './processor.js';

/**
 * How long a reading of the system's free memory is used, in milliseconds. A reading takes most of a millisecond, and a
 * model has hundreds of allocations, which come at once.
 */
const readingLasts = 50;

export class NativeMemory implements DeviceMemory {
  readonly #availableAtStart = availableBytes();
  #reading = { bytes: this.#availableAtStart, at: performance.now() };
  readonly #allocations: { readonly address: number; readonly bytes: number }[] = [];
  #allocated = 0;

  constructor(readonly kernels: NativeKernels) {}

  /** Allocated memory counts as used, although the operating system only provides pages when they are first touched. */
  available(): number {
    const now = performance.now();
    if (now - this.#reading.at > readingLasts) this.#reading = { bytes: availableBytes(), at: now };
    return Math.max(0, Math.min(this.#reading.bytes, this.#availableAtStart - this.#allocated));
  }

  /** @throws UserError (device) if there is not enough memory. */
  allocate(label: string, shape: readonly number[], dtype: DType): Tensor {
    if (dtype === 'f16') throw new Error(`allocate: the CPU does not support ${dtype} (${label})`);
    if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0))
      throw new Error(`allocate: [${shape}] is not a valid shape (${label})`);
    const size = shape.reduce((product, extent) => product * extent, 1);
    if (dtype === 'q8' && size % blockSize !== 0)
      throw new Error(`allocate: [${shape}] is not whole blocks of ${dtype} (${label})`);
    const bytes = Math.max(1, size) * bytesPerElement[dtype];
    const available = this.available();
    const address = bytes <= available ? this.kernels.allocate(bytes) : 0;
    if (address === 0) throw outOfMemory(label, bytes, available);
    this.#allocations.push({ address, bytes });
    this.#allocated += bytes;
    return new Tensor({ address, bytes, label }, 0, shape, dtype);
  }

  upload(target: Tensor, data: Float32Array | Int32Array): void {
    const dtype = data instanceof Float32Array ? 'f32' : 'i32';
    const narrowed = dtype === 'f32' && (target.dtype === 'bf16' || target.dtype === 'q8');
    if ((dtype !== target.dtype && !narrowed) || data.length !== target.size)
      throw new Error(`upload: ${data.length} ${dtype} elements do not match ${show(target)}`);
    if (target.dtype === 'q8') this.kernels.upload_q8(target, data, data.length);
    else if (narrowed) this.kernels.upload_bf16(target, data, data.length);
    else this.kernels.upload(target, data, data.byteLength);
  }

  download(source: Tensor, into?: Float32Array): Float32Array {
    if (source.dtype === 'i32') throw new Error(`download: ${show(source)} does not hold floats`);
    const data = into ?? new Float32Array(source.size);
    if (source.dtype === 'q8') this.kernels.download_q8(data, source, data.length);
    else if (source.dtype === 'bf16') this.kernels.download_bf16(data, source, data.length);
    else this.kernels.download(data, source, data.byteLength);
    return data;
  }

  fetch(source: Tensor): Fetched {
    const data = this.download(source);
    return { ready: () => true, wait: () => data };
  }

  fill(target: Tensor, value: number): void {
    if (target.dtype === 'q8') throw new Error(`fill: ${show(target)} is only uploaded`);
    if (target.dtype === 'bf16') {
      this.kernels.fill_bf16(target, value, target.size);
      return;
    }
    const bits = target.dtype === 'f32' ? new Int32Array(Float32Array.of(value).buffer)[0] : value;
    this.kernels.fill(target, bits ?? 0, target.size);
  }

  copy(target: Tensor, source: Tensor): void {
    expectSameSize('copy', target, source);
    this.kernels.copy(target, source, target.size * bytesPerElement[target.dtype]);
  }

  releaseAll(): void {
    for (const { address, bytes } of this.#allocations.splice(0)) this.kernels.release(address, bytes);
    this.#allocated = 0;
  }
}

function outOfMemory(label: string, bytes: number, available: number): UserError {
  return new UserError(
    'out-of-memory',
    `not enough memory: ${label} needs ${formatBytes(bytes)} and ${formatBytes(available)} are available; lower ${option('perDeviceTrainBatchSize')} or ${option('maxLength')}, or add ${option('gradientCheckpointing', true)}.`,
  );
}
