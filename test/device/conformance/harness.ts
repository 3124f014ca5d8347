// Shared by the conformance tests: seeded random numbers, tensors that detect reads and writes out of bounds, and comparison
// with float64 references. It knows nothing about the operations.

import assert from 'node:assert/strict';
import type { Device, Dropout } from '../../../src/device/device.js';
import { type FloatType, Tensor } from '../../../src/device/tensor.js';
import {
  at,
  type DropoutSettings,
  finiteDifferences,
  type Numbers,
  roundToBf16,
  roundToF16,
} from '../reference.js';

/** Elements before and after every tensor: 37 makes tensors unaligned for every vector length, 64 aligned for all. */
const margins = { unaligned: 37, aligned: 64 } as const;
/** The content of the margins: NaN around floats, which shows in every result, and an invalid index around integers. */
const guard = { f32: Number.NaN, bf16: Number.NaN, f16: Number.NaN, i32: -7_777_777 } as const;

/** A seeded random generator (Mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** In [0, 1). */
  uniform(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let word = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word;
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Normally distributed numbers, exactly representable in float32. */
  normals(count: number, deviation = 1, mean = 0): Float64Array {
    const numbers = new Float64Array(count);
    for (let index = 0; index < count; index++) {
      const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
      numbers[index] = Math.fround(mean + deviation * radius * Math.cos(2 * Math.PI * this.uniform()));
    }
    return numbers;
  }

  /** Integers in 0..below-1. */
  integers(count: number, below: number): Int32Array {
    return Int32Array.from({ length: count }, () => Math.floor(this.uniform() * below));
  }

  /** `count` distinct integers in 0..below-1, in random order. */
  distinct(count: number, below: number): Int32Array {
    const all = Array.from({ length: below }, (_, value) => [this.uniform(), value] as const);
    return Int32Array.from(all.sort(([a], [b]) => a - b).slice(0, count), ([, value]) => value);
  }
}

/** The maximum relative rounding error of each dtype. */
const unitRoundoff = { f32: 2 ** -24, bf16: 2 ** -8, f16: 2 ** -11 } as const satisfies Record<
  FloatType,
  number
>;

/** A device with guarded tensors, in one of its float dtypes. */
export class Bench {
  readonly #watched: { readonly name: string; readonly margins: readonly Tensor[] }[] = [];

  constructor(
    readonly device: Device,
    /** The dtype of activations and weights. */
    readonly type: FloatType = 'f32',
    readonly alignment: keyof typeof margins = 'unaligned',
  ) {}

  /** Values rounded to the bench's dtype, so that the device and the reference get the same inputs. */
  rounded(values: Float64Array): Float64Array {
    if (this.type === 'f32') return values;
    return values.map(this.type === 'bf16' ? roundToBf16 : roundToF16);
  }

  /**
   * The allowed relative error: `float32` for float32 arithmetic, plus one unit roundoff per rounding to a narrower dtype.
   * @param roundings how often the result and its intermediate values are rounded.
   */
  tolerance(roundings: number, float32 = tight): number {
    return float32 + (this.type === 'f32' ? 0 : roundings * unitRoundoff[this.type]);
  }

  /** An f32 tensor with the given values. */
  floats(name: string, shape: readonly number[], values: Numbers): Tensor {
    return this.#filled(name, shape, 'f32', values);
  }

  /** A tensor of the bench's dtype with the given values, for activations and weights. */
  typed(name: string, shape: readonly number[], values: Numbers): Tensor {
    return this.#filled(name, shape, this.type, values);
  }

  /** A bf16 tensor with the given values. */
  narrow(name: string, shape: readonly number[], values: Numbers): Tensor {
    const tensor = this.#allocate(name, shape, 'bf16');
    this.device.upload(tensor, Float32Array.from(values));
    return tensor;
  }

  /** An i32 tensor. @param shape default: [values.length]. */
  integers(name: string, values: Numbers, shape: readonly number[] = [values.length]): Tensor {
    const tensor = this.#allocate(name, shape, 'i32');
    this.device.upload(tensor, Int32Array.from(values));
    return tensor;
  }

  /** An f32 tensor to be overwritten, filled with a huge number that shows if it is read or not overwritten. */
  output(name: string, shape: readonly number[]): Tensor {
    return this.#blank(name, shape, 'f32');
  }

  /** A tensor of the bench's dtype to be overwritten; see `output`. */
  typedOutput(name: string, shape: readonly number[]): Tensor {
    return this.#blank(name, shape, this.type);
  }

  dropout({ probability, site, counter }: DropoutSettings): Dropout {
    return { probability, site, counter: this.integers('dropout counter', counter) };
  }

  /** The values of a tensor. First checks that nothing was written outside any tensor. */
  read(tensor: Tensor): Float32Array {
    for (const { name, margins } of this.#watched)
      for (const side of margins)
        assert.ok(this.device.download(side).every(Number.isNaN), `something was written outside ${name}`);
    return this.device.download(tensor);
  }

  #blank(name: string, shape: readonly number[], type: FloatType): Tensor {
    const tensor = this.#allocate(name, shape, type);
    this.device.fill(tensor, type === 'f16' ? 6e4 : 1e30);
    return tensor;
  }

  #filled(name: string, shape: readonly number[], type: FloatType, values: Numbers): Tensor {
    const tensor = this.#allocate(name, shape, type);
    if (tensor.size > 0) this.device.upload(tensor, Float32Array.from(values));
    return tensor;
  }

  #allocate(name: string, shape: readonly number[], dtype: keyof typeof guard): Tensor {
    const margin = margins[this.alignment];
    const size = shape.reduce((product, extent) => product * extent, 1);
    const whole = this.device.allocate(name, [size + 2 * margin], dtype);
    this.device.fill(whole, guard[dtype]);
    const sides = [whole.view(0, [margin]), whole.view(margin + size, [margin])];
    if (dtype !== 'i32') this.#watched.push({ name, margins: sides });
    return new Tensor(whole.storage, margin, shape, dtype);
  }
}

/** Declares a test that gets its own bench. */
export type Check = (name: string, body: (bench: Bench) => void) => void;

/** The relative tolerance for a few float32 roundings. */
export const tight = 3e-6;

/** @param tolerance the largest allowed difference, relative to the largest expected number. */
export function expectClose(actual: Numbers, expected: Numbers, what: string, tolerance = tight): void {
  assert.equal(actual.length, expected.length, `${what}: length`);
  const allowed = tolerance * (largestOf(expected) || 1);
  for (let index = 0; index < expected.length; index++) {
    const difference = Math.abs(at(actual, index) - at(expected, index));
    // Negated, so that NaN fails.
    if (!(difference <= allowed))
      assert.fail(
        `${what}[${index}] is ${at(actual, index)}, expected ${at(expected, index)} (allowed: ${allowed})`,
      );
  }
}

/**
 * Like `expectClose` for sums. Terms of different signs cancel out, but their rounding errors do not, so the tolerance is
 * relative to the largest sum of magnitudes.
 * @param magnitudes the sums of the terms' absolute values.
 */
export function expectSumsClose(
  actual: Numbers,
  expected: Numbers,
  magnitudes: Numbers,
  what: string,
  tolerance: number,
): void {
  const scale = largestOf(magnitudes) / (largestOf(expected) || 1);
  expectClose(actual, expected, what, tolerance * scale);
}

function largestOf(values: Numbers): number {
  let largest = 0;
  for (let index = 0; index < values.length; index++)
    largest = Math.max(largest, Math.abs(at(values, index)));
  return largest;
}

export function expectEqual(actual: Numbers, expected: Numbers, what: string): void {
  assert.equal(actual.length, expected.length, `${what}: length`);
  for (let index = 0; index < expected.length; index++) {
    const [given, wanted] = [at(actual, index), at(expected, index)];
    if (given !== wanted && !(Number.isNaN(given) && Number.isNaN(wanted)))
      assert.fail(`${what}[${index}] is ${given}, expected exactly ${wanted}`);
  }
}

/** The bits of float32 values, which distinguish different NaNs, and 0 from -0. */
export function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

export function expectSameBits(actual: Float32Array, expected: Float32Array, what: string): void {
  const [given, wanted] = [bitsOf(actual), bitsOf(expected)];
  assert.equal(given.length, wanted.length, `${what}: length`);
  const differing = wanted.reduce((count, bits, index) => count + (bits === given[index] ? 0 : 1), 0);
  if (differing === 0) return;
  const index = wanted.findIndex((bits, place) => bits !== given[place]);
  assert.fail(
    `${what}: ${differing} of ${wanted.length} differ, the first is [${index}]: ${actual[index]}, expected ${expected[index]}`,
  );
}

/** `expectSameBits` for all outputs of `everyOperation`. */
export function expectSameResults(
  actual: ReadonlyMap<string, Float32Array>,
  expected: ReadonlyMap<string, Float32Array>,
  what: string,
): void {
  assert.deepEqual([...actual.keys()], [...expected.keys()]);
  for (const [name, values] of expected)
    expectSameBits(actual.get(name) ?? new Float32Array(), values, `${name} ${what}`);
}

/**
 * Compares gradient entries with finite differences of `loss`: all entries, or `sample` evenly spaced ones.
 * @param values the argument of `loss`, which reads it again at every call.
 */
export function expectGradient(
  actual: Numbers,
  values: Float64Array,
  loss: () => number,
  what: string,
  { tolerance = 1e-5, sample = 150 } = {},
): void {
  assert.equal(actual.length, values.length, `${what}: length`);
  const stride = Math.max(1, Math.ceil(values.length / sample));
  const indices = Array.from({ length: Math.ceil(values.length / stride) }, (_, index) => index * stride);
  const expected = finiteDifferences(values, indices, loss);
  expectClose(
    indices.map((index) => at(actual, index)),
    expected,
    `${what} (every ${stride}. entry)`,
    tolerance,
  );
}

/** The indices of the rows that contain NaN. */
export function rowsWithNaN(values: Numbers, columns: number): number[] {
  const rows = Array.from({ length: values.length / columns }, (_, row) => row);
  return rows.filter((row) =>
    Array.from({ length: columns }, (_, column) => at(values, row * columns + column)).some(Number.isNaN),
  );
}

/** The scalar whose gradient with respect to `out` is `gradOut`. */
export function dot(out: Numbers, gradOut: Numbers): number {
  let sum = 0;
  for (let index = 0; index < out.length; index++) sum += at(out, index) * at(gradOut, index);
  return sum;
}
