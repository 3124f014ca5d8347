// Measures the model on conversations that it is not trained on: mean loss over supervised tokens, perplexity, and a few
// replies to read.

import { setImmediate } from 'node:timers/promises';
import type { Conversations } from '../corpus/conversations.js';
import type { Dialogue } from '../corpus/dialogue.js';
import { TrainingText } from '../corpus/training-text.js';
import { generateReplies } from '../generate/generate-replies.js';
import { KnownPast } from '../generate/known-past.js';
import { defaultSettings } from '../generate/settings.js';
import type { Batch } from '../nn/batch.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import type { SampleReply } from './events.js';
import type { Learner } from './learner.js';

const sampleTokens = 40;
const sampleSettings = { ...defaultSettings, doSample: false, minNewTokens: 0, maxNewTokens: sampleTokens };

/** A conversation without its last turn, and that last turn as the reference reply. */
export interface SamplePrompt {
  readonly turns: readonly string[];
  readonly reference: string;
}

/** `count` dialogues spread evenly over the evaluation set. @param said returns the texts of the turns in training order. */
export function choosePrompts(
  conversations: Conversations,
  count: number,
  said: (dialogue: Dialogue) => readonly string[],
): SamplePrompt[] {
  const { length } = conversations;
  const stride = Math.max(1, length / count);
  const indices = Array.from({ length: Math.min(count, length) }, (_, index) => Math.floor(index * stride));
  return conversations
    .several(indices)
    .map(said)
    .filter((turns) => turns.length > 1)
    .map((turns) => ({ turns: turns.slice(0, -1), reference: turns.at(-1) ?? '' }));
}

/**
 * Mean loss over the supervised tokens of all batches, without dropout and label smoothing. `interrupted` is called after
 * each batch; null when it returns true.
 */
export async function evaluationLoss(
  { device, pass }: Learner,
  batches: Iterable<Batch>,
  interrupted: () => boolean,
): Promise<number | null> {
  let sum = 0;
  let tokens = 0;
  for (const batch of batches) {
    device.fill(pass.lossSum, 0);
    pass.evaluate(batch);
    sum += device.download(pass.lossSum)[0] ?? Number.NaN;
    tokens += batch.targets.length;
    await setImmediate();
    if (interrupted()) return null;
  }
  return sum / tokens;
}

/** The greedy reply to each prompt, at most 40 tokens. Of a prompt that is too long, the model reads only the end. */
export async function sampleReplies(
  { decoder }: Learner,
  tokenizer: Tokenizer,
  prompts: readonly SamplePrompt[],
): Promise<SampleReply[]> {
  if (!decoder) return [];
  // The weights have changed since the last evaluation, so cached keys and values are invalid.
  const past = new KnownPast(decoder);
  const watcher = { text: () => {}, shouldStop: () => false };
  const text = new TrainingText(tokenizer);
  const samples: SampleReply[] = [];
  for (const { turns, reference } of prompts) {
    const tokens = turns.flatMap((turn) => text.encode(turn).ids);
    const room = Math.max(1, decoder.contextLength - sampleTokens);
    const [reply] = await generateReplies(past, tokenizer, tokens.slice(-room), sampleSettings, 1, watcher);
    samples.push({ prompt: turns.join(' / '), reply: reply?.text ?? '', reference });
  }
  return samples;
}
