// Encodes a conversation as token ids: the text of each turn followed by end-of-text, with the target of each position.
// A dialogue that is too long loses its oldest turns. This also holds for the reversed order, where they come last.

import type { DialogueOrder } from '../nn/gpt2-config.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import type { Dialogue } from './dialogue.js';
import {
  type LearnableDialogue,
  type LearnableTurn,
  type LossOn,
  type LossRule,
  learntTurns,
  learntTurnsReversed,
  lossRule,
} from './learnt-turns.js';
import type { Ids, TrainingText, TurnIds } from './training-text.js';

export interface EncodeOptions {
  readonly lossOn: LossOn;
  /** The largest number of input positions of a dialogue; at least 1. */
  readonly maxLength: number;
  readonly order: DialogueOrder;
}

/** The input tokens of a dialogue and the target at each position. */
export interface LabelledTokens {
  /** [length] input ids. The last token of the dialogue is not an input, because it has no next token. */
  readonly tokens: Int32Array;
  /** [length] targets: the token after each input, or -1 where nothing is learned. */
  readonly targets: Int32Array;
  readonly supervisedTokens: number;
}

export interface EncodedDialogue extends LabelledTokens {
  /** The rule that selected the learned turns. */
  readonly rule: LossRule;
  /** Number of whole turns left out because the dialogue was too long. */
  readonly droppedTurns: number;
  /** Number of tokens left out, in dropped turns and in turns that were cut. */
  readonly droppedTokens: number;
  /** Whether a learned turn lost its end. */
  readonly cutReply: boolean;
  /** Numbers of end-of-text markers and of other special tokens in the text. */
  readonly endMarkers: number;
  readonly specialTokens: number;
}

/** The target of a position where nothing is learned. */
export const unsupervised = -1;

/** A turn whose text is tokens already. */
export type TokenizedTurn = LearnableTurn & TurnIds;

export interface EncodedTurn {
  readonly ids: Ids;
  readonly supervised: boolean;
}

/** The ids of a turn, with the end-of-text token. Special tokens in `text` are encoded as ordinary text. */
export function encodeTurn(text: string, tokenizer: Tokenizer): number[] {
  return [...tokenizer.encode(text), tokenizer.endOfText];
}

/**
 * Encodes a dialogue, or returns null if nothing in it is learned. The oldest turns are dropped until the rest fits. The
 * newest two always stay. If they are still too long, the first in layout order keeps its end and the second keeps its
 * beginning. A turn whose predecessor was dropped becomes context, unless `lossOn` is `all`.
 *
 * A reversed dialogue also drops its oldest turns, although they come last: the turns nearest to the response say most
 * about it, and they are what remains of a long history when responses are scored (generate/mmi.ts).
 */
export function encodeDialogue(
  dialogue: Dialogue,
  text: TrainingText,
  options: EncodeOptions,
): EncodedDialogue | null {
  return encodeTurns(dialogue, (turn) => text.encode(turn.text), options);
}

/** The same for a dialogue whose turns are tokens already. */
export function encodeTokenized(
  dialogue: LearnableDialogue<TokenizedTurn>,
  options: EncodeOptions,
): EncodedDialogue | null {
  return encodeTurns(dialogue, (turn) => turn, options);
}

function encodeTurns<Said extends LearnableTurn>(
  dialogue: LearnableDialogue<Said>,
  idsOf: (turn: Said) => TurnIds,
  { lossOn, maxLength, order }: EncodeOptions,
): EncodedDialogue | null {
  const reversed = order === 'reversed';
  const turns = reversed ? learntTurnsReversed(dialogue, lossOn) : learntTurns(dialogue, lossOn);
  const encoded = turns.map(({ turn }) => idsOf(turn));
  const all = sum(encoded.map(({ ids }) => ids.length));
  // One more token than input positions, because the last token is only a target.
  const capacity = maxLength + 1;
  let [first, end] = [0, turns.length];
  for (let length = all; length > capacity && end - first > 2; ) {
    const oldest = reversed ? --end : first++;
    length -= encoded[oldest]?.ids.length ?? 0;
  }
  // The last learned turn may have been dropped, and the turns after it teach nothing.
  while (reversed && end - first > 2 && turns[end - 1]?.learned !== true) end--;
  const beginsLate = first > 0 && lossOn !== 'all';
  const context = beginsLate ? turns.findIndex(({ system }, index) => index >= first && !system) : -1;
  const kept = encoded
    .map(({ ids }, index) => ({ ids, supervised: turns[index]?.learned === true && index !== context }))
    .slice(first, end);
  const { turns: fitting, cutReply } = cutPair(kept, capacity);
  const laidOut = layOutTurns(fitting);
  if (laidOut === null) return null;
  // Written out, because spreading an object is slow and a corpus has millions of dialogues.
  const { tokens, targets, supervisedTokens } = laidOut;
  return {
    tokens,
    targets,
    supervisedTokens,
    rule: lossRule(dialogue, lossOn),
    droppedTurns: turns.length - (end - first),
    droppedTokens: all - tokens.length - 1,
    cutReply,
    endMarkers: sum(encoded.map(({ endMarkers }) => endMarkers)),
    specialTokens: sum(encoded.map(({ specialTokens }) => specialTokens)),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

export interface Cut {
  readonly turns: readonly EncodedTurn[];
  readonly cutReply: boolean;
}

/**
 * Cuts two turns that together exceed `capacity` tokens. If the response needs the room, the context gets at most half
 * of it.
 */
export function cutPair(turns: readonly EncodedTurn[], capacity: number): Cut {
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

/** Lays out turns one after the other, or returns null if nothing is learned. The very first token is never a target. */
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
