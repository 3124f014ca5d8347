// The tokens that sampling may choose from and their probabilities: temperature, top-k, top-p and min-p on the logits of one
// position, like transformers' warpers and in their order. Each filter keeps a prefix of the tokens in descending order.
// Finding its end needs no full sort: tokens are counted by the leading bits of their weights, so the time is linear in the
// vocabulary. Memory is allocated once and reused for every token.

import { exponentialOfMinus } from './exponential.js';
import type { GenerationSettings } from './settings.js';

type Filters = Pick<GenerationSettings, 'temperature' | 'topK' | 'topP' | 'minP'>;

/** The vocabulary is divided into blocks of this many logits. The maximum of each block is stored. */
const blockSize = 64;

/** A range of bits in the upper 32 bits of a weight. */
interface Digit {
  readonly shift: number;
  readonly size: number;
}
/** The sign, the exponent and the two bits after it: four values per power of two. */
const coarse: Digit = { shift: 18, size: 12 };
/** The bits after `coarse`. */
const fine: Digit = { shift: 7, size: 11 };

/** What is summed over tokens to find the end of a prefix: their number or their weight. */
type Measure = 'number' | 'weight';

/** The end of a prefix: its smallest weight, and the measure of all tokens with a greater weight. */
interface End {
  readonly weight: number;
  readonly above: number;
}

export class TokenFilter {
  /** The number of kept tokens. */
  count = 0;
  /** The first `count` entries are the kept tokens, ascending. Read-only for callers. */
  tokens = new Int32Array(0);
  /** The first `count` entries are the kept tokens' probabilities relative to the most likely token, in [0, 1]. */
  weights = new Float64Array(0);
  /** [V]. The caller fills it before `keep`. */
  logits = new Float32Array(0);
  /** The bits of `weights`. The upper half of each weight comes second (little-endian). */
  private halves = new Int32Array(0);
  private blockMaxima = new Float32Array(0);
  /** 0..V-1. */
  private all = new Int32Array(0);
  private chosen = new Int32Array(0);
  /** The weights that share their digits with the end of the prefix. */
  private inside = new Float64Array(0);
  /** The measure of the tokens with each value of a digit. */
  private readonly heights = new Float64Array(2 ** coarse.size);

  /** Allocates memory for V logits unless it is already there. */
  resize(vocabularySize: number): void {
    if (this.logits.length === vocabularySize) return;
    this.logits = new Float32Array(vocabularySize);
    this.blockMaxima = new Float32Array(Math.ceil(vocabularySize / blockSize));
    this.weights = new Float64Array(vocabularySize);
    this.halves = new Int32Array(this.weights.buffer);
    this.all = Int32Array.from({ length: vocabularySize }, (_, token) => token);
    this.chosen = new Int32Array(vocabularySize);
    this.inside = new Float64Array(vocabularySize);
  }

  /**
   * Computes `tokens` and `weights` from `logits`, none of which may be NaN or +Infinity.
   * @returns the sum of the weights in their order; 0 when all logits are -Infinity.
   */
  keep({ temperature, topK, topP, minP }: Filters): number {
    const best = this.findMaxima();
    const few = topK > 0 && topK < this.logits.length;
    if (few) this.choose(this.leastOfTop(topK));
    else this.chooseAll();
    let sum = this.weigh(best, temperature);
    if (few) sum = this.keepTop(topK);
    if (topP < 1) sum = this.keepMass(topP * sum);
    if (minP > 0) sum = this.keepHeavy(minP);
    return sum;
  }

  /** Stores the maximum of each block. @returns the overall maximum. */
  private findMaxima(): number {
    const { logits, blockMaxima } = this;
    let best = Number.NEGATIVE_INFINITY;
    for (let block = 0; block < blockMaxima.length; block++) {
      const end = Math.min(logits.length, (block + 1) * blockSize);
      let largest = Number.NEGATIVE_INFINITY;
      for (let token = block * blockSize; token < end; token++) {
        const logit = logits[token] ?? 0;
        if (logit > largest) largest = logit;
      }
      blockMaxima[block] = largest;
      if (largest > best) best = largest;
    }
    return best;
  }

  /** A threshold that at least k logits reach, and few more: k blocks have a maximum at or above it. */
  private leastOfTop(k: number): number {
    const maxima = this.blockMaxima.slice().sort();
    return maxima[maxima.length - k] ?? Number.NEGATIVE_INFINITY;
  }

  private choose(least: number): void {
    const { logits, blockMaxima, chosen } = this;
    let count = 0;
    for (let block = 0; block < blockMaxima.length; block++) {
      if ((blockMaxima[block] ?? 0) < least) continue;
      const end = Math.min(logits.length, (block + 1) * blockSize);
      for (let token = block * blockSize; token < end; token++)
        if ((logits[token] ?? 0) >= least) chosen[count++] = token;
    }
    this.tokens = chosen;
    this.count = count;
  }

  private chooseAll(): void {
    this.tokens = this.all;
    this.count = this.all.length;
  }

  /** Temperature and softmax without the division by the sum. @returns the sum. */
  private weigh(best: number, temperature: number): number {
    const { logits, tokens, weights, count } = this;
    // The scale is finite so that the most likely token has weight 1 at any temperature: 0 times infinity would be NaN.
    const scale = Math.min(1 / temperature, Number.MAX_VALUE);
    let sum = 0;
    for (let place = 0; place < count; place++) {
      const weight = exponentialOfMinus((best - (logits[tokens[place] ?? 0] ?? 0)) * scale);
      weights[place] = weight;
      sum += weight;
    }
    return sum;
  }

  /** Top-k: keeps the k most likely tokens and those as likely as the k-th. @returns the sum of their weights. */
  private keepTop(k: number): number {
    return this.keepHeavy(this.approach(k, 'number').weight);
  }

  /**
   * Top-p: keeps the fewest most likely tokens with a total weight of at least `mass`. Of equally likely tokens those with
   * lower ids are kept; transformers leaves this order undefined. @returns the sum of their weights.
   */
  private keepMass(mass: number): number {
    const { weights, chosen } = this;
    const end = this.approach(mass, 'weight');
    this.keepHeavy(end.weight);
    let count = 0;
    let sum = 0;
    let reached = end.above;
    for (let place = 0; place < this.count; place++) {
      const weight = weights[place] ?? 0;
      if (weight === end.weight) {
        if (reached >= mass) continue;
        reached += weight;
      }
      chosen[count] = chosen[place] ?? 0;
      weights[count++] = weight;
      sum += weight;
    }
    this.count = count;
    return sum;
  }

  /** Min-p: keeps the tokens with a weight of at least `least`; the most likely has weight 1. @returns their sum. */
  private keepHeavy(least: number): number {
    const { tokens, chosen, weights } = this;
    let count = 0;
    let sum = 0;
    for (let place = 0; place < this.count; place++) {
      const weight = weights[place] ?? 0;
      if (weight < least) continue;
      chosen[count] = tokens[place] ?? 0;
      weights[count++] = weight;
      sum += weight;
    }
    this.tokens = chosen;
    this.count = count;
    return sum;
  }

  /**
   * Finds where the tokens in descending order reach `target`, or the last token when they never do. Drops most tokens
   * beyond that end: the first pass over all tokens looks at few bits, and only the remaining ones are compared exactly.
   */
  private approach(target: number, measure: Measure): End {
    const { weights, halves, inside, heights } = this;
    this.sumDigits(coarse, 0, measure);
    const first = descend(heights, target, 0);
    this.keepHeavy(leastWith(first.digit));
    this.sumDigits(fine, first.digit, measure);
    const second = descend(heights, target, first.above);
    const leading = (first.digit << fine.size) | second.digit;
    let found = 0;
    for (let place = 0; place < this.count; place++)
      if ((halves[2 * place + 1] ?? 0) >> fine.shift === leading) inside[found++] = weights[place] ?? 0;
    return endAmong(inside.subarray(0, found).sort(), target, second.above, measure);
  }

  /** Sums the measure by the value of a digit into `heights`, over the tokens whose bits before the digit are `leading`. */
  private sumDigits({ shift, size }: Digit, leading: number, measure: Measure): void {
    const { weights, halves, heights, count } = this;
    const mask = 2 ** size - 1;
    const counted = measure === 'number';
    heights.fill(0);
    for (let place = 0; place < count; place++) {
      const digits = (halves[2 * place + 1] ?? 0) >> shift;
      if (digits >> size !== leading) continue;
      const digit = digits & mask;
      heights[digit] = (heights[digit] ?? 0) + (counted ? 1 : (weights[place] ?? 0));
    }
  }
}

/** The smallest weight with this coarse digit. */
function leastWith(digit: number): number {
  const [weight = 0] = new Float64Array(Int32Array.of(0, digit << coarse.shift).buffer);
  return weight;
}

/** The digit at which `above` plus the heights, summed from the last one down, reach `target`; else the lowest one. */
function descend(heights: Float64Array, target: number, above: number): { digit: number; above: number } {
  let end = { digit: 0, above };
  let sum = above;
  for (let digit = heights.length - 1; digit >= 0 && sum < target; digit--) {
    const height = heights[digit] ?? 0;
    if (height > 0) end = { digit, above: sum };
    sum += height;
  }
  return end;
}

/** Does the same for single weights in ascending order. */
function endAmong(ascending: Float64Array, target: number, above: number, measure: Measure): End {
  let end = { weight: ascending[ascending.length - 1] ?? 0, above };
  let sum = above;
  for (let index = ascending.length - 1; index >= 0 && sum < target; index--) {
    const weight = ascending[index] ?? 0;
    if (weight < end.weight) end = { weight, above: sum };
    sum += measure === 'number' ? 1 : weight;
  }
  return end;
}
