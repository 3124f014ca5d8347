// Changes the logits of the next token before greedy decoding, sampling or beam search chooses one. These are the penalties
// and bans of transformers, bit for bit and in its order. They work in place on the logits of one position, [V]; a banned
// token gets -Infinity. The history is the prompt and the reply so far; its ids >= V are ignored.

import { UserError } from '../errors.js';
import type { GenerationSettings } from './settings.js';

type Penalties = Pick<GenerationSettings, 'repetitionPenalty' | 'noRepeatNgramSize' | 'minNewTokens'>;

/**
 * @param logits f32[V], changed in place; may be log-probabilities.
 * @param history the tokens of prompt and reply so far.
 * @param newTokens how many of them belong to the reply.
 */
export function processLogits(
  logits: Float32Array,
  history: ArrayLike<number>,
  newTokens: number,
  { repetitionPenalty, noRepeatNgramSize, minNewTokens }: Penalties,
  endOfText: number,
): void {
  if (repetitionPenalty !== 1) penalizeRepetition(logits, history, repetitionPenalty);
  if (noRepeatNgramSize > 0) forbidRepeatedNgrams(logits, history, noRepeatNgramSize);
  if (newTokens < minNewTokens) forbid(logits, endOfText);
}

/** Applies once per token, however often it occurs: all logits are read before any is written. */
function penalizeRepetition(
  logits: Float32Array,
  history: ArrayLike<number>,
  repetitionPenalty: number,
): void {
  const penalty = Math.fround(repetitionPenalty);
  const penalized = new Float32Array(history.length);
  for (let index = 0; index < history.length; index++) {
    const logit = logits[history[index] ?? -1] ?? 0;
    penalized[index] = logit < 0 ? logit * penalty : logit / penalty;
  }
  // A write outside of a typed array is ignored.
  for (let index = 0; index < history.length; index++) logits[history[index] ?? -1] = penalized[index] ?? 0;
}

/** Bans the tokens that followed an earlier occurrence of the last size-1 tokens. */
function forbidRepeatedNgrams(logits: Float32Array, history: ArrayLike<number>, size: number): void {
  const suffix = history.length - (size - 1);
  for (let start = 0; start < suffix; start++) {
    let same = 0;
    while (same < size - 1 && history[start + same] === history[suffix + same]) same++;
    if (same === size - 1) forbid(logits, history[start + size - 1] ?? -1);
  }
}

function forbid(logits: Float32Array, token: number): void {
  logits[token] = Number.NEGATIVE_INFINITY;
}

/** @throws UserError (model) when a logit is NaN or infinite: any choice would be meaningless. */
export function refuseNonFinite(logits: Float32Array): void {
  for (let token = 0; token < logits.length; token++) {
    const logit = logits[token] ?? 0;
    if (logit - logit !== 0)
      throw new UserError(
        'model-diverged',
        `the model's output is not a number (${logit} for token ${token}): its weights are damaged or its training diverged; use another checkpoint`,
      );
  }
}
