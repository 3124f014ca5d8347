// Lays out the replies of a dialogue as a model reads them in training: each after the turns before it. A dialogue that is
// longer than the context becomes several pieces, so that every reply is in one of them.

import type { Dialogue } from '../../corpus/dialogue.js';
import { cutPair, type LabelledTokens, layOutTurns } from '../../corpus/encode-dialogue.js';
import type { TrainingText } from '../../corpus/training-text.js';
import { learnedReplies } from '../rule.js';

export interface PlacedReply {
  /** Index in the dialogue. */
  readonly turn: number;
  /** With the one that ends the turn. */
  readonly tokens: number;
}

export interface Piece {
  /** Only the replies are supervised. */
  readonly text: LabelledTokens;
  /** In the order of their tokens. */
  readonly replies: readonly PlacedReply[];
}

/** @param contextLength the most tokens that the model reads. @returns none if nothing in the dialogue is learned. */
export function piecesOf(dialogue: Dialogue, text: TrainingText, contextLength: number): Piece[] {
  const learned = learnedReplies(dialogue);
  const isLearned = new Set(learned);
  let end = (learned.at(-1) ?? -1) + 1;
  const encoded = dialogue.turns.slice(0, end).map((turn) => text.encode(turn.text).ids);
  // The last token is only predicted.
  const capacity = contextLength + 1;
  const pieces: Piece[] = [];
  while (end > 0) {
    const start = startOf(encoded, end, capacity);
    const turns = encoded
      .slice(start, end)
      .map((ids, index) => ({ ids, supervised: index > 0 && isLearned.has(start + index) }));
    const fitting = cutPair(turns, capacity).turns;
    const laidOut = layOutTurns(fitting);
    const replies = fitting.flatMap(({ ids, supervised }, index) =>
      supervised ? [{ turn: start + index, tokens: ids.length }] : [],
    );
    if (laidOut) pieces.push({ text: laidOut, replies });
    end = (learned.findLast((turn) => turn <= start) ?? -1) + 1;
  }
  return pieces.reverse();
}

/** The first of the turns before `end` that fit into the context together. The last two always count as fitting. */
function startOf(encoded: readonly (readonly number[])[], end: number, capacity: number): number {
  const lengthOf = (turn: number) => encoded[turn]?.length ?? 0;
  let start = end - 2;
  let length = lengthOf(end - 1) + lengthOf(start);
  while (start > 0 && length + lengthOf(start - 1) <= capacity) length += lengthOf(--start);
  return start;
}
