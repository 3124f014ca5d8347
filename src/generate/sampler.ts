// Chooses the next token of one sequence. It does not know models, devices or text. All randomness comes from the generator
// that the sampler is given; greedy decoding draws nothing.

import { Random } from '../random.js';
import { processLogits, refuseNonFinite } from './logits-processors.js';
import type { GenerationSettings } from './settings.js';
import { TokenFilter } from './token-filter.js';

/** A distribution over tokens: ids in ascending order, and their probabilities. */
export interface Distribution {
  readonly tokens: Int32Array;
  readonly probabilities: Float64Array;
}

/** Separates the random numbers of candidates from other uses of the same seed. */
const candidateStream = 0x5a3d;

/** The random numbers of one candidate. They do not depend on the number of candidates. */
export function candidateRandom(seed: number, candidate: number): Random {
  return new Random(seed, candidateStream, candidate);
}

export class Sampler {
  /**
   * @param endOfText chosen when the settings ban every token.
   * @param kept samplers that take turns may share this memory, about 28 bytes per token of the vocabulary.
   */
  constructor(
    private readonly settings: GenerationSettings,
    private readonly endOfText: number,
    private readonly random: Random,
    private readonly kept = new TokenFilter(),
  ) {}

  /**
   * The most likely token, the first of equals, or with `doSample` a token drawn from `distribution`.
   * @param logits f32[V] after the last token; not changed.
   * @param history the tokens of prompt and reply so far.
   * @param newTokens how many of them belong to the reply.
   * @throws UserError (model) when a logit is NaN or infinite.
   */
  choose(logits: Float32Array, history: ArrayLike<number>, newTokens: number): number {
    return this.settings.doSample
      ? this.draw(this.weigh(logits, history, newTokens))
      : this.mostLikely(logits, history, newTokens);
  }

  /**
   * The tokens that `choose` draws from and their probabilities; with greedy decoding a single token. Draws nothing itself.
   * Parameters and errors are those of `choose`.
   */
  distribution(logits: Float32Array, history: ArrayLike<number>, newTokens: number): Distribution {
    const { kept, settings, endOfText } = this;
    const certain = (token: number) => ({
      tokens: Int32Array.of(token),
      probabilities: Float64Array.of(1),
    });
    if (!settings.doSample) return certain(this.mostLikely(logits, history, newTokens));
    const sum = this.weigh(logits, history, newTokens);
    if (sum === 0) return certain(endOfText);
    const possible = (_: unknown, place: number) => (kept.weights[place] ?? 0) > 0;
    return {
      tokens: kept.tokens.slice(0, kept.count).filter(possible),
      probabilities: kept.weights
        .slice(0, kept.count)
        .filter(possible)
        .map((weight) => weight / sum),
    };
  }

  private mostLikely(logits: Float32Array, history: ArrayLike<number>, newTokens: number): number {
    this.prepare(logits, history, newTokens);
    const best = argmax(this.kept.logits);
    return this.kept.logits[best] === Number.NEGATIVE_INFINITY ? this.endOfText : best;
  }

  /** @returns the sum of the kept weights. */
  private weigh(logits: Float32Array, history: ArrayLike<number>, newTokens: number): number {
    this.prepare(logits, history, newTokens);
    return this.kept.keep(this.settings);
  }

  private prepare(logits: Float32Array, history: ArrayLike<number>, newTokens: number): void {
    const { kept, settings, endOfText } = this;
    refuseNonFinite(logits);
    kept.resize(logits.length);
    kept.logits.set(logits);
    processLogits(kept.logits, history, newTokens, settings, endOfText);
  }

  private draw(sum: number): number {
    const { count, tokens, weights } = this.kept;
    if (sum === 0) return this.endOfText;
    // `fraction` is below 1 by more than the rounding error, so the sum always passes this mark.
    const mark = fraction(this.random) * sum;
    let place = -1;
    let reached = 0;
    while (reached <= mark && place < count) reached += weights[++place] ?? 0;
    return tokens[place] ?? this.endOfText;
  }
}

/** In [0, 1), a multiple of 2^-52. */
function fraction(random: Random): number {
  return ((random.next() >>> 6) * 2 ** 26 + (random.next() >>> 6)) / 2 ** 52;
}

/** The samplers of a batch of candidates. The choices of candidate k do not depend on `count`. */
export function candidateSamplers(settings: GenerationSettings, endOfText: number, count: number): Sampler[] {
  const kept = new TokenFilter();
  return Array.from(
    { length: count },
    (_, candidate) => new Sampler(settings, endOfText, candidateRandom(settings.seed, candidate), kept),
  );
}

/** The first index of the largest number; 0 when all are -Infinity or there is none. */
function argmax(values: Float32Array): number {
  let at = 0;
  let largest = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? 0;
    if (value > largest) {
      at = index;
      largest = value;
    }
  }
  return at;
}
