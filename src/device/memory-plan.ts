// How much memory something would take on a device, found by building it against a device that only counts.

import type { Device } from './device.js';
import { bytesPerElement, type DType, Tensor } from './tensor.js';

/** Bytes by what they are for, as labelled by `allocate`. */
export type MemoryPlan = ReadonlyMap<string, number>;

export function totalBytes(plan: MemoryPlan): number {
  return [...plan.values()].reduce((total, bytes) => total + bytes, 0);
}

/** What `build` would allocate on `device`; nothing is, and `build` must only allocate. */
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
