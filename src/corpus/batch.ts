// Lays out packed sequences as a batch: flat arrays, and where each dialogue starts and ends. Knows nothing of devices.

import type { Batch } from '../nn/batch.js';
import type { LabelledTokens } from './encode-dialogue.js';

export interface CollateOptions {
  readonly maxLength: number;
  /** Whether each sequence is padded to maxLength. Each padding token is a dialogue of its own without a target. */
  readonly pad: boolean;
}

const paddingToken = 0;

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
    // As if all were padding: every row is a segment of its own.
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
