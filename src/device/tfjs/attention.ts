// Attention within packed segments, and with a key-value cache. Segments are computed one after another, so memory and time
// depend on the lengths of the segments and not on the length of the packed sequence.

import * as tf from '@tensorflow/tfjs-core';
import type { Heads } from '../device.js';
import type { Tensor } from '../tensor.js';
import { type Mask, maskRow } from './dropout-masks.js';
import type { TfjsMemory } from './memory.js';

interface Segment {
  readonly start: number;
  readonly length: number;
}

/** The inputs of backward: the results of forward, and the gradient of its output. */
export interface AttentionGradient {
  readonly gradOut: tf.Tensor;
  readonly out: tf.Tensor;
  /** [H,R]. */
  readonly logSumExp: tf.Tensor;
}

export class Attention {
  /** [N,N]: 0 if the row may attend to the column, otherwise -infinity. */
  #causal: tf.Tensor2D | undefined;

  /** @returns out[R,C] and logSumExp[H,R] from qkv[R,3C]. They belong to the caller's tidy. */
  forward(
    qkv: tf.Tensor,
    starts: Int32Array,
    { heads, scale }: Heads,
    mask: Mask | undefined,
  ): { out: tf.Tensor; logSumExp: tf.Tensor } {
    const [rows = 0, channels = 0] = [qkv.shape[0], (qkv.shape[1] ?? 0) / 3];
    const byHead = headsFirst(qkv, 3, heads);
    const results = segmentsOf(starts).map((segment) =>
      tf.tidy(() => {
        const [query, key, value] = [0, 1, 2].map((which) => part(byHead, which, segment)) as Triple;
        const scores = this.#scores(query, key, scale);
        const most = tf.max(scores, 2, true);
        const weights = tf.exp(tf.sub(scores, most));
        const sum = tf.sum(weights, 2, true);
        const probabilities = dropped(tf.div(weights, sum), mask, segment, heads);
        return {
          out: tf.matMul(probabilities, value),
          logSumExp: tf.reshape(tf.add(most, tf.log(sum)), [heads, segment.length]),
        };
      }),
    );
    const out = joined(results.map((result) => result.out));
    const logSumExp = joined(results.map((result) => result.logSumExp));
    return { out: tf.reshape(tf.transpose(out, [1, 0, 2]), [rows, channels]), logSumExp };
  }

  /** @returns the gradient of qkv[R,3C]. Recomputes the probabilities. */
  backward(
    qkv: tf.Tensor,
    { gradOut, out, logSumExp }: AttentionGradient,
    starts: Int32Array,
    { heads, scale }: Heads,
    mask: Mask | undefined,
  ): tf.Tensor {
    const [rows = 0, width = 0] = [qkv.shape[0], qkv.shape[1]];
    const byHead = headsFirst(qkv, 3, heads);
    const gradByHead = headsFirst(gradOut, 1, heads);
    const outByHead = headsFirst(out, 1, heads);
    const gradients = segmentsOf(starts).map((segment) =>
      tf.tidy(() => {
        const { start, length } = segment;
        const [query, key, value] = [0, 1, 2].map((which) => part(byHead, which, segment)) as Triple;
        const grad = part(gradByHead, 0, segment);
        const lse = tf.reshape(tf.slice(logSumExp, [0, start], [heads, length]), [heads, length, 1]);
        const probabilities = tf.exp(tf.sub(this.#scores(query, key, scale), lse)) as tf.Tensor3D;
        const keep = mask && maskOfSegment(mask, segment, heads);
        const gradValue = tf.matMul(keep ? tf.mul(probabilities, keep) : probabilities, grad, true);
        const gradKept = tf.matMul(grad, value, false, true);
        const gradProbabilities = keep ? tf.mul(gradKept, keep) : gradKept;
        const along = tf.sum(tf.mul(grad, part(outByHead, 0, segment)), 2, true);
        const gradScores = tf.mul(
          tf.mul(probabilities, tf.sub(gradProbabilities, along)),
          scale,
        ) as tf.Tensor3D;
        return tf.stack([tf.matMul(gradScores, key), tf.matMul(gradScores, query, true), gradValue]);
      }),
    );
    // [3,H,R,d] back to [R,3,H,d].
    return tf.reshape(tf.transpose(joined(gradients, 2), [2, 0, 1, 3]), [rows, width]);
  }

  /** Attention of the last n queries [H,n,d] of T positions, with keys and values [H,T,d]. @returns [H,n,d]. */
  last(query: tf.Tensor3D, key: tf.Tensor3D, value: tf.Tensor3D, scale: number): tf.Tensor3D {
    return tf.matMul(tf.softmax(this.#scores(query, key, scale)), value);
  }

  release(): void {
    this.#causal?.dispose();
    this.#causal = undefined;
  }

  /** The masked scores [H,n,T] of the last n of T positions; -infinity for later positions. */
  #scores(query: tf.Tensor3D, key: tf.Tensor3D, scale: number): tf.Tensor3D {
    const [queries, keys] = [query.shape[1], key.shape[1]];
    const scores: tf.Tensor3D = tf.mul(tf.matMul(query, key, false, true), scale);
    if (queries === 1) return scores;
    return tf.add(scores, tf.slice2d(this.#causalOf(keys), [keys - queries, 0], [queries, keys]));
  }

  #causalOf(size: number): tf.Tensor2D {
    if (this.#causal && this.#causal.shape[0] >= size) return this.#causal;
    this.#causal?.dispose();
    const extent = 2 ** Math.ceil(Math.log2(size));
    const mask = new Float32Array(extent * extent);
    for (let row = 0; row < extent; row++)
      mask.fill(Number.NEGATIVE_INFINITY, row * extent + row + 1, (row + 1) * extent);
    this.#causal = tf.keep(tf.tensor2d(mask, [extent, extent]));
    return this.#causal;
  }
}

type Triple = [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];

/** [R, parts*C] to [parts,H,R,d]. */
function headsFirst(x: tf.Tensor, parts: number, heads: number): tf.Tensor4D {
  const [rows = 0, width = 0] = x.shape;
  return tf.transpose(
    tf.reshape(x, [rows, parts, heads, width / parts / heads]),
    [1, 2, 0, 3],
  ) as tf.Tensor4D;
}

/** One part (query, key or value) of one segment, [H,L,d]. */
function part(byHead: tf.Tensor4D, which: number, { start, length }: Segment): tf.Tensor3D {
  const [, heads, , size] = byHead.shape;
  return tf.reshape(tf.slice4d(byHead, [which, 0, start, 0], [1, heads, length, size]), [
    heads,
    length,
    size,
  ]);
}

function joined(parts: readonly tf.Tensor[], axis = 1): tf.Tensor {
  const [first] = parts;
  return parts.length === 1 && first !== undefined ? first : tf.concat([...parts], axis);
}

/** Segments are consecutive rows with the same start. @throws Error if a segment does not begin at its start. */
function segmentsOf(starts: Int32Array): Segment[] {
  const segments: Segment[] = [];
  for (let start = 0, row = 1; row <= starts.length; row++) {
    if (row < starts.length && starts[row] === starts[start]) continue;
    if (starts[start] !== start) throw new Error(`attention: row ${start} starts at row ${starts[start]}`);
    segments.push({ start, length: row - start });
    start = row;
  }
  return segments;
}

function dropped(probabilities: tf.Tensor3D, mask: Mask | undefined, segment: Segment, heads: number) {
  return mask ? tf.mul<tf.Tensor3D>(probabilities, maskOfSegment(mask, segment, heads)) : probabilities;
}

/** The dropout factors of one segment, [H,L,L]. */
function maskOfSegment(mask: Mask, { start, length }: Segment, heads: number): tf.Tensor3D {
  const out = new Float32Array(heads * length * length);
  for (let head = 0; head < heads; head++)
    for (let query = 0; query < length; query++) {
      const row = start + query;
      maskRow(out, (head * length + query) * length, mask, row * heads + head, start, row + 1);
    }
  return tf.tensor3d(out, [heads, length, length]);
}

/** The cached keys or values of one sequence, [length, C] in several pieces, one per owner; see KeyValueCache. */
export function readPast(memory: TfjsMemory, kept: Tensor, owners: Int32Array, length: number): tf.Tensor[] {
  const [capacity, channels] = [kept.extent(1), kept.extent(2)];
  const runs: tf.Tensor[] = [];
  for (let from = 0, position = 1; from < length; position++) {
    if (position < length && owners[position] === owners[from]) continue;
    const offset = ((owners[from] ?? 0) * capacity + from) * channels;
    runs.push(memory.read(kept.view(offset, [position - from, channels])));
    from = position;
  }
  return runs;
}
