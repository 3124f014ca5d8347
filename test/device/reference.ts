// Reference implementations of the device contract: naive float64 loops that follow the definitions. They know no device.
// Only forward operations are here, because gradients are checked against finite differences. Dropout is a precomputed mask
// (0 or 1/(1-p) per element), so that repeated evaluations are cheap.

import type { Activation } from '../../src/device/device.js';

export type Numbers = ArrayLike<number>;

/** Element `index`. @throws RangeError if there is none: a NaN from `undefined` would hide a bug in the test. */
export function at(values: Numbers, index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError(`${index} lies outside 0..${values.length - 1}`);
  return value;
}

/** Like `at`, for one array type: `at` sees many types and is therefore ten times slower in long loops. */
function entry(values: Float64Array, index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError(`${index} lies outside 0..${values.length - 1}`);
  return value;
}

function float64(values: Numbers): Float64Array {
  return values instanceof Float64Array ? values : Float64Array.from(values);
}

/** Rounds to the nearest bf16, ties to even (with denormals; overflows to infinity). */
export function roundToBf16(value: number): number {
  return roundTo(value, { bits: 8, least: -126, beyond: 2 ** 128 });
}

/** Rounds to the nearest IEEE binary16, ties to even. */
export function roundToF16(value: number): number {
  return roundTo(value, { bits: 11, least: -14, beyond: 2 ** 16 });
}

/** @param bits of precision. @param least the smallest normal exponent. @param beyond the smallest number that overflows. */
function roundTo(
  value: number,
  { bits, least, beyond }: { readonly bits: number; readonly least: number; readonly beyond: number },
): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const exponent = Math.max(least, Math.floor(Math.log2(Math.abs(value))));
  const unit = 2 ** (exponent - bits + 1);
  const units = value / unit;
  const below = Math.floor(units);
  const rest = units - below;
  const rounded = (rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below) * unit;
  return Math.abs(rounded) >= beyond ? Math.sign(value) * Number.POSITIVE_INFINITY : rounded;
}

type Words = readonly [number, number, number, number];

/** The upper 32 bits of the product of two unsigned 32-bit numbers, computed from 16-bit halves so that sums are exact. */
function multiplyHigh(a: number, b: number): number {
  const [aHigh, aLow, bHigh, bLow] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const middle = aHigh * bLow + Math.floor((aLow * bLow) / 0x10000);
  return aHigh * bHigh + Math.floor((middle + aLow * bHigh) / 0x10000);
}

/** Philox4x32 (Salmon et al. 2011): four random words for a counter and a key, all unsigned 32-bit. */
export function philox(counter: Words, key: readonly [number, number], rounds: number): Words {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < rounds; round++) {
    const [high0, low0] = [multiplyHigh(0xd2511f53, c0), Math.imul(0xd2511f53, c0) >>> 0];
    const [high1, low1] = [multiplyHigh(0xcd9e8d57, c2), Math.imul(0xcd9e8d57, c2) >>> 0];
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

export interface DropoutSettings {
  readonly probability: number;
  readonly site: number;
  /** Seed low, seed high, micro-step. */
  readonly counter: readonly [number, number, number];
}

/** The dropout factor of each element of [rows, columns]. Devices store the probability as a float32. */
export function dropoutMask(
  { probability, site, counter }: DropoutSettings,
  rows: number,
  columns: number,
): Float64Array {
  const p = Math.fround(probability);
  const threshold = Math.min(2 ** 16 - 1, Math.floor(p * 2 ** 16 + 0.5));
  const [low, high, step] = counter.map((word) => word >>> 0) as [number, number, number];
  if (threshold === 0) return new Float64Array(rows * columns).fill(1);
  const scale = Math.fround(1 / (1 - threshold / 2 ** 16));
  const mask = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let first = 0; first < columns; first += 8) {
      const words = philox([first >>> 3, row, site, step], [low, high], 7);
      for (let column = first; column < Math.min(first + 8, columns); column++) {
        const word = at(words, column & 3);
        const own = column & 4 ? word >>> 16 : word & 0xffff;
        mask[row * columns + column] = own >= threshold ? scale : 0;
      }
    }
  }
  return mask;
}

/** out[m,n] = op(a) op(b). */
export function matmul(
  left: Numbers,
  right: Numbers,
  [m, n, k]: readonly [number, number, number],
  { transposeA = false, transposeB = false } = {},
): Float64Array {
  const [a, b] = [float64(left), float64(right)];
  const out = new Float64Array(m * n);
  for (let row = 0; row < m; row++) {
    for (let column = 0; column < n; column++) {
      let sum = 0;
      for (let inner = 0; inner < k; inner++)
        sum +=
          entry(a, transposeA ? inner * m + row : row * k + inner) *
          entry(b, transposeB ? column * k + inner : inner * n + column);
      out[row * n + column] = sum;
    }
  }
  return out;
}

/** The error function: its Taylor series, or Lentz's continued fraction of erfc where that converges faster. */
function erf(x: number): number {
  if (x < 0) return -erf(-x);
  if (x < 2.5) {
    let [term, sum] = [x, x];
    for (let n = 1; Math.abs(term) > 1e-18; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let n = 80; n >= 1; n--) fraction = n / 2 / (x + fraction);
  return 1 - Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction);
}

export function activate(activation: Activation, x: number): number {
  switch (activation) {
    case 'gelu':
      return (x / 2) * (1 + erf(x / Math.SQRT2));
    case 'gelu_new':
      return (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
    default:
      return activation satisfies never;
  }
}

export function activationGradient(activation: Activation, x: number): number {
  const step = 1e-5;
  return (activate(activation, x + step) - activate(activation, x - step)) / (2 * step);
}

/** out[r] = (tokenTable[tokens[r]] + positionTable[positions[r]]) * mask. */
export function embedding(
  tables: { readonly token: Numbers; readonly position: Numbers },
  tokens: Numbers,
  positions: Numbers,
  mask: Numbers,
  channels: number,
): Float64Array {
  const [token, position, factors] = [float64(tables.token), float64(tables.position), float64(mask)];
  const out = new Float64Array(tokens.length * channels);
  for (let row = 0; row < tokens.length; row++) {
    const [ofToken, ofPosition] = [at(tokens, row) * channels, at(positions, row) * channels];
    for (let c = 0; c < channels; c++) {
      const sum = entry(token, ofToken + c) + entry(position, ofPosition + c);
      out[row * channels + c] = sum * entry(factors, row * channels + c);
    }
  }
  return out;
}

/** Normalises rows of x to mean 0 and variance 1, then scales and shifts them. stats has mean and 1/deviation per row. */
export function layernorm(
  input: Numbers,
  weight: Numbers,
  bias: Numbers,
  epsilon: number,
): { out: Float64Array; stats: Float64Array } {
  const [x, scales, shifts] = [float64(input), float64(weight), float64(bias)];
  const channels = weight.length;
  const rows = x.length / channels;
  const out = new Float64Array(x.length);
  const stats = new Float64Array(rows * 2);
  for (let row = 0; row < rows; row++) {
    let mean = 0;
    for (let c = 0; c < channels; c++) mean += entry(x, row * channels + c) / channels;
    let variance = 0;
    for (let c = 0; c < channels; c++) variance += (entry(x, row * channels + c) - mean) ** 2 / channels;
    const scale = 1 / Math.sqrt(variance + epsilon);
    stats.set([mean, scale], row * 2);
    for (let c = 0; c < channels; c++)
      out[row * channels + c] =
        (entry(x, row * channels + c) - mean) * scale * entry(scales, c) + entry(shifts, c);
  }
  return { out, stats };
}

/** The keys that query row `row` attends to: rows starts[row]..row of qkv[R,3C]. */
export function attention(
  packed: Numbers,
  starts: Numbers,
  options: { readonly heads: number; readonly scale: number; readonly mask: Numbers },
): { out: Float64Array; logSumExp: Float64Array } {
  const { heads, scale } = options;
  const [qkv, mask] = [float64(packed), float64(options.mask)];
  const rows = starts.length;
  const channels = qkv.length / rows / 3;
  const size = channels / heads;
  const out = new Float64Array(rows * channels);
  const logSumExp = new Float64Array(heads * rows);
  for (let head = 0; head < heads; head++) {
    for (let row = 0; row < rows; row++) {
      const start = at(starts, row);
      const query = row * 3 * channels + head * size;
      const scores = new Float64Array(row + 1 - start);
      for (let index = 0; index < scores.length; index++) {
        const key = (start + index) * 3 * channels + channels + head * size;
        let score = 0;
        for (let c = 0; c < size; c++) score += entry(qkv, query + c) * entry(qkv, key + c);
        scores[index] = score * scale;
      }
      const lse = logSumExpOf(scores);
      logSumExp[head * rows + row] = lse;
      const to = row * channels + head * size;
      for (let index = 0; index < scores.length; index++) {
        const value = (start + index) * 3 * channels + 2 * channels + head * size;
        const dropped = entry(mask, (row * heads + head) * rows + start + index);
        const weight = Math.exp(entry(scores, index) - lse) * dropped;
        for (let c = 0; c < size; c++) out[to + c] = entry(out, to + c) + weight * entry(qkv, value + c);
      }
    }
  }
  return { out, logSumExp };
}

function logSumExpOf(values: Float64Array): number {
  const largest = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  return largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0));
}

/** The losses of logits[S,V]: (1-e) * -log p[target] + e * mean of -log p, or 0 if the target is negative. */
export function crossEntropy(scores: Numbers, targets: Numbers, labelSmoothing: number): Float64Array {
  const logits = float64(scores);
  const vocabulary = logits.length / targets.length;
  return Float64Array.from({ length: targets.length }, (_, row) => {
    const target = at(targets, row);
    if (target < 0) return 0;
    const values = logits.subarray(row * vocabulary, (row + 1) * vocabulary);
    const lse = logSumExpOf(values);
    const mean = values.reduce((sum, value) => sum + value, 0) / vocabulary;
    return (1 - labelSmoothing) * (lse - at(values, target)) + labelSmoothing * (lse - mean);
  });
}

export interface AdamWState {
  readonly parameters: Float64Array;
  readonly firstMoment: Float64Array;
  readonly secondMoment: Float64Array;
}

/** One step of torch.optim.AdamW, with bias corrections for step number t = 1, 2, ... */
export function adamw(
  { parameters, firstMoment, secondMoment }: AdamWState,
  gradients: Numbers,
  settings: {
    readonly t: number;
    readonly learningRate: number;
    readonly gradientScale: number;
    readonly beta1: number;
    readonly beta2: number;
    readonly epsilon: number;
    readonly weightDecay: number;
    /** How many parameters, counted from the first, weight decay applies to. */
    readonly decayed: number;
  },
): void {
  const { t, learningRate, gradientScale, beta1, beta2, epsilon, weightDecay, decayed } = settings;
  for (let index = 0; index < parameters.length; index++) {
    const gradient = at(gradients, index) * gradientScale;
    const first = beta1 * at(firstMoment, index) + (1 - beta1) * gradient;
    const second = beta2 * at(secondMoment, index) + (1 - beta2) * gradient ** 2;
    const shrunk = at(parameters, index) * (index < decayed ? 1 - learningRate * weightDecay : 1);
    const denominator = Math.sqrt(second / (1 - beta2 ** t)) + epsilon;
    firstMoment[index] = first;
    secondMoment[index] = second;
    parameters[index] = shrunk - (learningRate * (first / (1 - beta1 ** t))) / denominator;
  }
}

/** d loss / d values[index] for each index, by central differences. `values` is changed and restored. */
export function finiteDifferences(
  values: Float64Array,
  indices: readonly number[],
  loss: () => number,
  step = 1e-4,
): Float64Array {
  return Float64Array.from(indices, (index) => {
    const value = at(values, index);
    values[index] = value + step;
    const above = loss();
    values[index] = value - step;
    const below = loss();
    values[index] = value;
    return (above - below) / (2 * step);
  });
}
