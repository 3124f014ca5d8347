// The storages behind the device's tensors, and transfers to and from them. Floats are TensorFlow.js tensors. Integers
// (tokens, segments, indices, dropout counters) stay in JavaScript, which needs their values to choose what to compute.

import * as tf from '@tensorflow/tfjs-core';
import { UserError } from '../../errors.js';
import { formatBytes } from '../../files/format-bytes.js';
import { option } from '../../option-names.js';
import { availableBytes } from '../cpu/processor.js';
import type { Fetched } from '../device.js';
import type { DeviceMemory } from '../kernel-device.js';
import { expectSameSize, show } from '../shapes.js';
import { bytesPerElement, type DType, Tensor } from '../tensor.js';
import { FlatStorage } from './flat-storage.js';

export class TfjsMemory implements DeviceMemory {
  readonly #availableAtStart = availableBytes();
  readonly #storages = new Map<number, FlatStorage | Int32Array>();
  #allocated = 0;
  #next = 1;

  /** @param limit the maximum number of bytes that the backend can address. */
  constructor(private readonly limit = Number.POSITIVE_INFINITY) {}

  available(): number {
    const machine = Math.min(availableBytes(), this.#availableAtStart - this.#allocated);
    return Math.max(0, Math.min(machine, this.limit - this.#allocated));
  }

  /** @throws UserError (device) if there is not enough memory. */
  allocate(label: string, shape: readonly number[], dtype: DType): Tensor {
    if (dtype !== 'f32' && dtype !== 'i32')
      throw new Error(`allocate: TensorFlow.js does not support ${dtype} (${label})`);
    if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0))
      throw new Error(`allocate: [${shape}] is not a valid shape (${label})`);
    const size = shape.reduce((product, extent) => product * extent, 1);
    const bytes = Math.max(1, size) * bytesPerElement[dtype];
    const available = this.available();
    if (bytes > available) throw this.outOfMemory(`${label} needs ${formatBytes(bytes)}`, available);
    const address = this.#next++;
    this.#storages.set(address, dtype === 'i32' ? new Int32Array(size) : new FlatStorage(size));
    this.#allocated += bytes;
    return new Tensor({ address, bytes, label }, 0, shape, dtype);
  }

  /** @param what a clause that says what does not fit. */
  outOfMemory(what: string, available = this.available()): UserError {
    const limit = Number.isFinite(this.limit)
      ? ` (WebAssembly addresses ${formatBytes(this.limit)} at most; ${option('device', 'tfjs:node')} and ${option('device', 'cpu')} have no such limit)`
      : '';
    return new UserError(
      'out-of-memory',
      `not enough memory: ${what} and ${formatBytes(available)} are available${limit}; lower ${option('perDeviceTrainBatchSize')} or ${option('maxLength')}, or add ${option('gradientCheckpointing', true)}.`,
    );
  }

  /** The integers of a tensor, as a view of its storage. */
  integers({ storage, offset, size }: Tensor): Int32Array {
    const whole = this.#storages.get(storage.address);
    if (!(whole instanceof Int32Array)) throw new Error(`${storage.label} holds no integers`);
    return whole.subarray(offset, offset + size);
  }

  floats({ storage }: Tensor): FlatStorage {
    const whole = this.#storages.get(storage.address);
    if (!(whole instanceof FlatStorage)) throw new Error(`${storage.label} holds no floats`);
    return whole;
  }

  /** The elements of a tensor, in its own shape or another. The result belongs to the caller's tidy. */
  read<R extends tf.Rank = tf.Rank>(tensor: Tensor, shape: readonly number[] = tensor.shape): tf.Tensor<R> {
    return tf.reshape<R>(this.floats(tensor).read(tensor.offset, tensor.size), [...shape] as tf.ShapeMap[R]);
  }

  /** Stores `value`, which must have as many elements, in any shape. It outlives the caller's tidy. */
  write(target: Tensor, value: tf.Tensor): void {
    if (value.size !== target.size) throw new Error(`${value.size} elements do not match ${show(target)}`);
    if (target.size > 0) this.floats(target).write(target.offset, value);
  }

  /** target += value. */
  add(target: Tensor, value: tf.Tensor): void {
    const before = this.floats(target).constant(target.offset, target.size);
    this.write(target, before === 0 ? value : tf.add(this.read(target, value.shape), value));
  }

  upload(target: Tensor, data: Float32Array | Int32Array): void {
    const dtype = data instanceof Float32Array ? 'f32' : 'i32';
    if (dtype !== target.dtype || data.length !== target.size)
      throw new Error(`upload: ${data.length} ${dtype} elements do not match ${show(target)}`);
    if (dtype === 'i32') this.integers(target).set(data);
    // Copied, because a backend may keep the array.
    else tf.tidy(() => this.write(target, tf.tensor1d(data.slice(), 'float32')));
  }

  download(source: Tensor, into?: Float32Array): Float32Array {
    if (source.dtype === 'i32') throw new Error(`download: ${show(source)} does not hold floats`);
    const data = into ?? new Float32Array(source.size);
    tf.tidy(() => {
      for (const { offset, size, content } of this.floats(source).parts(source.offset, source.size)) {
        const from = offset - source.offset;
        if (typeof content === 'number') data.fill(content, from, from + size);
        else data.set(content.dataSync(), from);
      }
    });
    return data;
  }

  fetch(source: Tensor): Fetched {
    const data = this.download(source);
    return { ready: () => true, wait: () => data };
  }

  fill(target: Tensor, value: number): void {
    if (target.dtype === 'i32') this.integers(target).fill(value);
    else tf.tidy(() => this.floats(target).fill(target.offset, target.size, value));
  }

  copy(target: Tensor, source: Tensor): void {
    expectSameSize('copy', target, source);
    if (target.size === 0) return;
    if (target.dtype === 'i32') this.integers(target).set(this.integers(source));
    else tf.tidy(() => this.write(target, this.read(source)));
  }

  releaseAll(): void {
    for (const storage of this.#storages.values()) if (storage instanceof FlatStorage) storage.release();
    this.#storages.clear();
    this.#allocated = 0;
  }
}
