// Full rows of random tokens, every one supervised, each row a segment of its own: what the measurements of a training
// step learn.

import type { TrainingInput } from '../src/nn/packed-pass.js';
import { Random } from '../src/random.js';

/** `rows` of `length` tokens, one behind the other. */
export function fullRows(rows: number, length: number, vocabulary: number): TrainingInput {
  const random = new Random(2);
  const size = rows * length;
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
