// Logits to log-probabilities. They never overflow: x - max - log(sum of e^(x - max)).

import { exponentialOfMinus } from './exponential.js';

/** @param logits [V], none NaN or +Infinity and at least one not -Infinity. */
export function logSumExp(logits: Float32Array): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let token = 0; token < logits.length; token++) {
    const logit = logits[token] ?? 0;
    if (logit > most) most = logit;
  }
  let sum = 0;
  for (let token = 0; token < logits.length; token++) sum += exponentialOfMinus(most - (logits[token] ?? 0));
  return most + Math.log(sum);
}

/** In place. @param logits as of `logSumExp`. */
export function logSoftmax(logits: Float32Array): void {
  const logSum = logSumExp(logits);
  for (let token = 0; token < logits.length; token++) logits[token] = (logits[token] ?? 0) - logSum;
}
