// A conversation as ids: every turn's text and the token that ends it, one after the other, and at each position the
// token to be predicted there, or none. What does not fit loses its oldest turns, also where these stand last.

import type { DialogueOrder } from '../nn/gpt2-config.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import type { Dialogue } from './dialogue.js';
import { reverseDialogue } from './reverse-dialogue.js';

/**
 * Which turns are learnt: those after the first, all, or the last. Reversed, the same pairs of turns count as forward:
 * those that a turn answers, all, or the one that the last turn answers.
 */
export type LossOn = 'responses' | 'all' | 'last';

export interface EncodeOptions {
  readonly lossOn: LossOn;
  /** The most input positions that a dialogue may take; at least 1. */
  readonly maxLength: number;
  readonly order: DialogueOrder;
}

/** What the model reads, and beside each token what it should say next. */
export interface LabelledTokens {
  /** The inputs, [length]. The last token of all is no input: nothing follows it. */
  readonly tokens: Int32Array;
  /** [length]: the token after each input, or -1 where it is not to be learnt. */
  readonly targets: Int32Array;
  readonly supervisedTokens: number;
}

export interface EncodedDialogue extends LabelledTokens {
  /** Turns left out whole because the dialogue was too long. */
  readonly droppedTurns: number;
  /** Tokens left out, of those turns and of turns cut short. */
  readonly droppedTokens: number;
}

/** A target that is none. */
export const unsupervised = -1;

export interface EncodedTurn {
  readonly ids: readonly number[];
  readonly supervised: boolean;
}

/** A turn's ids, the token that ends it included. */
export function encodeTurn(text: string, tokenizer: Tokenizer): number[] {
  return [...tokenizer.encode(text), tokenizer.endOfText];
}

/**
 * Null when nothing in the dialogue is to be learnt. Turns leave, oldest first, until the rest fits; the newest two
 * stay, and are cut where they must be: the first laid out keeps its end, the second its beginning.
 *
 * That the oldest leave is right for a reversed dialogue too, where they stand last: what is nearest to the response
 * says most about it, and it is what is left of a long history when responses are scored (generate/mmi.ts).
 */
export function encodeDialogue(
  dialogue: Dialogue,
  tokenizer: Tokenizer,
  { lossOn, maxLength, order }: EncodeOptions,
): EncodedDialogue | null {
  const { turns } = order === 'reversed' ? reverseDialogue(dialogue) : dialogue;
  const encoded = turns.map(({ text }) => encodeTurn(text, tokenizer));
  const all = encoded.reduce((sum, ids) => sum + ids.length, 0);
  // One token more than there are input positions: the last is only predicted.
  const capacity = maxLength + 1;
  let [first, end] = [0, turns.length];
  let length = all;
  while (length > capacity && end - first > 2) {
    const oldest = order === 'reversed' ? --end : first++;
    length -= encoded[oldest]?.length ?? 0;
  }

  const firstSpoken = turns.findIndex(({ system }, index) => index >= first && !system);
  const last = order === 'reversed' ? 1 : turns.length - 1;
  const learnt = (index: number): boolean => {
    const turn = turns[index];
    if (!turn?.supervised || turn.system) return false;
    if (lossOn === 'last') return index === last;
    return lossOn === 'all' || index > firstSpoken;
  };
  const kept = encoded.slice(first, end).map((ids, index) => ({ ids, supervised: learnt(first + index) }));
  const laidOut = layOutTurns(cutPair(kept, capacity));
  return (
    laidOut && {
      ...laidOut,
      droppedTurns: turns.length - (end - first),
      droppedTokens: all - laidOut.tokens.length - 1,
    }
  );
}

/** Two turns that are too long together share what room there is; the context never takes more than half of it. */
function cutPair(turns: readonly EncodedTurn[], capacity: number): readonly EncodedTurn[] {
  const [context, response, ...more] = turns;
  if (!context || more.length > 0) return turns;
  if (!response) return [{ ...context, ids: context.ids.slice(0, capacity) }];
  if (context.ids.length + response.ids.length <= capacity) return turns;
  const half = Math.min(context.ids.length, capacity >> 1);
  const contextLength = Math.max(half, capacity - response.ids.length);
  return [
    { ...context, ids: context.ids.slice(context.ids.length - contextLength) },
    { ...response, ids: response.ids.slice(0, capacity - contextLength) },
  ];
}

/** Turns one after the other; null when nothing in them is to be learnt. The very first token is never a target. */
export function layOutTurns(turns: readonly EncodedTurn[]): LabelledTokens | null {
  const length = turns.reduce((sum, { ids }) => sum + ids.length, 0);
  const tokens = new Int32Array(Math.max(0, length - 1));
  const targets = new Int32Array(tokens.length).fill(unsupervised);
  let position = 0;
  let supervisedTokens = 0;
  for (const { ids, supervised } of turns)
    for (const id of ids) {
      if (position < tokens.length) tokens[position] = id;
      if (supervised && position > 0) {
        targets[position - 1] = id;
        supervisedTokens++;
      }
      position++;
    }
  return supervisedTokens === 0 ? null : { tokens, targets, supervisedTokens };
}
