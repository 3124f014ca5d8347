// Layer normalisation, alone and fused with the residual sum before it, and their backward. A block holds a whole row
// in registers, 16 bytes per thread. Memory is therefore read once, and the variance can be the mean of squared
// deviations, which avoids cancellation. Statistics, weight and bias are floats.
//
// layernorm, residual_layernorm: grid rows, block channels / PACK rounded up to whole warps (at most 4096 / PACK threads).
// layernorm_backward: grid min(512, ceil(rows / 2)), the same block; slice = blockIdx.x. add_slices in rows.cu follows.

#define ROW_THREADS (4096 / PACK)

/** Writes out and statistics of a row. x is this thread's pack at `column`, zero beyond the end of the row. */
template <bool WHOLE>
DEVICE void normalise(scalar* out, float* stats, const float (&x)[PACK], const Pending<WHOLE, float>& weight,
                      const Pending<WHOLE, float>& bias, float epsilon, long long column, long long channels,
                      float (*of_warps)[WARP]) {
  float sum = 0, squares = 0;
#pragma unroll
  for (int i = 0; i < PACK; i++) sum += x[i];
  const float mean = block_sum(sum, of_warps[0]) / (float)channels;
#pragma unroll
  for (int i = 0; i < PACK; i++) {
    const float deviation = column + i < channels ? x[i] - mean : 0.0f;
    squares = fmaf(deviation, deviation, squares);
  }
  const float variance = block_sum(squares, of_warps[1]) / (float)channels;
  const float inverse = 1.0f / sqrtf(variance + epsilon);
  if (threadIdx.x == 0) {
    stats[0] = mean;
    stats[1] = inverse;
  }
  if (column >= channels) return;
  float w[PACK], b[PACK], y[PACK];
  take(w, weight);
  take(b, bias);
#pragma unroll
  for (int i = 0; i < PACK; i++) y[i] = fmaf((x[i] - mean) * inverse, w[i], b[i]);
  store(out, y, column, channels, WHOLE);
}

template <bool WHOLE>
DEVICE void layernorm_row(scalar* out, float* stats, const scalar* x, const float* weight, const float* bias,
                          float epsilon, long long channels, float (*of_warps)[WARP]) {
  const long long start = (long long)blockIdx.x * channels, column = (long long)threadIdx.x * PACK;
  Pending<WHOLE, scalar> pending;
  Pending<WHOLE, float> w, b;
  fetch(pending, x + start, column, channels);
  fetch(w, weight, column, channels);
  fetch(b, bias, column, channels);
  float values[PACK];
  take(values, pending);
  normalise(out + start, stats + 2 * (long long)blockIdx.x, values, w, b, epsilon, column, channels, of_warps);
}

/** See `layernorm` in the device contract. */
extern "C" __global__ void __launch_bounds__(ROW_THREADS)
    layernorm(scalar* out, float* stats, const scalar* x, const float* weight, const float* bias, float epsilon,
              long long rows, long long channels) {
  __shared__ float of_warps[2][WARP];
  if (channels % PACK == 0 && aligned(out) && aligned(x) && aligned(weight) && aligned(bias))
    layernorm_row<true>(out, stats, x, weight, bias, epsilon, channels, of_warps);
  else
    layernorm_row<false>(out, stats, x, weight, bias, epsilon, channels, of_warps);
}

template <bool WHOLE>
DEVICE void residual_layernorm_row(scalar* sum, scalar* out, float* stats, const scalar* residual, const scalar* branch,
                                   const float* weight, const float* bias, float epsilon, const Dropout& dropout,
                                   long long channels, float (*of_warps)[WARP]) {
  const long long start = (long long)blockIdx.x * channels, column = (long long)threadIdx.x * PACK;
  Pending<WHOLE, scalar> pending, pending_base;
  Pending<WHOLE, float> w, b;
  fetch(pending, branch + start, column, channels);
  fetch(pending_base, residual + start, column, channels);
  fetch(w, weight, column, channels);
  fetch(b, bias, column, channels);
  float values[PACK], base[PACK];
  take(values, pending);
  take(base, pending_base);
  drop(values, dropout, blockIdx.x, column);
#pragma unroll
  for (int i = 0; i < PACK; i++) values[i] = rounded(values[i] + base[i]);
  store(sum + start, values, column, channels, WHOLE);
  normalise(out + start, stats + 2 * (long long)blockIdx.x, values, w, b, epsilon, column, channels, of_warps);
}

/** See `residualLayernorm` in the device contract. sum may be the same memory as residual. */
extern "C" __global__ void __launch_bounds__(ROW_THREADS)
    residual_layernorm(scalar* sum, scalar* out, float* stats, const scalar* residual, const scalar* branch,
                       const float* weight, const float* bias, float epsilon, float probability, int site,
                       const int* counter, long long rows, long long channels) {
  __shared__ float of_warps[2][WARP];
  const Dropout dropout = make_dropout(probability, site, counter);
  if (channels % PACK == 0 && aligned(sum) && aligned(out) && aligned(residual) && aligned(branch) &&
      aligned(weight) && aligned(bias))
    residual_layernorm_row<true>(sum, out, stats, residual, branch, weight, bias, epsilon, dropout, channels,
                                 of_warps);
  else
    residual_layernorm_row<false>(sum, out, stats, residual, branch, weight, bias, epsilon, dropout, channels,
                                  of_warps);
}

/** Rows processed together, to keep more loads in flight. For float, the registers hold only one. */
#define ROWS_AT_ONCE (PACK / 4)

/**
 * grad_x[rows, channels] += the gradient that the contract's `layernormBackward` defines. grad_branch, if not null, =
 * dropout of that result, and may be the same memory as grad_out. partial[slice, 2, channels] = the slice's part of the
 * gradients of weight and bias. Slice s has rows s, s + slices, ..., or the pairs of rows with these numbers if the
 * scalars are 16-bit.
 */
template <bool WHOLE>
DEVICE void layernorm_backward_rows(float* grad_x, scalar* grad_branch, float* partial, const scalar* grad_out,
                                    const scalar* x, const float* stats, const float* weight, float probability,
                                    int site, const int* counter, long long rows, long long channels,
                                    float (*of_warps)[2 * ROWS_AT_ONCE]) {
  const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP, warps = blockDim.x / WARP;
  const long long column = (long long)threadIdx.x * PACK;
  float w[PACK], for_weight[PACK], for_bias[PACK];
  load(w, weight, column, channels, WHOLE);
#pragma unroll
  for (int i = 0; i < PACK; i++) for_weight[i] = for_bias[i] = 0;

  for (long long first = (long long)blockIdx.x * ROWS_AT_ONCE; first < rows;
       first += (long long)gridDim.x * ROWS_AT_ONCE) {
    float gradient[ROWS_AT_ONCE][PACK], normal[ROWS_AT_ONCE][PACK], inverse[ROWS_AT_ONCE];
    Pending<WHOLE, scalar> pending_gradient[ROWS_AT_ONCE], pending_x[ROWS_AT_ONCE];
#pragma unroll
    for (int at = 0; at < ROWS_AT_ONCE; at++) {
      const long long row = first + at, columns = row < rows ? channels : 0;  // a row beyond the end counts as zeros
      fetch(pending_gradient[at], grad_out + row * channels, column, columns);
      fetch(pending_x[at], x + row * channels, column, columns);
    }
#pragma unroll
    for (int at = 0; at < ROWS_AT_ONCE; at++) {
      const long long row = first + at, columns = row < rows ? channels : 0;
      take(gradient[at], pending_gradient[at]);
      take(normal[at], pending_x[at]);
      const float mean = row < rows ? stats[2 * row] : 0.0f;
      inverse[at] = row < rows ? stats[2 * row + 1] : 0.0f;
      float sum = 0, projection = 0;
#pragma unroll
      for (int i = 0; i < PACK; i++) {
        normal[at][i] = column + i < columns ? (normal[at][i] - mean) * inverse[at] : 0.0f;
        for_bias[i] += gradient[at][i];
        for_weight[i] = fmaf(gradient[at][i], normal[at][i], for_weight[i]);
        gradient[at][i] *= w[i];
        sum += gradient[at][i];
        projection = fmaf(gradient[at][i], normal[at][i], projection);
      }
      sum = warp_sum(sum);
      projection = warp_sum(projection);
      if (lane == 0) {
        of_warps[warp][2 * at] = sum;
        of_warps[warp][2 * at + 1] = projection;
      }
    }
    __syncthreads();
#pragma unroll
    for (int at = 0; at < ROWS_AT_ONCE; at++) {
      const long long row = first + at;
      Pending<WHOLE, float> pending;
      fetch(pending, grad_x + row * channels, column, row < rows ? channels : 0);
      float along_ones = 0, along_normal = 0;
      for (int other = 0; other < warps; other++) {
        along_ones += of_warps[other][2 * at];
        along_normal += of_warps[other][2 * at + 1];
      }
      along_ones /= (float)channels;
      along_normal /= (float)channels;
      if (row >= rows || column >= channels) continue;
      float total[PACK];
      take(total, pending);
#pragma unroll
      for (int i = 0; i < PACK; i++)
        total[i] = fmaf(gradient[at][i] - along_ones - normal[at][i] * along_normal, inverse[at], total[i]);
      store(grad_x + row * channels, total, column, channels, WHOLE);
      if (!grad_branch) continue;
      // Computed again for each row: keeping it would take more registers than there are.
      drop(total, make_dropout(probability, site, counter), row, column);
      store(grad_branch + row * channels, total, column, channels, WHOLE);
    }
    __syncthreads();
  }

  float* const own = partial + 2 * (long long)blockIdx.x * channels;
  const bool whole_partial = channels % PACK == 0 && aligned(partial);
  if (column >= channels) return;
  store(own, for_weight, column, channels, whole_partial);
  store(own + channels, for_bias, column, channels, whole_partial);
}

/** See layernorm_backward_rows. */
extern "C" __global__ void __launch_bounds__(ROW_THREADS)
    layernorm_backward(float* grad_x, scalar* grad_branch, float* partial, const scalar* grad_out, const scalar* x,
                       const float* stats, const float* weight, float probability, int site, const int* counter,
                       long long rows, long long channels) {
  __shared__ float of_warps[WARP][2 * ROWS_AT_ONCE];
  if (channels % PACK == 0 && aligned(grad_x) && aligned(grad_branch) && aligned(grad_out) && aligned(x) &&
      aligned(weight))
    layernorm_backward_rows<true>(grad_x, grad_branch, partial, grad_out, x, stats, weight, probability, site, counter,
                                  rows, channels, of_warps);
  else
    layernorm_backward_rows<false>(grad_x, grad_branch, partial, grad_out, x, stats, weight, probability, site, counter,
                                   rows, channels, of_warps);
}
