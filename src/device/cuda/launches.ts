// Parameter types of the CUDA kernels in kernels/*.cu, and their launch geometry from the sizes of an operation. Knows
// nothing of tensors or of the driver. A geometry without blocks means that there is nothing to do; the caller must not
// launch it, since CUDA rejects an empty grid. (Attention has its own file.)
//
// Three operations take two launches, because sums over many rows are split into slices and no atomics are used:
// - sum_rows(partial, ...) then add_slices(out, null, partial, slices, columns);
// - layernorm_backward(gradX, gradBranch, partial, ...) then add_slices(gradWeight, gradBias, partial, slices,
//   channels);
// - sum or sum_of_squares(partial, ...) then add_partials(out, partial, slices).
//
// `partial` is scratch of scratchBytes[kernel](...), aligned to 16 bytes; `slices` is the first launch's number of
// slices.

import type { Geometry, ParameterType } from './launch-arguments.js';

/** Bytes per scalar: 4 if SCALAR is float, 2 if it is bf16 or half. */
export type ScalarBytes = 2 | 4;

/** A device address, or 0. */
const P = 'pointer';
const N = 'i64';
const I = 'i32';
const F = 'f32';
const D = 'f64';

/** The kernels' parameters, in order. The comments in the kernel sources describe them. */
export const kernelParameters = {
  add_bias: [P, P, N, N],
  add_bias_activation: [P, P, P, I, N, N],
  activation_gradient: [P, P, I, N],
  add_bias_gradient: [P, P, N],
  one_row: [P, P, P, P, P, I, N, N, N],
  few_rows: [P, P, P, P, P, I, N, N, N],
  one_row_transposed: [P, I, P, P, N, N, N],
  few_rows_transposed: [P, I, P, P, N, N, N],

  sum_rows: [P, P, N, N],
  add_slices: [P, P, P, N, N],
  gather_rows: [P, P, P, N, N],
  scatter_rows: [P, P, P, N, N],
  sum: [P, P, N],
  sum_of_squares: [P, P, N],
  add_partials: [P, P, N],

  embedding: [P, P, P, P, P, I, F, I, P, N, N],
  embedding_backward: [P, P, P, P, P, F, I, P, N, N],

  layernorm: [P, P, P, P, P, F, N, N],
  residual_layernorm: [P, P, P, P, P, P, P, F, F, I, P, N, N],
  layernorm_backward: [P, P, P, P, P, P, P, F, I, P, N, N],

  cross_entropy: [P, P, P, F, P, N, N, N],
  prepare_update: [P, P, P, D, D, D],
  adamw: [P, P, P, P, P, D, D, D, D, N, N],
  adamw_narrow: [P, P, P, P, P, P, D, D, D, D, N, N],
} as const satisfies Record<string, readonly ParameterType[]>;

export type KernelName = keyof typeof kernelParameters;

const warp = 32;
/** Default number of threads per block. */
const threads = 256;
/** Most blocks of a kernel with a grid-stride loop: enough to fill any card. */
const mostBlocks = 4096;
/** Channels of a row that one thread block can hold in registers. */
export const mostChannels = 4096;

/** The geometry of each kernel, from the sizes of the operation. */
export const launches = {
  add_bias: ofRows,
  add_bias_activation: ofRows,
  activation_gradient: elementwise,
  add_bias_gradient: (columns: number): Geometry => launch([ceilDivide(columns, threads)], threads),
  one_row: ofColumnStrips,
  few_rows: ofColumnStrips,
  one_row_transposed: aWarpAColumn,
  few_rows_transposed: aWarpAColumn,

  sum_rows: (rows: number, columns: number, bytes: ScalarBytes): Geometry =>
    launch([ceilDivide(columns, warp * packOf(bytes)), rowSlices(rows)], threads),
  /**
   * @param columns of one output
   * @param outputs 1 if the second is null
   */
  add_slices: (columns: number, outputs: 1 | 2): Geometry =>
    launch([ceilDivide(outputs * columns, warp)], threads),
  gather_rows: ofRows,
  /** @param rows of x. `out` must be zeroed first. */
  scatter_rows: ofRows,
  sum: (size: number): Geometry => launch([sumSlices(size)], threads),
  sum_of_squares: (size: number): Geometry => launch([sumSlices(size)], threads),
  add_partials: (): Geometry => launch([1], threads),

  embedding: ofRows,
  /** Block (r, 0) handles the token of row r, block (r, 1) its position. */
  embedding_backward: (rows: number): Geometry => launch([rows, 2], threads),

  layernorm: (rows: number, channels: number, bytes: ScalarBytes): Geometry =>
    launch([rows], rowThreads(channels, bytes)),
  residual_layernorm: (rows: number, channels: number, bytes: ScalarBytes): Geometry =>
    launch([rows], rowThreads(channels, bytes)),
  layernorm_backward: (rows: number, channels: number, bytes: ScalarBytes): Geometry =>
    launch([layernormSlices(rows)], rowThreads(channels, bytes)),

  cross_entropy: (rows: number, vocabulary: number): Geometry =>
    launch([rows], Math.min(512, wholeWarps(ceilDivide(vocabulary, 4)))),
  prepare_update: (): Geometry => launch([1], 1),
  adamw: elementwise,
  adamw_narrow: elementwise,
} as const satisfies Record<KernelName, (...sizes: never[]) => Geometry>;

/** Scratch bytes of the kernels that leave their sums in slices. */
export const scratchBytes = {
  sum_rows: (rows: number, columns: number): number => 4 * rowSlices(rows) * columns,
  layernorm_backward: (rows: number, channels: number): number => 4 * layernormSlices(rows) * 2 * channels,
  sum: (size: number): number => 8 * sumSlices(size),
} as const;

/** Slices of `sum_rows`. The number depends on the sizes alone, so that every card gives the same bits. */
export function rowSlices(rows: number): number {
  return Math.min(64, ceilDivide(rows, 64));
}

/** Slices of `layernorm_backward`. */
export function layernormSlices(rows: number): number {
  return Math.min(512, ceilDivide(rows, 2));
}

/** Slices of `sum` and `sum_of_squares`. */
export function sumSlices(size: number): number {
  return Math.min(1024, ceilDivide(size, 4 * threads));
}

/** Each thread handles four elements, then advances by the whole grid. */
function elementwise(size: number): Geometry {
  return launch([Math.min(mostBlocks, ceilDivide(size, 4 * threads))], threads);
}

/** One block per row. Its threads cover the columns, 16 bytes each at a time. */
function ofRows(rows: number, channels: number, bytes: ScalarBytes): Geometry {
  return launch([rows], Math.min(threads, wholeWarps(ceilDivide(channels, packOf(bytes)))));
}

/** One block per four packs of columns. */
function ofColumnStrips(columns: number, bytes: ScalarBytes): Geometry {
  return launch([ceilDivide(columns, 4 * packOf(bytes))], 512);
}

function aWarpAColumn(columns: number): Geometry {
  return launch([ceilDivide(columns, threads / warp)], threads);
}

/** Enough threads to hold a whole row, 16 bytes each. */
function rowThreads(channels: number, bytes: ScalarBytes): number {
  if (channels > mostChannels)
    throw new RangeError(`layernorm over ${channels} channels: the kernels hold up to ${mostChannels}`);
  return wholeWarps(ceilDivide(channels, packOf(bytes)));
}

/** Elements in 16 bytes. */
function packOf(bytes: ScalarBytes): 4 | 8 {
  return bytes === 4 ? 4 : 8;
}

function launch([x, y = 1]: readonly [number, number?], blockThreads: number): Geometry {
  return { grid: [x, y, 1], block: [blockThreads, 1, 1], sharedBytes: 0 };
}

function wholeWarps(count: number): number {
  return Math.max(1, ceilDivide(count, warp)) * warp;
}

function ceilDivide(count: number, by: number): number {
  return Math.ceil(count / by);
}
