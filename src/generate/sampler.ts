// The choice of the next token of one sequence. Knows nothing of models, devices or text. Everything random comes from the
// generator that a sampler is given; greedy choice draws nothing.

import { Random } from '../random.js';
import { processLogits, refuseNonFinite } from './logits-processors.js';
import type { GenerationSettings } from './settings.js';
import { TokenFilter } from './token-filter.js';

/** What a token is drawn from: tokens ascending, their probabilities beside them. */
export interface Distribution {
  readonly tokens: Int32Array;
  readonly probabilities: Float64Array;
}

/** Tells the streams of candidates from those of other purposes with the same seed. */
const candidateStream = 0x5a3d;

/** The random numbers of one candidate: the same however many others are made beside it. */
export function candidateRandom(seed: number, candidate: number): Random {
  return new Random(seed, candidateStream, candidate);
}

export class Sampler {
  /**
   * @param endOfText chosen where the settings forbid every token.
   * @param kept samplers that choose in turn may share this memory, some 28 bytes a token of the vocabulary.
   */
  constructor(
    private readonly settings: GenerationSettings,
    private readonly endOfText: number,
    private readonly random: Random,
    private readonly kept = new TokenFilter(),
  ) {}

  /**
   * The likeliest token, the first where several are, or with `doSample` one drawn from `distribution`.
   * @param logits f32[V] after the last token; left as they are.
   * @param history the tokens of prompt and reply so far.
   * @param newTokens how many of them are the reply's.
   * @throws UserError (model) when a logit is NaN or infinite.
   */
  choose(logits: Float32Array, history: ArrayLike<number>, newTokens: number): number {
    return this.settings.doSample
      ? this.draw(this.weigh(logits, history, newTokens))
      : this.likeliest(logits, history, newTokens);
  }

  /**
   * The tokens that `choose` chooses from and their probabilities; with greedy choice the one token that it is.
   * Draws nothing. Parameters and errors as of `choose`.
   */
  distribution(logits: Float32Array, history: ArrayLike<number>, newTokens: number): Distribution {
    const { kept, settings, endOfText } = this;
    const certain = (token: number) => ({
      tokens: Int32Array.of(token),
      probabilities: Float64Array.of(1),
    });
    if (!settings.doSample) return certain(this.likeliest(logits, history, newTokens));
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

  private likeliest(logits: Float32Array, history: ArrayLike<number>, newTokens: number): number {
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
    // Less than the sum by as much as rounding could take, so that it is always passed.
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

/** The samplers of a batch of candidates: number k chooses the same whatever their count is. */
export function candidateSamplers(settings: GenerationSettings, endOfText: number, count: number): Sampler[] {
  const kept = new TokenFilter();
  return Array.from(
    { length: count },
    (_, candidate) => new Sampler(settings, endOfText, candidateRandom(settings.seed, candidate), kept),
  );
}

/** The first index of the largest number; 0 where there is none. */
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
