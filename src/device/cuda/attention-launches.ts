// The attention kernels: which source file serves a head size on a card, the kernels' parameters, and their launch
// geometry. Knows nothing of tensors or of the driver. A geometry without blocks means that there is nothing to do; the
// caller must not launch it, since CUDA rejects an empty grid. Both sources are compiled for one head size (-D
// HEAD_SIZE): attention.cu pads smaller heads with zeros; attention-mma.cu (tensor cores) takes exactly that size and
// needs every address aligned to 16 bytes.
//
// Backward takes two launches with the same parameters. `attention_backward_queries` writes the gradients of the
// queries and fills `deltas` (scratch of attentionScratchBytes), which `attention_backward_keys` then reads.

import type { Geometry, ParameterType } from './launch-arguments.js';
import type { ScalarBytes } from './launches.js';

const P = 'pointer' as const;
const N = 'i64' as const;
const I = 'i32' as const;
const F = 'f32' as const;

/** starts, ends, rows, channels, heads, scale, and dropout's probability, site and counter. */
const options = [P, P, N, N, N, F, F, I, P] as const;

/** The kernels' parameters, in order. */
export const attentionParameters = {
  /** out[R,C], logSumExp f32[H,R], qkv[R,3C], options. */
  attention: [P, P, P, ...options],
  /** gradQkv[R,3C], deltas f32[H,R], gradOut[R,C], out[R,C], logSumExp f32[H,R], qkv[R,3C], options. */
  attention_backward_queries: [P, P, P, P, P, P, ...options],
  attention_backward_keys: [P, P, P, P, P, P, ...options],
  /**
   * out[B*n,C], qkv[B*n,3C], keys[N,P,C], values[N,P,C], lengths i32[B], owners i32[B,P], batch B, new positions n,
   * capacity P, channels C, heads, scale.
   */
  attention_cached: [P, P, P, P, P, P, N, N, N, N, N, F],
} as const satisfies Record<string, readonly ParameterType[]>;

export type AttentionKernel = keyof typeof attentionParameters;
export type AttentionFile = 'attention.cu' | 'attention-mma.cu';

/** The source file of the first three kernels, and the defines it is compiled with besides SCALAR. */
export interface AttentionModule {
  readonly file: AttentionFile;
  readonly defines: { readonly HEAD_SIZE: number };
}

/** The source file of `attention_cached`: one module serves every head size and card. */
export const cachedAttentionFile = 'attention-cached.cu';

/** Threads per block in attention.cu and attention-mma.cu. */
const tileThreads = 128;
/**
 * Positions of the other side (keys for a query block, queries for a key block) that attention.cu handles at a time.
 */
const paddedColumns = 32;
/** Threads per block in `attention_cached`. */
const cachedThreads = 256;
/** The values of HEAD_SIZE for attention.cu. */
const paddedSizes = [32, 64, 96, 128] as const;
/** The most channels per head that the kernels support. */
export const mostHeadChannels = 128;
/** The values of HEAD_SIZE for attention-mma.cu. */
const exactSizes = [32, 64, 80, 96, 128];

/**
 * @param headSize channels / heads
 * @param bytes bytes per scalar
 * @param major the card's major compute capability; tensor cores are used from 8 on
 * @throws RangeError if the heads are larger than the kernels support
 */
export function attentionModule(headSize: number, bytes: ScalarBytes = 4, major = 0): AttentionModule {
  const size = paddedSize(headSize);
  if (bytes === 2 && major >= 8 && exactSizes.includes(headSize))
    return { file: 'attention-mma.cu', defines: { HEAD_SIZE: headSize } };
  return { file: 'attention.cu', defines: { HEAD_SIZE: size } };
}

/** Launch geometry from an operation's sizes. The first three take the file that attentionModule chose. */
export const attentionLaunches = {
  attention: (
    rows: number,
    heads: number,
    headSize: number,
    file: AttentionFile = 'attention.cu',
  ): Geometry => {
    if (file === 'attention-mma.cu') return tensorCores(rows, heads, headSize);
    const size = paddedSize(headSize);
    const own = size <= 64 ? 64 : 32;
    return tiles(rows, heads, own, 4 * (own + paddedColumns) * (size + 4) + scoreBytes(own));
  },
  attention_backward_queries: backward,
  attention_backward_keys: backward,
  /** @param newPositions per sequence of the `batch` */
  attention_cached: (
    batch: number,
    newPositions: number,
    heads: number,
    headSize: number,
    bytes: ScalarBytes,
  ): Geometry => {
    paddedSize(headSize);
    const lanes = 2 ** Math.ceil(Math.log2(Math.max(1, (headSize * bytes) / 16)));
    const groups = cachedThreads / lanes;
    return {
      grid: [batch * newPositions, heads, 1],
      block: [cachedThreads, 1, 1],
      sharedBytes: 4 * groups * (lanes * (16 / bytes) + 2),
    };
  },
} as const satisfies Record<AttentionKernel, (...sizes: never[]) => Geometry>;

/** Size of `deltas`, which the first backward launch leaves for the second. */
export function attentionScratchBytes(rows: number, heads: number): number {
  return 4 * heads * rows;
}

function backward(
  rows: number,
  heads: number,
  headSize: number,
  file: AttentionFile = 'attention.cu',
): Geometry {
  if (file === 'attention-mma.cu') return tensorCores(rows, heads, headSize);
  const size = paddedSize(headSize);
  const own = size <= 96 ? 32 : 16;
  return tiles(rows, heads, own, 4 * (2 * own + paddedColumns) * (size + 4) + scoreBytes(own));
}

/** Bytes for a tile's probabilities, and for the log-sum-exp and delta of each of its columns. */
function scoreBytes(own: number): number {
  return 4 * (own * (paddedColumns + 4) + 2 * paddedColumns);
}

function tensorCores(rows: number, heads: number, headSize: number): Geometry {
  const columns = headSize <= 80 ? 64 : 32;
  // Two matrices of the other side, double-buffered.
  return tiles(rows, heads, 64, 4 * columns * (headSize + 8) * 2);
}

/** One block for every `own` positions of every head. */
function tiles(rows: number, heads: number, own: number, sharedBytes: number): Geometry {
  return { grid: [Math.ceil(rows / own), heads, 1], block: [tileThreads, 1, 1], sharedBytes };
}

function paddedSize(headSize: number): number {
  const size = paddedSizes.find((candidate) => candidate >= headSize);
  if (size === undefined)
    throw new RangeError(
      `attention with heads of ${headSize} channels: the CUDA kernels hold up to ${mostHeadChannels}`,
    );
  return size;
}
