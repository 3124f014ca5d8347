// Encodes a conversation for the model: every turn is followed by the end-of-text token, as in training.

import { encodeTurn } from '../corpus/encode-dialogue.js';
import { UserError } from '../errors.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';

export interface Prompt {
  readonly tokens: readonly number[];
  /** Turns left out because the context is full: the oldest ones, each as a whole. */
  readonly droppedTurns: number;
}

/** A reply gets the room that it may need, but never more than half of the context. */
export function promptRoom(contextLength: number, maxNewTokens: number): number {
  return contextLength - Math.min(maxNewTokens, contextLength >> 1);
}

/** What is read to find how likely a reply is: the prompt, and the reply's tokens with its end, cut at half of the context. */
export function encodeScored(
  turns: readonly string[],
  reply: string,
  tokenizer: Tokenizer,
  contextLength: number,
): { readonly prompt: readonly number[]; readonly continuation: readonly number[] } {
  const continuation = encodeTurn(reply, tokenizer).slice(0, contextLength >> 1);
  const { tokens } = encodePrompt(turns, tokenizer, contextLength - continuation.length);
  return { prompt: tokens, continuation };
}

/**
 * @param turns the turns so far, oldest first; at least one.
 * @param room the most tokens that the prompt may have.
 * @throws UserError (usage) when the last turn alone is longer than that.
 */
export function encodePrompt(turns: readonly string[], tokenizer: Tokenizer, room: number): Prompt {
  const encoded = turns.map((turn) => encodeTurn(turn, tokenizer));
  let first = encoded.length;
  for (let left = room; first > 0; first--) {
    left -= encoded[first - 1]?.length ?? 0;
    if (left < 0) break;
  }
  if (first === encoded.length)
    throw new UserError(
      'message-too-long',
      `the message has ${encoded.at(-1)?.length ?? 0} tokens, but the model's context leaves room for ${room}; shorten it`,
    );
  return { tokens: encoded.slice(first).flat(), droppedTurns: first };
}
