// The base class of all devices: checked operations, memory that lives until `dispose`, and nothing more to do once it is
// gone. It does not know where the kernels run.

import { CheckedOperations, type Kernels } from './checked-operations.js';
import type { Device, Fetched, MeasuredChoices } from './device.js';
import { show } from './shapes.js';
import type { DType, Tensor } from './tensor.js';

/** The memory behind a device's tensors. The device contract describes the operations. */
export interface DeviceMemory extends Pick<Device, 'upload' | 'download' | 'fetch' | 'fill' | 'copy'> {
  /** Bytes that may still be allocated. */
  available(): number;
  allocate(label: string, shape: readonly number[], dtype: DType): Tensor;
  releaseAll(): void;
}

export abstract class KernelDevice extends CheckedOperations implements Device {
  abstract readonly kind: Device['kind'];
  abstract readonly description: string;
  abstract readonly vocabularyMultiple: number;
  abstract readonly rowMultiple: number;
  /** Libraries choose an algorithm by the shape of a product. */
  readonly steadyRows: Device['steadyRows'] = [];
  abstract readonly mostChannels: Device['mostChannels'];
  protected abstract readonly memory: DeviceMemory;
  #disposed = false;

  abstract peakMemory(): number;

  /** The kernels, prepared for calls from this device. */
  protected abstract kernels(): Kernels;

  ownMemory(): ReadonlyMap<string, number> {
    return new Map();
  }

  availableMemory(): number {
    return this.memory.available();
  }

  reserve(_bytes: number): void {}

  packedSize(_shape: readonly number[], _dtype: DType): number {
    return 0;
  }

  allocate(label: string, shape: readonly number[], dtype: DType = 'f32'): Tensor {
    this.ready();
    return this.memory.allocate(label, shape, dtype);
  }

  dispose(): void {
    this.memory.releaseAll();
    this.#disposed = true;
  }

  upload(target: Tensor, data: Float32Array | Int32Array): void {
    this.ready();
    this.memory.upload(target, data);
  }

  download(source: Tensor, into?: Float32Array): Float32Array {
    this.ready();
    if (into && into.length !== source.size)
      throw new Error(`download: ${show(source)} does not have ${into.length} elements`);
    return this.memory.download(source, into);
  }

  fetch(source: Tensor): Fetched {
    this.ready();
    return this.memory.fetch(source);
  }

  measuredChoices(): MeasuredChoices | null {
    return null;
  }

  repeatChoices(choices: MeasuredChoices): string | null {
    return `that was on ${choices.madeOn}, and this is ${this.description}`;
  }

  replay(_owner: object, _key: string, work: () => void): void {
    work();
  }

  fill(target: Tensor, value: number): void {
    this.ready();
    this.memory.fill(target, value);
  }

  copy(target: Tensor, source: Tensor): void {
    this.ready();
    this.memory.copy(target, source);
  }

  protected ready(): Kernels {
    if (this.#disposed) throw new Error(`the ${this.kind} device was disposed of`);
    return this.kernels();
  }
}
