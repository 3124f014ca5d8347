// The tokens that sampling may choose from, and how likely each is: temperature, top-k, top-p and min-p on one row of
// logits, as transformers' warpers do it and in their order. Each keeps a beginning of the tokens in descending order. To
// find its end nothing is sorted as a whole: tokens are counted by the leading bits of their weights, so that the time is
// linear in the vocabulary. Memory is taken once and used for every token.

import { exponentialOfMinus } from './exponential.js';
import type { GenerationSettings } from './settings.js';

type Filters = Pick<GenerationSettings, 'temperature' | 'topK' | 'topP' | 'minP'>;

/** Of so many logits in a row the largest is known. */
const blockSize = 64;

/** Some bits of the higher half of a weight. */
interface Digit {
  readonly shift: number;
  readonly size: number;
}
/** Sign, exponent and two bits after it: four values for each halving. */
const coarse: Digit = { shift: 18, size: 12 };
/** The bits that follow. */
const fine: Digit = { shift: 7, size: 11 };

/** What of a token is summed to find where a beginning ends. */
type Measure = 'number' | 'weight';

/** Where a beginning ends: its least weight, and the measure of all that have a greater one. */
interface End {
  readonly weight: number;
  readonly above: number;
}

export class TokenFilter {
  /** How many there are. */
  count = 0;
  /** The first `count` are the tokens, ascending. Not to be written. */
  tokens = new Int32Array(0);
  /** The first `count` are the tokens' probabilities as multiples of the likeliest's: in [0, 1]. */
  weights = new Float64Array(0);
  /** [V]: to be filled before `keep`. */
  logits = new Float32Array(0);
  /** The weights' bits; the higher half of a weight comes second. */
  private halves = new Int32Array(0);
  private blockMaxima = new Float32Array(0);
  /** 0..V-1. */
  private all = new Int32Array(0);
  private chosen = new Int32Array(0);
  /** The weights that share their digits with the end that is looked for. */
  private inside = new Float64Array(0);
  /** What the tokens with each value of a digit weigh or number. */
  private readonly heights = new Float64Array(2 ** coarse.size);

  /** Takes memory for V logits, unless it has it. */
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
   * Finds `tokens` and `weights` of `logits`, of which none is NaN or +Infinity.
   * @returns the sum of the weights, in their order; 0 where all logits are -Infinity.
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

  /** Of each block. @returns that of all. */
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

  /** What k logits or more reach, and not many more: k blocks have one each. */
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

  /** Temperature and softmax, whose division by the sum is left to the reader. @returns the sum. */
  private weigh(best: number, temperature: number): number {
    const { logits, tokens, weights, count } = this;
    // Finite, so that the likeliest stays it at any temperature: its 0 times infinity would be NaN.
    const scale = Math.min(1 / temperature, Number.MAX_VALUE);
    let sum = 0;
    for (let place = 0; place < count; place++) {
      const weight = exponentialOfMinus((best - (logits[tokens[place] ?? 0] ?? 0)) * scale);
      weights[place] = weight;
      sum += weight;
    }
    return sum;
  }

  /** Top-k: the k likeliest, and those that are as likely as the k-th. @returns their sum. */
  private keepTop(k: number): number {
    return this.keepHeavy(this.approach(k, 'number').weight);
  }

  /**
   * Top-p: the fewest likeliest that weigh `mass` or more. Of equally likely ones those with lower ids, where
   * transformers leaves it to chance. @returns their sum.
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

  /** Min-p: those that weigh at least `least`, where the likeliest weighs 1. @returns their sum. */
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
   * Finds where the tokens, from the likeliest on, reach `target`; the last of them where they never do. Drops most of what
   * lies beyond: the search among all goes by few bits, and only a few are left to be looked at more closely.
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

  /** The measure of all that have a digit's value, into `heights`; only of those that have `leading` before the digit. */
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

/** The least weight with this coarse digit. */
function leastWith(digit: number): number {
  const [weight = 0] = new Float64Array(Int32Array.of(0, digit << coarse.shift).buffer);
  return weight;
}

/** The digit at which the heights, summed from the last on to what was above, reach `target`; the first where they do not. */
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

/** The same among single weights, ascending. */
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
