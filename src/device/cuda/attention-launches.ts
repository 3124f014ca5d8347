// The attention kernels: which module serves a head size, what its kernels take, and the geometry of their launches.
// Knows nothing of tensors or of the driver. Where a geometry has no blocks there is nothing to do, and a launch would be
// an error. attention.cu is compiled for one head size (-D HEAD_SIZE) of a few, and pads smaller heads with zeros.
//
// Backward goes in two launches with the same parameters: `attention_backward_queries` writes the gradients of the
// queries and leaves in `deltas`, scratch of attentionScratchBytes, what `attention_backward_keys` then needs.

import type { Launch, ParameterType, ScalarBytes } from './launches.js';

const P = 'pointer' as const;
const N = 'i64' as const;
const I = 'i32' as const;
const F = 'f32' as const;

/** starts, ends, rows, channels, heads, scale, dropout's probability, site and counter. */
const options = [P, P, N, N, N, F, F, I, P] as const;

/** The kernels' parameters in order. */
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

/** The source of the first three kernels and the defines that it is compiled with, besides SCALAR. */
export interface AttentionModule {
  readonly file: 'attention.cu';
  readonly defines: { readonly HEAD_SIZE: number };
}

/** Where `attention_cached` is: one module for every head size. */
export const cachedAttentionFile = 'attention-cached.cu';

/** What HEAD_SIZE may be. */
export const compiledHeadSizes = [32, 64, 96, 128] as const;

/** Threads of a block of attention.cu. */
const tileThreads = 128;
/** Rows that a block goes over at a time. */
const tileColumns = 32;
/** Threads of a block of `attention_cached`. */
const cachedThreads = 256;

/** @param headSize channels / heads. @throws RangeError where it is larger than what the kernels are made for. */
export function attentionModule(headSize: number): AttentionModule {
  return { file: 'attention.cu', defines: { HEAD_SIZE: compiledSize(headSize) } };
}

/** From the sizes of an operation, the geometry of its kernel. */
export const attentionLaunches = {
  attention: (rows: number, heads: number, headSize: number): Launch => {
    const size = compiledSize(headSize);
    const own = size <= 64 ? 64 : 32;
    return tiled(rows, heads, own, floatRows(own + tileColumns, size) + scores(own));
  },
  attention_backward_queries: backward,
  attention_backward_keys: backward,
  /** @param newPositions of each of the `batch` sequences. */
  attention_cached: (
    batch: number,
    newPositions: number,
    heads: number,
    headSize: number,
    bytes: ScalarBytes,
  ): Launch => {
    compiledSize(headSize);
    const lanes = 2 ** Math.ceil(Math.log2(Math.max(1, (headSize * bytes) / 16)));
    const groups = cachedThreads / lanes;
    return {
      grid: [newPositions * batch, heads, 1],
      block: [cachedThreads, 1, 1],
      sharedBytes: 4 * groups * (lanes * (16 / bytes) + 2),
    };
  },
} as const satisfies Record<AttentionKernel, (...sizes: never[]) => Launch>;

/** `deltas`: what backward keeps from its first launch to its second. */
export function attentionScratchBytes(rows: number, heads: number): number {
  return 4 * heads * rows;
}

function backward(rows: number, heads: number, headSize: number): Launch {
  const size = compiledSize(headSize);
  const own = size <= 96 ? 32 : 16;
  return tiled(rows, heads, own, floatRows(2 * own + tileColumns, size) + scores(own));
}

/** A block for every `own` rows of every head. */
function tiled(rows: number, heads: number, own: number, sharedBytes: number): Launch {
  return { grid: [Math.ceil(rows / own), heads, 1], block: [tileThreads, 1, 1], sharedBytes };
}

/** Bytes of rows of one head in shared memory: four floats apart from a multiple of the banks. */
function floatRows(rows: number, size: number): number {
  return 4 * rows * (size + 4);
}

/** Bytes of a tile's probabilities, and of the logarithms of their sums and the deltas of its columns. */
function scores(own: number): number {
  return 4 * (own * (tileColumns + 4) + 2 * tileColumns);
}

function compiledSize(headSize: number): number {
  const size = compiledHeadSizes.find((candidate) => candidate >= headSize);
  if (size === undefined)
    throw new RangeError(`attention with heads of ${headSize} channels: the CUDA kernels hold up to 128`);
  return size;
}
