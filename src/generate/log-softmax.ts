// Turns logits into log-probabilities without overflow: x - max - log(sum of e^(x - max)).

import { exponentialOfMinus } from './exponential.js';
import { refuseNonFinite } from './logits-processors.js';

/**
 * log(sum of e^x).
 * @param logits [V].
 * @throws UserError (model) when a logit is NaN or infinite.
 */
export function logSumExp(logits: Float32Array): number {
  let most = Number.NEGATIVE_INFINITY;
  let zeros = 0;
  for (let token = 0; token < logits.length; token++) {
    const logit = logits[token] ?? 0;
    if (logit > most) most = logit;
    zeros += logit * 0;
  }
  // NaN and infinities times 0 are NaN.
  if (zeros !== 0) refuseNonFinite(logits);
  let sum = 0;
  for (let token = 0; token < logits.length; token++) sum += exponentialOfMinus(most - (logits[token] ?? 0));
  return most + Math.log(sum);
}

/** In place. Throws like `logSumExp`. */
export function logSoftmax(logits: Float32Array): void {
  const logSum = logSumExp(logits);
  for (let token = 0; token < logits.length; token++) logits[token] = (logits[token] ?? 0) - logSum;
}
