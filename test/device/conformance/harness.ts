// What the conformance tests share: seeded numbers, tensors that betray a kernel which leaves its bounds, and
// comparison with float64 references. Knows no operation.

import assert from 'node:assert/strict';
import type { Device, Dropout } from '../../../src/device/device.js';
import type { FloatType } from '../../../src/device/shapes.js';
import { Tensor } from '../../../src/device/tensor.js';
import {
  at,
  type DropoutSettings,
  finiteDifferences,
  type Numbers,
  roundToBf16,
  roundToF16,
} from '../reference.js';

/** Elements before and after every tensor: no multiple of any vector, so that tensors lie unaligned; or one of all. */
const margins = { unaligned: 37, aligned: 64 } as const;
/** Around floats lies NaN: read by mistake, it shows in every result. Around integers, an index outside any table. */
const guard = { f32: Number.NaN, bf16: Number.NaN, f16: Number.NaN, i32: -7_777_777 } as const;

/** Numbers of a fixed seed (Mulberry32). */
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

  /** Normal numbers of that standard deviation, exact in 32 bits. */
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

  /** `count` different integers in 0..below-1, in no order. */
  distinct(count: number, below: number): Int32Array {
    const all = Array.from({ length: below }, (_, value) => [this.uniform(), value] as const);
    return Int32Array.from(all.sort(([a], [b]) => a - b).slice(0, count), ([, value]) => value);
  }
}

/** How far a number may lie from what it is rounded to, as a share of it. */
const unitRoundoff = { f32: 2 ** -24, bf16: 2 ** -8, f16: 2 ** -11 } as const satisfies Record<
  FloatType,
  number
>;

/** A device whose tensors are watched, in one of its types of floats. */
export class Bench {
  readonly #watched: { readonly name: string; readonly margins: readonly Tensor[] }[] = [];

  constructor(
    readonly device: Device,
    /** What rows and weights are made of. */
    readonly type: FloatType = 'f32',
    readonly lie: keyof typeof margins = 'unaligned',
  ) {}

  /** Numbers that the type has: what a device is given must be what the reference is given. */
  rounded(values: Float64Array): Float64Array {
    if (this.type === 'f32') return values;
    return values.map(this.type === 'bf16' ? roundToBf16 : roundToF16);
  }

  /**
   * What may be lost: `float32` by arithmetic in 32 bits, and with every rounding to a narrower type a unit roundoff.
   * @param roundings that the result and what it is made of go through.
   */
  tolerance(roundings: number, float32 = tight): number {
    return float32 + (this.type === 'f32' ? 0 : roundings * unitRoundoff[this.type]);
  }

  /** A tensor of f32 with those numbers. */
  floats(name: string, shape: readonly number[], values: Numbers): Tensor {
    return this.#filled(name, shape, 'f32', values);
  }

  /** The same of the bench's type, for rows of activations and weights. */
  scalars(name: string, shape: readonly number[], values: Numbers): Tensor {
    return this.#filled(name, shape, this.type, values);
  }

  /** The same in bf16. */
  narrow(name: string, shape: readonly number[], values: Numbers): Tensor {
    const tensor = this.#allocate(name, shape, 'bf16');
    this.device.upload(tensor, Float32Array.from(values));
    return tensor;
  }

  /** @param shape [values.length] unless given. */
  integers(name: string, values: Numbers, shape: readonly number[] = [values.length]): Tensor {
    const tensor = this.#allocate(name, shape, 'i32');
    this.device.upload(tensor, Int32Array.from(values));
    return tensor;
  }

  /** A tensor of f32 to be overwritten: full of a number that would show if it were read or left. */
  output(name: string, shape: readonly number[]): Tensor {
    return this.#blank(name, shape, 'f32');
  }

  /** The same of the bench's type. */
  scalarOutput(name: string, shape: readonly number[]): Tensor {
    return this.#blank(name, shape, this.type);
  }

  dropout({ probability, site, counter }: DropoutSettings): Dropout {
    return { probability, site, counter: this.integers('dropout counter', counter) };
  }

  /** The numbers of a tensor, after looking whether anything was written beside any tensor. */
  read(tensor: Tensor): Float32Array {
    for (const { name, margins } of this.#watched)
      for (const side of margins)
        assert.ok(this.device.download(side).every(Number.isNaN), `something was written beside ${name}`);
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
    const margin = margins[this.lie];
    const size = shape.reduce((product, extent) => product * extent, 1);
    const whole = this.device.allocate(name, [size + 2 * margin], dtype);
    this.device.fill(whole, guard[dtype]);
    const sides = [whole.view(0, [margin]), whole.view(margin + size, [margin])];
    if (dtype !== 'i32') this.#watched.push({ name, margins: sides });
    return new Tensor(whole.storage, margin, shape, dtype);
  }
}

/** Declares a test that gets a bench of its own. */
export type Check = (name: string, body: (bench: Bench) => void) => void;

/** A few roundings of 32 bits. */
export const tight = 3e-6;

/** @param tolerance the largest difference allowed, as a share of the largest expected number. */
export function expectClose(actual: Numbers, expected: Numbers, what: string, tolerance = tight): void {
  assert.equal(actual.length, expected.length, `${what}: length`);
  let largest = 0;
  for (let index = 0; index < expected.length; index++)
    largest = Math.max(largest, Math.abs(at(expected, index)));
  const allowed = tolerance * (largest || 1);
  for (let index = 0; index < expected.length; index++) {
    const difference = Math.abs(at(actual, index) - at(expected, index));
    // Written so that a NaN fails.
    if (!(difference <= allowed))
      assert.fail(
        `${what}[${index}] is ${at(actual, index)}, expected ${at(expected, index)} (allowed: ${allowed})`,
      );
  }
}

export function expectEqual(actual: Numbers, expected: Numbers, what: string): void {
  assert.equal(actual.length, expected.length, `${what}: length`);
  for (let index = 0; index < expected.length; index++) {
    const [given, wanted] = [at(actual, index), at(expected, index)];
    if (given !== wanted && !(Number.isNaN(given) && Number.isNaN(wanted)))
      assert.fail(`${what}[${index}] is ${given}, expected exactly ${wanted}`);
  }
}

/** The bits of 32-bit floats, which tell NaN from NaN and 0 from -0. */
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

/** The same of everything that `everyOperation` gives. */
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
 * Compares gradient entries with finite differences of `loss`, all of them or `sample` that are spread evenly.
 * @param values the argument of `loss`, which reads it anew at every call.
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

/** Which of the rows hold a NaN. */
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
