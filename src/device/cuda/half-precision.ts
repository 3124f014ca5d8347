// Converts between float32 and the two 16-bit types that JavaScript lacks: bfloat16 (the upper half of a float32) and
// IEEE binary16. Rounds to nearest, ties to even; NaN stays NaN.

import type { DType } from '../tensor.js';

export type HalfType = Extract<DType, 'bf16' | 'f16'>;

export function isHalf(dtype: DType): dtype is HalfType {
  return dtype === 'bf16' || dtype === 'f16';
}

/** to[i] = from[i] for all of `from`. */
export function narrow(to: Uint16Array, from: Float32Array, type: HalfType): void {
  const bits = new Uint32Array(from.buffer, from.byteOffset, from.length);
  const rounded = type === 'bf16' ? toBf16 : toF16;
  for (let at = 0; at < bits.length; at++) to[at] = rounded(bits[at] ?? 0);
}

export function widen(to: Float32Array, from: Uint16Array, type: HalfType): void {
  const bits = new Uint32Array(to.buffer, to.byteOffset, to.length);
  if (type === 'bf16') for (let at = 0; at < from.length; at++) bits[at] = (from[at] ?? 0) << 16;
  else for (let at = 0; at < from.length; at++) to[at] = fromF16(from[at] ?? 0);
}

/** The 16 bits of one number. */
export function narrowed(value: number, type: HalfType): number {
  const bits = new Uint16Array(1);
  narrow(bits, Float32Array.of(value), type);
  return bits[0] ?? 0;
}

function toBf16(bits: number): number {
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return ((bits | 0x400000) >>> 16) & 0xffff;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

function toF16(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // From the midpoint between the largest finite number and 2^16 on, values round to infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000)
    return sign | ((magnitude + 0xfff + ((magnitude >>> 13) & 1) - 0x38000000) >>> 13);
  // Subnormal: a multiple of 2^-24. Ties lie at odd multiples of 2^-25.
  const shift = 126 - (magnitude >>> 23);
  if (shift > 24) return sign;
  const significand = (magnitude & 0x7fffff) | 0x800000;
  const below = significand >>> shift;
  const rest = significand & (2 ** shift - 1);
  const half = 2 ** (shift - 1);
  return sign | (rest > half || (rest === half && (below & 1) === 1) ? below + 1 : below);
}

function fromF16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
