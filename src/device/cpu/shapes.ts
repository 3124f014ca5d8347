// One place for what every operation demands of its tensors. A violation is a defect of the caller, so it is a plain
// Error that names the operation, the tensor, and both shapes. A check costs about a microsecond an operation.

import { bytesPerElement, type DType, type Tensor } from '../tensor.js';

/** A tensor and the shape that it must have. */
export type Expected = readonly [tensor: Tensor, ...shape: number[]];

export function expectFloats(operation: string, tensors: Readonly<Record<string, Expected>>): void {
  expectAll(operation, 'f32', tensors);
}

export function expectIntegers(operation: string, tensors: Readonly<Record<string, Expected>>): void {
  expectAll(operation, 'i32', tensors);
}

/** As many elements and bytes, in whatever shape. */
export function expectSameSize(operation: string, one: Tensor, other: Tensor): void {
  if (one.size !== other.size || bytesPerElement[one.dtype] !== bytesPerElement[other.dtype])
    throw new Error(`${operation}: ${show(one)} and ${show(other)} differ in size`);
}

/** `count` consists of that many equal `parts`. */
export function expectDivisible(operation: string, count: number, parts: number): void {
  if (!Number.isInteger(parts) || parts < 1 || count % parts !== 0)
    throw new Error(`${operation}: ${count} channels cannot be cut into ${parts} equal parts`);
}

export function show(tensor: Tensor): string {
  return `${tensor.storage.label} ${tensor.dtype}[${tensor.shape}]`;
}

function expectAll(operation: string, dtype: DType, tensors: Readonly<Record<string, Expected>>): void {
  for (const name in tensors) {
    const expected = tensors[name];
    if (expected !== undefined && !fits(expected, dtype)) {
      const [tensor, ...shape] = expected;
      throw new Error(`${operation}: ${name} is ${show(tensor)}, expected ${dtype}[${shape}]`);
    }
  }
}

function fits(expected: Expected, dtype: DType): boolean {
  const { shape, dtype: given } = expected[0];
  if (given !== dtype || shape.length !== expected.length - 1) return false;
  for (let axis = 0; axis < shape.length; axis++) if (shape[axis] !== expected[axis + 1]) return false;
  return true;
}
