// Shape and dtype checks for all operations. A violation is a bug in the caller, so it throws a plain Error that names the
// operation, the tensor and both shapes. A check costs well under a microsecond per tensor.

import { type Device, dtypeOf, type Precision } from './device.js';
import { bytesPerElement, type DType, type FloatType, type Tensor } from './tensor.js';

/** @throws Error unless every tensor is f32 and has this shape. */
export function expectFloats(
  operation: string,
  shape: readonly number[],
  tensors: Readonly<Record<string, Tensor>>,
): void {
  expectAll(operation, 'f32', shape, tensors);
}

const precisions = Object.keys(dtypeOf) as readonly Precision[];

/** The dtype of `tensor`, which all floats of the call share. @throws Error if the device does not compute in it. */
export function floatType(operation: string, device: Pick<Device, 'precisions'>, tensor: Tensor): FloatType {
  const { dtype } = tensor;
  const precision = precisions.find((each) => dtypeOf[each] === dtype);
  if (dtype === 'i32' || precision === undefined || !device.precisions[precision].computes)
    throw new Error(`${operation}: ${show(tensor)} has a dtype that this device does not compute in`);
  return dtype;
}

/**
 * The dtype that `weights` must have beside activations of dtype `rows`: the same one, or bf16 if the device widens
 * read-only bf16 weights to f32.
 */
export function weightType(
  operation: string,
  { precisions: { bf16 } }: Pick<Device, 'precisions'>,
  weights: Tensor,
  rows: FloatType,
): FloatType {
  const widened = rows === 'f32' && weights.dtype === 'bf16';
  if (widened && !bf16.stores)
    throw new Error(`${operation}: ${show(weights)} has a dtype that this device does not widen`);
  return widened ? 'bf16' : rows;
}

/** @throws Error unless every tensor is i32 and has this shape. */
export function expectIntegers(
  operation: string,
  shape: readonly number[],
  tensors: Readonly<Record<string, Tensor>>,
): void {
  expectAll(operation, 'i32', shape, tensors);
}

/** @throws Error unless both have the same number of elements and bytes. Shapes may differ. */
export function expectSameSize(operation: string, one: Tensor, other: Tensor): void {
  if (one.size !== other.size || bytesPerElement[one.dtype] !== bytesPerElement[other.dtype])
    throw new Error(`${operation}: ${show(one)} and ${show(other)} differ in size`);
}

/** @throws Error unless `count` is divisible by `parts`. */
export function expectDivisible(operation: string, count: number, parts: number): void {
  if (!Number.isInteger(parts) || parts < 1 || count % parts !== 0)
    throw new Error(`${operation}: ${count} cannot be divided into ${parts} equal parts`);
}

export function show(tensor: Tensor): string {
  return `${tensor.storage.label} ${tensor.dtype}[${tensor.shape}]`;
}

/** @throws Error unless every tensor has this dtype and shape. */
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
