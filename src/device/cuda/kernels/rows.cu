// Gathers, scatters and sums rows, and sums whole buffers. A sum is split into slices whose number depends on the sizes
// alone; a second launch adds the slices in order. So every card gives the same bits, and no block waits for another.
//
// - sum_rows: grid (ceil(columns / (32 PACK)), min(64, ceil(rows / 64))), block 256; slice = blockIdx.y.
// - add_slices: grid ceil(columns of all outputs / 32), block 256.
// - gather_rows, scatter_rows: grid rows, block min(256, channels / PACK) rounded up to whole warps.
// - sum, sum_of_squares: grid min(1024, ceil(size / 1024)), block 256; slice = blockIdx.x.
// - add_partials: grid 1, block 256.

#define ROW_WARPS 8

/** Rows that a warp loads ahead. */
#define ROWS_AHEAD 4

/** sum = this thread's columns, summed over its warp's rows of a slice. */
template <bool WHOLE>
DEVICE void sum_own_rows(float (&sum)[PACK], const scalar* x, long long rows, long long column, long long columns) {
  const long long stride = (long long)gridDim.y * ROW_WARPS;
  for (long long row = (long long)blockIdx.y * ROW_WARPS + threadIdx.x / WARP; row < rows; row += ROWS_AHEAD * stride) {
    Pending<WHOLE, scalar> pending[ROWS_AHEAD];
#pragma unroll
    for (int ahead = 0; ahead < ROWS_AHEAD; ahead++) {
      const long long own = row + ahead * stride;
      fetch(pending[ahead], x + own * columns, column, own < rows ? columns : 0);
    }
#pragma unroll
    for (int ahead = 0; ahead < ROWS_AHEAD; ahead++) {
      float values[PACK];
      take(values, pending[ahead]);
#pragma unroll
      for (int i = 0; i < PACK; i++) sum[i] += values[i];
    }
  }
}

/** partial[slice, columns] = the sum of the slice's rows of x[rows, columns]. Each warp takes every eighth row. */
extern "C" __global__ void __launch_bounds__(256)
    sum_rows(float* partial, const scalar* x, long long rows, long long columns) {
  __shared__ float of_warps[ROW_WARPS][WARP * 8 + 1];
  const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
  const long long first = (long long)blockIdx.x * WARP * PACK, column = first + lane * PACK;
  float sum[PACK];
#pragma unroll
  for (int i = 0; i < PACK; i++) sum[i] = 0;
  if (columns % PACK == 0 && aligned(x))
    sum_own_rows<true>(sum, x, rows, column, columns);
  else
    sum_own_rows<false>(sum, x, rows, column, columns);
#pragma unroll
  for (int i = 0; i < PACK; i++) of_warps[warp][lane * PACK + i] = sum[i];
  __syncthreads();
  const int own = threadIdx.x;
  if (own >= WARP * PACK || first + own >= columns) return;
  float total = 0;
#pragma unroll
  for (int from = 0; from < ROW_WARPS; from++) total += of_warps[from][own];
  partial[(long long)blockIdx.y * columns + first + own] = total;
}

/**
 * out[columns] += partial[slices, columns] summed over the slices. If `second` is not null, partial is [slices, 2,
 * columns] and second[columns] += the sum of the second half.
 */
extern "C" __global__ void add_slices(float* out, float* second, const float* partial, long long slices,
                                      long long columns) {
  __shared__ float of_warps[ROW_WARPS][WARP];
  const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
  const long long all = second ? 2 * columns : columns, column = (long long)blockIdx.x * WARP + lane;
  float sum = 0;
  if (column < all) {
#pragma unroll 4
    for (long long slice = warp; slice < slices; slice += ROW_WARPS) sum += partial[slice * all + column];
  }
  of_warps[warp][lane] = sum;
  __syncthreads();
  if (warp != 0 || column >= all) return;
  float total = 0;
#pragma unroll
  for (int from = 0; from < ROW_WARPS; from++) total += of_warps[from][lane];
  if (column < columns)
    out[column] += total;
  else
    second[column - columns] += total;
}

DEVICE void copy_row(scalar* to, const scalar* from, long long channels, bool whole) {
  for (long long column = (long long)threadIdx.x * PACK; column < channels; column += (long long)blockDim.x * PACK) {
    if (whole) {
      *(uint4*)(to + column) = *(const uint4*)(from + column);
    } else {
      for (int i = 0; i < PACK; i++)
        if (column + i < channels) to[column + i] = from[column + i];
    }
  }
}

/** out[rows, channels] = x[index[row]]. */
extern "C" __global__ void gather_rows(scalar* out, const scalar* x, const int* index, long long rows,
                                       long long channels) {
  copy_row(out + (long long)blockIdx.x * channels, x + index[blockIdx.x] * channels, channels,
           channels % PACK == 0 && aligned(out) && aligned(x));
}

/** out[index[row]] = x[row] for each row of x[rows, channels]. The caller must zero out first. */
extern "C" __global__ void scatter_rows(scalar* out, const scalar* x, const int* index, long long rows,
                                        long long channels) {
  copy_row(out + index[blockIdx.x] * channels, x + (long long)blockIdx.x * channels, channels,
           channels % PACK == 0 && aligned(out) && aligned(x));
}

/** Each thread sums its few hundred numbers in float; the threads of a block are summed in double. */
template <bool squared>
DEVICE void sum_slice(double* partial, const float* x, long long size) {
  __shared__ double of_warps[WARP];
  const long long stride = (long long)gridDim.x * blockDim.x, own = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  const long long fours = aligned(x) ? size / 4 : 0;
  float sum = 0;
#pragma unroll 4
  for (long long at = own; at < fours; at += stride) {
    const float4 four = ((const float4*)x)[at];
    if (squared)
      sum += four.x * four.x + four.y * four.y + (four.z * four.z + four.w * four.w);
    else
      sum += four.x + four.y + (four.z + four.w);
  }
  for (long long at = 4 * fours + own; at < size; at += stride) sum += squared ? x[at] * x[at] : x[at];
  const double total = block_sum((double)sum, of_warps);
  if (threadIdx.x == 0) partial[blockIdx.x] = total;
}

/** partial[slice] = the slice's part of the sum of x. */
extern "C" __global__ void sum(double* partial, const float* x, long long size) { sum_slice<false>(partial, x, size); }

/** partial[slice] = the slice's part of the sum of squares of x. */
extern "C" __global__ void sum_of_squares(double* partial, const float* x, long long size) {
  sum_slice<true>(partial, x, size);
}

/** out[0] += sum of partial[slices]. */
extern "C" __global__ void add_partials(float* out, const double* partial, long long slices) {
  __shared__ double of_warps[WARP];
  double sum = 0;
  for (long long slice = threadIdx.x; slice < slices; slice += blockDim.x) sum += partial[slice];
  const double total = block_sum(sum, of_warps);
  if (threadIdx.x == 0) out[0] += (float)total;
}
