// Generates replies token by token, one or several side by side. Each step is one forward pass over all unfinished replies.
// Greedy decoding uses a sampler that always takes the most likely token.

import { setImmediate } from 'node:timers/promises';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { GrowingReply } from './growing-reply.js';
import type { Past } from './known-past.js';
import type { FinishReason } from './reply.js';
import { candidateSamplers } from './sampler.js';
import type { GenerationSettings } from './settings.js';

export interface SampledReply {
  readonly text: string;
  /** Without the end-of-text token. */
  readonly tokens: readonly number[];
  readonly finishReason: FinishReason;
  /** Mean over the generated tokens, including the end-of-text token; NaN when there is only one reply. */
  readonly meanLogLikelihood: number;
}

export interface SampleWatcher {
  /** The next piece of the first reply's text. */
  text(piece: string): void;
  /** Called after every step, in which each reply grows by one token. */
  shouldStop(): boolean;
}

/**
 * Continues a prompt `count` times. The first reply does not depend on `count`.
 * @param past has at least `count` sequences.
 * @param prompt at least one token. A reply ends when the context is full.
 * @throws UserError (model) when the model's output is not a number.
 */
export async function generateReplies(
  past: Past,
  tokenizer: Tokenizer,
  prompt: readonly number[],
  settings: GenerationSettings,
  count: number,
  watcher: SampleWatcher,
): Promise<readonly SampledReply[]> {
  const compared = count > 1;
  const replies = candidateSamplers(settings, tokenizer.endOfText, count).map((sampler, candidate) => {
    const show = candidate === 0 ? watcher.text : () => {};
    return new GrowingReply({ prompt, tokenizer, settings, sampler, measured: compared, show });
  });
  const first = past.read(prompt);
  let growing = replies;
  let logits = replies.map(() => first);
  for (;;) {
    for (const [row, reply] of growing.entries()) reply.grow(logits[row] ?? first);
    const rows = growing.flatMap(({ finishReason }, row) => (finishReason === null ? row : []));
    if (rows.length === 0) break;
    await setImmediate();
    const cut = watcher.shouldStop() ? 'interrupted' : past.room === 0 ? 'length' : null;
    if (cut !== null) {
      for (const reply of growing) reply.finish(cut);
      break;
    }
    if (rows.length < growing.length) past.reorder(rows);
    growing = growing.filter(({ finishReason }) => finishReason === null);
    logits = rowsOf(past.advance(growing.map(({ lastToken }) => lastToken)), growing.length);
  }
  return replies.map(({ text, tokens, logLikelihoods, finishReason }) => ({
    ...{ text, tokens, finishReason: finishReason ?? 'interrupted' },
    meanLogLikelihood: logLikelihoods.reduce((total, value) => total + value, 0) / logLikelihoods.length,
  }));
}

function rowsOf(values: Float32Array, count: number): Float32Array[] {
  const width = values.length / count;
  return Array.from({ length: count }, (_, row) => values.subarray(row * width, (row + 1) * width));
}
