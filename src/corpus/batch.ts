// Lays out packed sequences as a batch: flat arrays, with the start and end of each dialogue. It does not know about
// devices.

import type { Batch } from '../nn/batch.js';
import type { LabelledTokens } from './encode-dialogue.js';

export interface CollateOptions {
  readonly maxLength: number;
  /** Pads each sequence to maxLength. Each padding token is a separate segment without a target. */
  readonly pad: boolean;
}

const paddingToken = 0;

/** @throws RangeError if a sequence is longer than maxLength. */
export function collate(
  sequences: readonly (readonly LabelledTokens[])[],
  { maxLength, pad }: CollateOptions,
): Batch {
  const lengths = sequences.map((sequence) => sequence.reduce((sum, { tokens }) => sum + tokens.length, 0));
  const size = pad ? sequences.length * maxLength : lengths.reduce((sum, length) => sum + length, 0);
  const supervised = sequences.flat().reduce((sum, { supervisedTokens }) => sum + supervisedTokens, 0);
  const batch = {
    tokens: new Int32Array(size).fill(paddingToken),
    positions: new Int32Array(size),
    // Treats every position as padding at first: a segment of one token.
    segmentStarts: Int32Array.from({ length: size }, (_, row) => row),
    segmentEnds: Int32Array.from({ length: size }, (_, row) => row + 1),
    supervisedRows: new Int32Array(supervised),
    targets: new Int32Array(supervised),
  };
  let sequenceStart = 0;
  let supervisedCount = 0;
  for (const [index, sequence] of sequences.entries()) {
    const length = lengths[index] ?? 0;
    if (length > maxLength)
      throw new RangeError(`a sequence of ${length} tokens is longer than ${maxLength}`);
    let start = sequenceStart;
    for (const dialogue of sequence) {
      supervisedCount = place(batch, dialogue, start, supervisedCount);
      start += dialogue.tokens.length;
    }
    sequenceStart += pad ? maxLength : length;
  }
  return batch;
}

/** Writes one dialogue into the batch. @returns the number of supervised rows so far. */
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
