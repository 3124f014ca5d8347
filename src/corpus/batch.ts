// Rows of encoded dialogues laid one after the other, as the model takes them: flat arrays, and where each dialogue
// starts and ends. It knows nothing of devices.

import type { TrainingInput } from '../nn/packed-pass.js';
import type { LabelledTokens } from './encode-dialogue.js';

/** What one micro-step reads. */
export interface Batch extends TrainingInput {
  /** How many of the R are no padding. */
  readonly tokenCount: number;
}

export interface CollateOptions {
  readonly maxLength: number;
  /** `row`: every row is filled up to maxLength; each token of padding is a dialogue of its own, without a target. */
  readonly padTo: 'none' | 'row';
}

const paddingToken = 0;

export function collate(
  rows: readonly (readonly LabelledTokens[])[],
  { maxLength, padTo }: CollateOptions,
): Batch {
  const lengths = rows.map((row) => row.reduce((sum, { tokens }) => sum + tokens.length, 0));
  const tokenCount = lengths.reduce((sum, length) => sum + length, 0);
  const size = padTo === 'row' ? rows.length * maxLength : tokenCount;
  const supervised = rows.flat().reduce((sum, { supervisedTokens }) => sum + supervisedTokens, 0);
  const batch = {
    tokens: new Int32Array(size).fill(paddingToken),
    positions: new Int32Array(size),
    // As if all were padding: every row its own segment.
    segmentStarts: Int32Array.from({ length: size }, (_, row) => row),
    segmentEnds: Int32Array.from({ length: size }, (_, row) => row + 1),
    supervisedRows: new Int32Array(supervised),
    targets: new Int32Array(supervised),
    tokenCount,
  };
  let rowStart = 0;
  let supervisedCount = 0;
  for (const [index, row] of rows.entries()) {
    const length = lengths[index] ?? 0;
    if (length > maxLength) throw new RangeError(`a row of ${length} tokens is longer than ${maxLength}`);
    let start = rowStart;
    for (const dialogue of row) {
      supervisedCount = place(batch, dialogue, start, supervisedCount);
      start += dialogue.tokens.length;
    }
    rowStart += padTo === 'row' ? maxLength : length;
  }
  return batch;
}

/** @returns how many supervised rows there are now. */
function place(
  batch: Batch,
  { tokens, targets }: LabelledTokens,
  start: number,
  supervisedBefore: number,
): number {
  const end = start + tokens.length;
  batch.tokens.set(tokens, start);
  batch.segmentStarts.fill(start, start, end);
  batch.segmentEnds.fill(end, start, end);
  let supervised = supervisedBefore;
  for (let position = 0; position < tokens.length; position++) {
    batch.positions[start + position] = position;
    const target = targets[position] ?? -1;
    if (target < 0) continue;
    batch.supervisedRows[supervised] = start + position;
    batch.targets[supervised++] = target;
  }
  return supervised;
}
