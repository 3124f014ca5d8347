// Plans memory: builds a model or pass on a device that only counts allocations.

import type { Device } from './device.js';
import { bytesPerElement, type DType, Tensor } from './tensor.js';

/** Bytes by the label given to `allocate`. */
export type MemoryPlan = ReadonlyMap<string, number>;

export function totalBytes(plan: MemoryPlan): number {
  return [...plan.values()].reduce((total, bytes) => total + bytes, 0);
}

/** The memory that `build` would allocate on `device`. Nothing is allocated, and `build` must only allocate. */
export function planMemory(device: Device, build: (device: Device) => void): MemoryPlan {
  const plan = new Map<string, number>();
  const allocate = (label: string, shape: readonly number[], dtype: DType = 'f32'): Tensor => {
    const elements = shape.reduce((product, extent) => product * extent, 1);
    const bytes = elements * bytesPerElement[dtype];
    plan.set(label, (plan.get(label) ?? 0) + bytes);
    return new Tensor({ address: 0, bytes, label }, 0, shape, dtype);
  };
  const counting: Device = Object.create(device, { allocate: { value: allocate } });
  build(counting);
  return plan;
}
