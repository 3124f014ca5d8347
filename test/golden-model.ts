// Reproduces the weights and batches of scripts/make-goldens.py from the same integer hash.

import type { Batch } from '../src/nn/batch.js';

/** uint32: the murmur3 finalizer of stream * 2^20 + index. */
function hashed(index: number, stream: number): number {
  let h = ((stream << 20) + index) >>> 0;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  h ^= h >>> 16;
  return h >>> 0;
}

export function goldenWeights(name: string, size: number, stream: number): Float32Array {
  const centre = /ln_(1|2|f)\.weight$/.test(name) ? 1 : 0;
  return Float32Array.from(
    { length: size },
    (_, index) => (hashed(index, stream) / 2 ** 32 - 0.5) * 0.3 + centre,
  );
}

/** The projection of a parameter onto the vector that scripts/make-goldens.py uses for that stream. */
export function goldenProjection(values: Float32Array, stream: number): number {
  let sum = 0;
  for (const [index, value] of values.entries()) sum += value * (hashed(index, stream) / 2 ** 32 - 0.5);
  return sum;
}

/** Dialogues of the given lengths, packed into one sequence. */
export function goldenBatch(lengths: readonly number[], vocabulary: number, stream: number): Batch {
  const tokens: number[] = [];
  const positions: number[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  const supervisedRows: number[] = [];
  const targets: number[] = [];
  lengths.forEach((length, place) => {
    const start = tokens.length;
    for (let position = 0; position < length; position++) {
      if (position === length - 1 || hashed(position, stream + 2 * place + 1) % 4 !== 0) {
        supervisedRows.push(start + position);
        targets.push(hashed(position + 1, stream + 2 * place) % vocabulary);
      }
      tokens.push(hashed(position, stream + 2 * place) % vocabulary);
      positions.push(position);
      starts.push(start);
      ends.push(start + length);
    }
  });
  return {
    tokens: Int32Array.from(tokens),
    positions: Int32Array.from(positions),
    segmentStarts: Int32Array.from(starts),
    segmentEnds: Int32Array.from(ends),
    supervisedRows: Int32Array.from(supervisedRows),
    targets: Int32Array.from(targets),
  };
}
