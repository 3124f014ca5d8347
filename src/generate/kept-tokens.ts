// The tokens that sampling may choose from, and how likely each is: temperature, top-k, top-p and min-p on one row of
// logits, as transformers' warpers do it and in their order. Each keeps a beginning of the tokens in descending order; to
// find its end nothing is sorted, but a radix search over the bits of the logits takes a time linear in the vocabulary,
// whatever the logits. Memory is taken once and used for every token.

import { exponentialOfMinus } from './exponential.js';
import type { GenerationSettings } from './settings.js';

type Filters = Pick<GenerationSettings, 'temperature' | 'topK' | 'topP' | 'minP'>;

/** The digits of a key: the highest has its sign, the others are `size` bits from `shift` on. */
const highest = { shift: 21, least: -1024 } as const;
const middle = { shift: 10, size: 11 } as const;
const lowest = { shift: 0, size: 10 } as const;

/** Where a beginning ends: its least key, and the weight of all that have a greater one. */
interface End {
  readonly key: number;
  readonly above: number;
}

export class KeptTokens {
  /** How many there are. */
  count = 0;
  /** The first `count` are the tokens, ascending. */
  tokens = new Int32Array(0);
  /** The first `count` are the tokens' probabilities as multiples of the likeliest's: in (0, 1]. */
  weights = new Float64Array(0);
  /** The logits, [V]: to be filled before `keep`. */
  logits = new Float32Array(0);
  private bits = new Int32Array(0);
  /** Places in `tokens` of those that have the digit that is looked into. */
  private inside = new Int32Array(0);
  /** The weight of all that have a digit's value. */
  private readonly heights = new Float64Array(2048);

  /** Takes memory for V logits, unless it has it. */
  resize(vocabularySize: number): void {
    if (this.logits.length === vocabularySize) return;
    this.logits = new Float32Array(vocabularySize);
    this.bits = new Int32Array(this.logits.buffer);
    this.tokens = new Int32Array(vocabularySize);
    this.inside = new Int32Array(vocabularySize);
    this.weights = new Float64Array(vocabularySize);
  }

  /**
   * Finds `tokens` and `weights` of `logits`, of which none is NaN or +Infinity.
   * @returns the sum of the weights; 0 where all logits are -Infinity, which keeps nothing.
   */
  keep({ temperature, topK, topP, minP }: Filters): number {
    this.keepPossible();
    if (topK > 0 && topK < this.count) this.keepTop(topK);
    let sum = this.weigh(temperature);
    if (topP < 1) sum = this.keepMass(topP * sum);
    if (minP > 0) sum = this.keepHeavy(minP);
    return sum;
  }

  private keepPossible(): void {
    const { logits, tokens } = this;
    let count = 0;
    for (let token = 0; token < logits.length; token++) {
      tokens[count] = token;
      if ((logits[token] ?? 0) > Number.NEGATIVE_INFINITY) count++;
    }
    this.count = count;
  }

  /** Top-k: the k likeliest, and those that are as likely as the k-th. */
  private keepTop(k: number): void {
    const { tokens, bits } = this;
    this.weights.fill(1, 0, this.count);
    const end = this.endAt(k);
    let count = 0;
    for (let place = 0; place < this.count; place++) {
      const token = tokens[place] ?? 0;
      tokens[count] = token;
      if (keyOf(bits[token] ?? 0) >= end.key) count++;
    }
    this.count = count;
  }

  /** Temperature and softmax, whose division by the sum is left to the reader. @returns the sum. */
  private weigh(temperature: number): number {
    const { logits, tokens, weights } = this;
    const best = logits[argmax(logits)] ?? 0;
    // Finite, so that the likeliest stays it at any temperature: its 0 times infinity would be NaN.
    const scale = Math.min(1 / temperature, Number.MAX_VALUE);
    let [count, sum] = [0, 0];
    for (let place = 0; place < this.count; place++) {
      const token = tokens[place] ?? 0;
      const weight = exponentialOfMinus((best - (logits[token] ?? 0)) * scale);
      tokens[count] = token;
      weights[count] = weight;
      sum += weight;
      if (weight > 0) count++;
    }
    this.count = count;
    return sum;
  }

  /**
   * Top-p: the fewest likeliest that weigh `mass` or more, at least one. Of equally likely ones those with lower ids, where
   * transformers leaves it to chance. @returns their sum.
   */
  private keepMass(mass: number): number {
    const { tokens, weights, bits } = this;
    const end = this.endAt(mass);
    let [count, sum, reached] = [0, 0, end.above];
    for (let place = 0; place < this.count; place++) {
      const [token, weight] = [tokens[place] ?? 0, weights[place] ?? 0];
      const key = keyOf(bits[token] ?? 0);
      if (key < end.key) continue;
      if (key === end.key) {
        if (reached >= mass && count > 0) continue;
        reached += weight;
      }
      tokens[count] = token;
      weights[count] = weight;
      sum += weight;
      count++;
    }
    this.count = count;
    return sum;
  }

  /** Min-p: those that weigh at least `least`, where the likeliest weighs 1. @returns their sum. */
  private keepHeavy(least: number): number {
    const { tokens, weights } = this;
    let [count, sum] = [0, 0];
    for (let place = 0; place < this.count; place++) {
      const weight = weights[place] ?? 0;
      if (weight < least) continue;
      tokens[count] = tokens[place] ?? 0;
      weights[count] = weight;
      sum += weight;
      count++;
    }
    this.count = count;
    return sum;
  }

  /** Where the kept tokens, from the likeliest on, weigh `mass`; the last of them where they never do. */
  private endAt(mass: number): End {
    const { tokens, weights, bits, inside, heights } = this;
    heights.fill(0);
    for (let place = 0; place < this.count; place++) {
      const digit = (keyOf(bits[tokens[place] ?? 0] ?? 0) >> highest.shift) - highest.least;
      heights[digit] = (heights[digit] ?? 0) + (weights[place] ?? 0);
    }
    let { digit, above } = descend(heights, mass, 0);
    let key = digit + highest.least;
    let found = 0;
    for (let place = 0; place < this.count; place++) {
      inside[found] = place;
      if (keyOf(bits[tokens[place] ?? 0] ?? 0) >> highest.shift === key) found++;
    }
    for (const { shift, size } of [middle, lowest]) {
      const mask = 2 ** size - 1;
      heights.fill(0);
      for (let index = 0; index < found; index++) {
        const place = inside[index] ?? 0;
        const digit = (keyOf(bits[tokens[place] ?? 0] ?? 0) >> shift) & mask;
        heights[digit] = (heights[digit] ?? 0) + (weights[place] ?? 0);
      }
      ({ digit, above } = descend(heights, mass, above));
      key = (key << size) | digit;
      let left = 0;
      for (let index = 0; index < found; index++) {
        const place = inside[index] ?? 0;
        inside[left] = place;
        if (keyOf(bits[tokens[place] ?? 0] ?? 0) >> shift === key) left++;
      }
      found = left;
    }
    return { key, above };
  }
}

/** The first index of the largest number; 0 where there is none. */
export function argmax(values: Float32Array): number {
  let [at, largest] = [0, Number.NEGATIVE_INFINITY];
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? 0;
    if (value > largest) [at, largest] = [index, value];
  }
  return at;
}

/** A 32-bit integer that orders as the float32 with these bits does: its magnitude with its sign. */
function keyOf(bits: number): number {
  const sign = bits >> 31;
  return ((bits & 0x7fffffff) ^ sign) - sign;
}

/** The digit at which the heights, summed from the last on to what was above, reach `mass`; the first where they do not. */
function descend(heights: Float64Array, mass: number, above: number): { digit: number; above: number } {
  let end = { digit: 0, above };
  let sum = above;
  for (let digit = heights.length - 1; digit >= 0; digit--) {
    const height = heights[digit] ?? 0;
    if (height === 0) continue;
    end = { digit, above: sum };
    sum += height;
    if (sum >= mass) break;
  }
  return end;
}
