// Logits to log-probabilities.

import { exponentialOfMinus } from './exponential.js';

/**
 * In place: x - max - log(sum of e^(x - max)), which cannot overflow.
 * @param logits [V], none NaN or +Infinity and at least one not -Infinity.
 */
export function logSoftmax(logits: Float32Array): void {
  let most = Number.NEGATIVE_INFINITY;
  for (let token = 0; token < logits.length; token++) {
    const logit = logits[token] ?? 0;
    if (logit > most) most = logit;
  }
  let sum = 0;
  for (let token = 0; token < logits.length; token++) sum += exponentialOfMinus(most - (logits[token] ?? 0));
  const logSum = most + Math.log(sum);
  for (let token = 0; token < logits.length; token++) logits[token] = (logits[token] ?? 0) - logSum;
}
