// What changes the logits of the next token before one is chosen, greedily, by sampling or by beam search: the penalties
// and prohibitions of transformers, to the bit and in its order. All work in place on one row [V]; a forbidden token has
// -Infinity. The history is prompt and reply so far; its tokens that the model cannot say (V and beyond) do not count.

import { UserError } from '../errors.js';
import type { GenerationSettings } from './settings.js';

type Penalties = Pick<GenerationSettings, 'repetitionPenalty' | 'noRepeatNgramSize' | 'minNewTokens'>;

/**
 * @param logits f32[V], changed in place; log-probabilities do as well.
 * @param history the tokens of prompt and reply so far.
 * @param newTokens how many of them are the reply's.
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

/** Once for each token, however often it was said: all are read before any is written. */
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
  // Where there is no such logit, typed arrays ignore what is written.
  for (let index = 0; index < history.length; index++) logits[history[index] ?? -1] = penalized[index] ?? 0;
}

/** Forbids what once followed the last size-1 tokens. */
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

/** @throws UserError (model) when a logit of the model is NaN or infinite: no choice among them would mean anything. */
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
