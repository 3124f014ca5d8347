// The dtypes of weight files, and the conversion of floating-point ones to float32. Bytes are little-endian, as in all
// supported files and on all machines that Node runs on.

/** Bytes per element, by the dtype's name in safetensors. */
export const elementBytes = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
} as const;

export type ElementType = keyof typeof elementBytes;

export function isElementType(name: string): name is ElementType {
  return Object.hasOwn(elementBytes, name);
}

export type FloatType = 'F64' | 'F32' | 'F16' | 'BF16';

export function isFloatType(type: ElementType): type is FloatType {
  return type === 'F32' || type === 'F16' || type === 'BF16' || type === 'F64';
}

/** Converts the bits of an IEEE 754 half-precision number. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

let halfs: Float32Array | undefined;

function widenHalfs(bits: Uint16Array): Float32Array {
  halfs ??= Float32Array.from({ length: 65536 }, (_, index) => halfToNumber(index));
  const table = halfs;
  const numbers = new Float32Array(bits.length);
  for (let index = 0; index < bits.length; index++) numbers[index] = table[bits[index] ?? 0] ?? 0;
  return numbers;
}

/** bfloat16 is the upper half of a float32. */
function widenBfloats(bits: Uint16Array): Float32Array {
  const words = new Uint32Array(bits.length);
  for (let index = 0; index < bits.length; index++) words[index] = (bits[index] ?? 0) << 16;
  return new Float32Array(words.buffer);
}

/**
 * The elements of `bytes` as float32. F64 is rounded; the other dtypes are exact.
 * @param bytes whole elements, aligned in their buffer to the element size; F32 is not copied.
 */
export function toFloat32(bytes: Uint8Array<ArrayBuffer>, type: FloatType): Float32Array {
  const count = bytes.byteLength / elementBytes[type];
  switch (type) {
    case 'F32':
      return new Float32Array(bytes.buffer, bytes.byteOffset, count);
    case 'F64':
      return Float32Array.from(new Float64Array(bytes.buffer, bytes.byteOffset, count));
    case 'F16':
      return widenHalfs(new Uint16Array(bytes.buffer, bytes.byteOffset, count));
    case 'BF16':
      return widenBfloats(new Uint16Array(bytes.buffer, bytes.byteOffset, count));
    default:
      return type satisfies never;
  }
}
