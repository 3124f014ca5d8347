// A batch for measuring a training step: full sequences of random tokens, all supervised, each one segment.

import type { Batch } from '../src/nn/batch.js';
import { Random } from '../src/random.js';

/** @param sequences the number of sequences. @param length tokens per sequence. */
export function fullBatch(sequences: number, length: number, vocabulary: number): Batch {
  const random = new Random(2);
  const size = sequences * length;
  const ids = () => Int32Array.from({ length: size }, () => random.below(vocabulary));
  const each = (value: (index: number) => number) =>
    Int32Array.from({ length: size }, (_, index) => value(index));
  return {
    tokens: ids(),
    positions: each((index) => index % length),
    segmentStarts: each((index) => index - (index % length)),
    segmentEnds: each((index) => index - (index % length) + length),
    supervisedRows: each((index) => index),
    targets: ids(),
  };
}
