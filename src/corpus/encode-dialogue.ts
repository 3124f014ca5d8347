// A conversation as ids: every turn's text and the token that ends it, one after the other, and at each position the
// token to be predicted there, or none. What does not fit loses its oldest turns.

import type { Tokenizer } from '../tokenizer/tokenizer.js';
import type { Dialogue } from './dialogue.js';

/** Which turns are learnt: those after the first, all, or the last. */
export type LossOn = 'responses' | 'all' | 'last';

export interface EncodeOptions {
  readonly lossOn: LossOn;
  /** The most input positions that a dialogue may take; at least 1. */
  readonly maxLength: number;
}

export interface EncodedDialogue {
  /** The inputs, [length]. The dialogue's last token is no input: nothing follows it. */
  readonly tokens: Int32Array;
  /** [length]: the token after each input, or -1 where it is not to be learnt. */
  readonly targets: Int32Array;
  readonly supervisedTokens: number;
  /** Turns left out whole because the dialogue was too long. */
  readonly droppedTurns: number;
  /** Tokens left out, of those turns and of turns cut short. */
  readonly droppedTokens: number;
}

/** A target that is none. */
export const unsupervised = -1;

interface EncodedTurn {
  readonly ids: readonly number[];
  readonly supervised: boolean;
}

/**
 * Null when nothing in the dialogue is to be learnt. Turns leave, oldest first, until the rest fits; the last two stay,
 * and are cut where they must be: the first keeps its end, the second its beginning.
 */
export function encodeDialogue(
  dialogue: Dialogue,
  tokenizer: Tokenizer,
  { lossOn, maxLength }: EncodeOptions,
): EncodedDialogue | null {
  const { turns } = dialogue;
  const encoded = turns.map(({ text }) => [...tokenizer.encode(text), tokenizer.endOfText]);
  const all = encoded.reduce((sum, ids) => sum + ids.length, 0);
  // One token more than there are input positions: the last is only predicted.
  const capacity = maxLength + 1;
  let first = 0;
  let length = all;
  while (length > capacity && turns.length - first > 2) length -= encoded[first++]?.length ?? 0;

  const firstSpoken = turns.findIndex(({ system }, index) => index >= first && !system);
  const learnt = (index: number): boolean => {
    const turn = turns[index];
    if (!turn?.supervised || turn.system) return false;
    if (lossOn === 'last') return index === turns.length - 1;
    return lossOn === 'all' || index > firstSpoken;
  };
  const kept = encoded.slice(first).map((ids, index) => ({ ids, supervised: learnt(first + index) }));
  return layOut(cutPair(kept, capacity), first, all);
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

function layOut(
  turns: readonly EncodedTurn[],
  droppedTurns: number,
  allTokens: number,
): EncodedDialogue | null {
  const kept = turns.reduce((sum, { ids }) => sum + ids.length, 0);
  const tokens = new Int32Array(Math.max(0, kept - 1));
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
  if (supervisedTokens === 0) return null;
  return { tokens, targets, supervisedTokens, droppedTurns, droppedTokens: allTokens - kept };
}
