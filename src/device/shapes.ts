// One place for what every operation demands of its tensors. A violation is a defect of the caller, so it is a plain
// Error that names the operation, the tensor, and both shapes. A check costs well under a microsecond a tensor.

import type { Precision } from './device.js';
import { bytesPerElement, type DType, type Tensor } from './tensor.js';

/** What rows of activations, and the weights that they meet, may be made of. */
export type FloatType = Exclude<DType, 'i32'>;

/** Every one of `tensors` is f32 and of that shape. */
export function expectFloats(
  operation: string,
  shape: readonly number[],
  tensors: Readonly<Record<string, Tensor>>,
): void {
  expectAll(operation, 'f32', shape, tensors);
}

/** What types of floats a device computes in: f32, and what its precisions add. */
export interface FloatTypes {
  readonly precisions: readonly Precision[];
  readonly weightPrecisions: readonly Precision[];
}

const precisionOf = { f32: 'fp32', bf16: 'bf16', f16: 'fp16' } as const satisfies Record<
  FloatType,
  Precision
>;

/** The type of all floats of a call, as one of its tensors has it. */
export function floatType(operation: string, { precisions }: FloatTypes, tensor: Tensor): FloatType {
  const { dtype } = tensor;
  if (dtype === 'i32' || !precisions.includes(precisionOf[dtype]))
    throw new Error(`${operation}: ${show(tensor)} is of no type that this device computes in`);
  return dtype;
}

/** The type of weights that are only read, beside rows of `rows`: that, or what the device widens. */
export function weightType(
  operation: string,
  { weightPrecisions }: FloatTypes,
  weights: Tensor,
  rows: FloatType,
): FloatType {
  const widened = rows === 'f32' && weights.dtype === 'bf16';
  if (widened && !weightPrecisions.includes('bf16'))
    throw new Error(`${operation}: ${show(weights)} is of no type that this device widens`);
  return widened ? 'bf16' : rows;
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
