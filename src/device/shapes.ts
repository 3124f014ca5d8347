// One place for what every operation demands of its tensors. A violation is a defect of the caller, so it is a plain
// Error that names the operation, the tensor, and both shapes. A check costs well under a microsecond a tensor.

import { bytesPerElement, type DType, type Tensor } from './tensor.js';

/** Every one of `tensors` is f32 and of that shape. */
export function expectFloats(
  operation: string,
  shape: readonly number[],
  tensors: Readonly<Record<string, Tensor>>,
): void {
  expectAll(operation, 'f32', shape, tensors);
}

/** bf16 for weights that are kept so, f32 for all others. */
export function weightType({ dtype }: Tensor): 'f32' | 'bf16' {
  return dtype === 'bf16' ? 'bf16' : 'f32';
}

/** Every one of `tensors` is i32 and of that shape. */
export function expectIntegers(
  operation: string,
  shape: readonly number[],
  tensors: Readonly<Record<string, Tensor>>,
): void {
  expectAll(operation, 'i32', shape, tensors);
}

/** As many elements and bytes, in whatever shape. */
export function expectSameSize(operation: string, one: Tensor, other: Tensor): void {
  if (one.size !== other.size || bytesPerElement[one.dtype] !== bytesPerElement[other.dtype])
    throw new Error(`${operation}: ${show(one)} and ${show(other)} differ in size`);
}

/** `count` is `parts` times a whole number. */
export function expectDivisible(operation: string, count: number, parts: number): void {
  if (!Number.isInteger(parts) || parts < 1 || count % parts !== 0)
    throw new Error(`${operation}: ${count} cannot be cut into ${parts} equal parts`);
}

export function show(tensor: Tensor): string {
  return `${tensor.storage.label} ${tensor.dtype}[${tensor.shape}]`;
}

/** Every one of `tensors` is of that type and shape. */
export function expectAll(
  operation: string,
  dtype: DType,
  shape: readonly number[],
  tensors: Readonly<Record<string, Tensor>>,
): void {
  for (const name in tensors) {
    const tensor = tensors[name];
    if (tensor !== undefined && !fits(tensor, dtype, shape))
      throw new Error(`${operation}: ${name} is ${show(tensor)}, expected ${dtype}[${shape}]`);
  }
}

function fits(tensor: Tensor, dtype: DType, shape: readonly number[]): boolean {
  if (tensor.dtype !== dtype || tensor.shape.length !== shape.length) return false;
  for (let axis = 0; axis < shape.length; axis++) if (tensor.shape[axis] !== shape[axis]) return false;
  return true;
}
