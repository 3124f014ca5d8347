// The likeliest reply to a conversation, token by token.

import type { DecodingPass } from '../nn/decoding-pass.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';

export interface ReplyOptions {
  readonly maxNewTokens: number;
}

/**
 * Greedy reply of one sequence.
 * @param turns the conversation so far; where it is too long, its oldest tokens are left out.
 */
export function greedyReply(
  decoder: DecodingPass,
  tokenizer: Tokenizer,
  turns: readonly string[],
  { maxNewTokens }: ReplyOptions,
): string {
  const prompt = turns.flatMap((turn) => [...tokenizer.encode(turn), tokenizer.endOfText]);
  decoder.rewind(0);
  const reply: number[] = [];
  let next = argmax(decoder.prompt(prompt.slice(-Math.max(1, decoder.room - maxNewTokens))));
  while (next !== tokenizer.endOfText && reply.length < maxNewTokens) {
    reply.push(next);
    if (decoder.room === 0) break;
    next = argmax(decoder.advance([next]));
  }
  return tokenizer.decode(reply).trim();
}

/** The first index of the largest number; 0 where none is a number. */
function argmax(values: Float32Array): number {
  let best = 0;
  for (let index = 1; index < values.length; index++)
    if ((values[index] ?? 0) > (values[best] ?? 0)) best = index;
  return best;
}
