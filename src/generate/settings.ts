// The settings of a reply, under the names of transformers' GenerationConfig. Only types and defaults: code that takes
// values from a person checks them.

export interface GenerationSettings {
  /** Sample each token from its distribution; false: greedy decoding. */
  readonly doSample: boolean;
  /** Divides the logits, > 0: below 1 favours likely tokens, above 1 unlikely ones. 1 is off. */
  readonly temperature: number;
  /** Only the k most likely tokens, and those as likely as the k-th. 0 is off. */
  readonly topK: number;
  /** Only the fewest most likely tokens whose probabilities sum to p, in (0, 1]. 1 is off. (Holtzman et al., 2020.) */
  readonly topP: number;
  /** Only tokens with at least this fraction of the highest probability, in [0, 1]. 0 is off. (Nguyen et al., 2024.) */
  readonly minP: number;
  /**
   * Divides the positive and multiplies the negative logits of tokens in the prompt or reply, > 0. 1 is off.
   * (Keskar et al., "CTRL", 2019.)
   */
  readonly repetitionPenalty: number;
  /** No sequence of n tokens occurs twice in prompt and reply together. 0 is off. */
  readonly noRepeatNgramSize: number;
  /** The end-of-text token is banned until the reply has this many tokens. */
  readonly minNewTokens: number;
  /** A reply is cut at this many tokens. */
  readonly maxNewTokens: number;
  /** Texts that end the reply and are not part of it. None is empty. */
  readonly stop: readonly string[];
  /** The same seed, model and conversation give the same reply. An integer within ±2^53. */
  readonly seed: number;
  /** The number of beams in beam search. 1 turns beam search off. */
  readonly numBeams: number;
  /** Beam search divides a hypothesis's log-likelihood by its length to this power: > 0 favours long hypotheses. */
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
