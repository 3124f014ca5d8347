// A conversation as ids: every turn's text and the token that ends it, one after the other, and at each position the
// token to be predicted there, or none. What does not fit loses its oldest turns, also where these stand last.

import type { DialogueOrder } from '../nn/gpt2-config.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import type { Dialogue } from './dialogue.js';
import { type LossOn, type LossRule, learntTurns, learntTurnsReversed, lossRule } from './learnt-turns.js';
import type { TrainingText } from './training-text.js';

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
  /** What decided which turns are learnt. */
  readonly rule: LossRule;
  /** Turns left out whole because the dialogue was too long. */
  readonly droppedTurns: number;
  /** Tokens left out, of those turns and of turns cut short. */
  readonly droppedTokens: number;
  /** Whether a turn that is learnt lost its end. */
  readonly cutReply: boolean;
  /** End-of-text markers that the text spells, and other special tokens. */
  readonly endMarkers: number;
  readonly specialTokens: number;
}

/** A target that is none. */
export const unsupervised = -1;

export interface EncodedTurn {
  readonly ids: readonly number[];
  readonly supervised: boolean;
}

/** A turn's ids, the token that ends it included; text that spells a special token stays text. */
export function encodeTurn(text: string, tokenizer: Tokenizer): number[] {
  return [...tokenizer.encode(text), tokenizer.endOfText];
}

/**
 * Null when nothing in the dialogue is to be learnt. Turns leave, oldest first, until the rest fits; the newest two
 * stay, and are cut where they must be: the first laid out keeps its end, the second its beginning. A turn whose
 * predecessor left is context, unless all turns are learnt.
 *
 * That the oldest leave is right for a reversed dialogue too, where they stand last: what is nearest to the response
 * says most about it, and it is what is left of a long history when responses are scored (generate/mmi.ts).
 */
export function encodeDialogue(
  dialogue: Dialogue,
  text: TrainingText,
  { lossOn, maxLength, order }: EncodeOptions,
): EncodedDialogue | null {
  const reversed = order === 'reversed';
  const turns = reversed ? learntTurnsReversed(dialogue, lossOn) : learntTurns(dialogue, lossOn);
  const encoded = turns.map((turn) => text.encode(turn.text));
  const all = sum(encoded.map(({ ids }) => ids.length));
  // One token more than there are input positions: the last is only predicted.
  const capacity = maxLength + 1;
  let [first, end] = [0, turns.length];
  for (let length = all; length > capacity && end - first > 2; ) {
    const oldest = reversed ? --end : first++;
    length -= encoded[oldest]?.ids.length ?? 0;
  }
  // The last learnt turn of all may be among those that left.
  while (reversed && end - first > 2 && turns[end - 1]?.learnt !== true) end--;
  const beginsLate = first > 0 && lossOn !== 'all';
  const context = beginsLate ? turns.findIndex(({ system }, index) => index >= first && !system) : -1;
  const kept = encoded
    .map(({ ids }, index) => ({ ids, supervised: turns[index]?.learnt === true && index !== context }))
    .slice(first, end);
  const { turns: fitting, cutReply } = cutPair(kept, capacity);
  const laidOut = layOutTurns(fitting);
  return (
    laidOut && {
      ...laidOut,
      rule: lossRule(dialogue, lossOn),
      droppedTurns: turns.length - (end - first),
      droppedTokens: all - laidOut.tokens.length - 1,
      cutReply,
      endMarkers: sum(encoded.map(({ endMarkers }) => endMarkers)),
      specialTokens: sum(encoded.map(({ specialTokens }) => specialTokens)),
    }
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

interface Cut {
  readonly turns: readonly EncodedTurn[];
  readonly cutReply: boolean;
}

/** Two turns that are too long together share what room there is; the context never takes more than half of it. */
function cutPair(turns: readonly EncodedTurn[], capacity: number): Cut {
  const [context, response, ...more] = turns;
  if (!context || more.length > 0) return { turns, cutReply: false };
  if (!response) {
    const cutReply = context.supervised && context.ids.length > capacity;
    return { turns: [{ ...context, ids: context.ids.slice(0, capacity) }], cutReply };
  }
  if (context.ids.length + response.ids.length <= capacity) return { turns, cutReply: false };
  const half = Math.min(context.ids.length, capacity >> 1);
  const contextLength = Math.max(half, capacity - response.ids.length);
  const responseLength = capacity - contextLength;
  return {
    turns: [
      { ...context, ids: context.ids.slice(context.ids.length - contextLength) },
      { ...response, ids: response.ids.slice(0, responseLength) },
    ],
    cutReply: response.supervised && response.ids.length > responseLength,
  };
}

/** Turns one after the other; null when nothing in them is to be learnt. The very first token is never a target. */
export function layOutTurns(turns: readonly EncodedTurn[]): LabelledTokens | null {
  const length = turns.reduce((total, { ids }) => total + ids.length, 0);
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
