// Shape and dtype checks for all operations. A violation is a bug in the caller, so it throws a plain Error that names the
// operation, the tensor and both shapes. A check costs well under a microsecond per tensor.

import { type Device, dtypeOf, type Precision, type WeightPrecision } from './device.js';
import {
  blockSize,
  bytesPerElement,
  type DType,
  type FloatType,
  type Tensor,
  type WeightType,
} from './tensor.js';

/** @throws Error unless every tensor is f32 and has this shape. */
export function expectFloats(
  operation: string,
  shape: readonly number[],
  tensors: Readonly<Record<string, Tensor>>,
): void {
  expectAll(operation, 'f32', shape, tensors);
}

const precisions: readonly Precision[] = ['fp32', 'bf16', 'fp16'];
const narrowWeights = ['bf16', 'int8'] as const satisfies readonly WeightPrecision[];

/** The dtype of `tensor`, which all floats of the call share. @throws Error if the device does not compute in it. */
export function floatType(operation: string, device: Pick<Device, 'precisions'>, tensor: Tensor): FloatType {
  const { dtype } = tensor;
  const precision = precisions.find((each) => dtypeOf[each] === dtype);
  if (dtype === 'i32' || dtype === 'q8' || precision === undefined || !device.precisions[precision].computes)
    throw new Error(`${operation}: ${show(tensor)} has a dtype that this device does not compute in`);
  return dtype;
}

/**
 * The dtype that `weights` must have beside activations of dtype `rows`: the same one, a narrower one if the device widens
 * read-only weights of it to f32, or f32 if the device rounds them.
 */
export function weightType(
  operation: string,
  device: Pick<Device, 'precisions'>,
  weights: Tensor,
  rows: FloatType,
): WeightType {
  const narrow = narrowWeights.find((precision) => dtypeOf[precision] === weights.dtype);
  if (rows !== 'f32') {
    const precision = precisions.find((each) => dtypeOf[each] === rows);
    const rounds = precision !== undefined && device.precisions[precision].rounds;
    return rounds && weights.dtype === 'f32' ? 'f32' : rows;
  }
  if (narrow === undefined) return rows;
  if (!device.precisions[narrow].stores)
    throw new Error(`${operation}: ${show(weights)} has a dtype that this device does not widen`);
  if (narrow === 'int8' && (weights.shape.at(-1) ?? 0) % blockSize !== 0)
    throw new Error(`${operation}: the rows of ${show(weights)} are not whole blocks`);
  return dtypeOf[narrow];
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
