// How a reply is made: the settings, under the names that transformers' GenerationConfig has. Only types and defaults:
// whoever takes values from a person checks them.

export interface GenerationSettings {
  /** Draw each token from its distribution; false: always take the likeliest. */
  readonly doSample: boolean;
  /** Divides the logits, > 0: below 1 the likely tokens gain, above 1 the unlikely ones. 1 is off. */
  readonly temperature: number;
  /** Only the k likeliest tokens, and those as likely as the k-th. 0 is off. */
  readonly topK: number;
  /** Only the fewest likeliest tokens whose probabilities sum to p, in (0, 1]. 1 is off. (Holtzman et al., 2020.) */
  readonly topP: number;
  /** Only tokens at least this times as likely as the likeliest, in [0, 1]. 0 is off. (Nguyen et al., 2024.) */
  readonly minP: number;
  /**
   * Divides the positive and multiplies the negative logits of tokens that prompt or reply have, > 0. 1 is off.
   * (Keskar et al., "CTRL", 2019.)
   */
  readonly repetitionPenalty: number;
  /** No sequence of n tokens twice in prompt and reply together. 0 is off. */
  readonly noRepeatNgramSize: number;
  /** The end-of-text token is out of question until the reply has so many tokens. */
  readonly minNewTokens: number;
  /** A reply that has so many tokens is cut there. */
  readonly maxNewTokens: number;
  /** Texts, none empty, that end the reply and are not part of it. */
  readonly stop: readonly string[];
  /** The same seed, model and conversation give the same reply. An integer within ±2^53. */
  readonly seed: number;
  /** How many hypotheses beam search follows. 1 is no beam search. */
  readonly numBeams: number;
  /** Beam search divides a hypothesis's log-likelihood by its number of tokens to this power: > 0 favours long ones. */
  readonly lengthPenalty: number;
}

export const defaultSettings: GenerationSettings = {
  doSample: true,
  temperature: 0.8,
  topK: 40,
  topP: 0.9,
  minP: 0,
  repetitionPenalty: 1,
  noRepeatNgramSize: 0,
  minNewTokens: 1,
  maxNewTokens: 128,
  stop: [],
  seed: 42,
  numBeams: 1,
  lengthPenalty: 1,
};
