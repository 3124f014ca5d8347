// Rows of dialogues laid one after the other into the arrays that the model takes.

import type { EncodedDialogue } from './encode-dialogue.js';

/** [R] over all tokens, [S] over supervised ones. */
export interface Batch {
  readonly tokens: Int32Array;
  /** From 0 in every dialogue. */
  readonly positions: Int32Array;
  /** First row of the dialogue that row r belongs to, and the row after its last. */
  readonly segmentStarts: Int32Array;
  readonly segmentEnds: Int32Array;
  readonly supervisedRows: Int32Array;
  readonly targets: Int32Array;
  /** Tokens that are not padding. */
  readonly tokenCount: number;
}

/**
 * @param padTo fills every row up to this many tokens: padding is a dialogue of its own each, with nothing to learn.
 *   Null leaves no padding at all.
 */
export function collate(rows: readonly (readonly EncodedDialogue[])[], padTo: number | null): Batch {
  const lengthOf = (row: readonly EncodedDialogue[]) => row.reduce((sum, { tokens }) => sum + tokens.length, 0);
  const size = rows.reduce((sum, row) => sum + (padTo ?? lengthOf(row)), 0);
  const tokens = new Int32Array(size);
  const positions = new Int32Array(size);
  const segmentStarts = new Int32Array(size);
  const segmentEnds = new Int32Array(size);
  const supervisedRows: number[] = [];
  const targets: number[] = [];
  let tokenCount = 0;
  let at = 0;
  for (const row of rows) {
    const rowStart = at;
    for (const dialogue of row) {
      const { length } = dialogue.tokens;
      tokens.set(dialogue.tokens, at);
      segmentStarts.fill(at, at, at + length);
      segmentEnds.fill(at + length, at, at + length);
      for (let position = 0; position < length; position++) {
        positions[at + position] = position;
        const target = dialogue.targets[position] ?? -1;
        if (target < 0) continue;
        supervisedRows.push(at + position);
        targets.push(target);
      }
      tokenCount += length;
      at += length;
    }
    for (const end = padTo === null ? at : rowStart + padTo; at < end; at++) {
      segmentStarts[at] = at;
      segmentEnds[at] = at + 1;
    }
  }
  return {
    tokens,
    positions,
    segmentStarts,
    segmentEnds,
    supervisedRows: Int32Array.from(supervisedRows),
    targets: Int32Array.from(targets),
    tokenCount,
  };
}
