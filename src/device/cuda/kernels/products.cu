// Our part of the matrix products. First, the epilogues that the library does not fuse: bias; bias and activation, with
// the activation's input saved for backward; the activation's gradient. Also the addition of a bias gradient that the
// library has computed, because it can only overwrite its output, and only in the output type. Second, products of up
// to four rows, as in decoding. They read every weight once and do little arithmetic with it, so memory bandwidth
// limits them, and their threads load several packs ahead.
//
// - add_bias, add_bias_activation: grid rows, block min(256, columns / PACK) rounded up to whole warps.
// - activation_gradient: grid min(4096, ceil(size / 1024)), block 256.
// - add_bias_gradient: grid ceil(columns / 256), block 256.
// - one_row, few_rows (up to 4): grid ceil(columns / (4 PACK)), block 512.
// - one_row_transposed, few_rows_transposed: grid ceil(columns / 8), block 256.
//
// `activation` is 0 for gelu_new, the tanh approximation (Hendrycks and Gimpel, "Gaussian error linear units", 2016),
// and 1 for gelu, the exact form.

#define GELU_NEW_LINEAR 1.5957691216057308f  // 2 sqrt(2/pi)
#define GELU_NEW_CUBIC 0.07135481627260025f  // 2 sqrt(2/pi) 0.044715
#define SQRT_HALF 0.7071067811865476f
#define INVERSE_SQRT_TWO_PI 0.3989422804014327f

/** gelu_new(x) is x sigmoid(2u) with 2u = x (linear + cubic x^2). */
DEVICE float activate(float x, int activation) {
  if (activation == 0) return x / (1.0f + expf(-x * fmaf(GELU_NEW_CUBIC, x * x, GELU_NEW_LINEAR)));
  return 0.5f * x * erfcf(-x * SQRT_HALF);
}

DEVICE float activation_slope(float x, int activation) {
  const float square = x * x;
  if (activation != 0)
    return fmaf(x, INVERSE_SQRT_TWO_PI * expf(-0.5f * square), 0.5f * erfcf(-x * SQRT_HALF));
  // With e = e^(-2u) and s = sigmoid(2u), 1 - s is computed as e s, which avoids cancellation. The exponent is capped
  // at 80, where s is negligible: beyond about 88, e would overflow.
  const float exponent = -x * fmaf(GELU_NEW_CUBIC, square, GELU_NEW_LINEAR);
  const float e = expf(exponent > 80.0f ? 80.0f : exponent);
  const float s = 1.0f / (1.0f + e);
  return fmaf(x * s * (e * s), fmaf(3.0f * GELU_NEW_CUBIC, square, GELU_NEW_LINEAR), s);
}

/** out[rows, columns] += bias[columns]. */
extern "C" __global__ void add_bias(scalar* out, const scalar* bias, long long rows, long long columns) {
  scalar* const row = out + (long long)blockIdx.x * columns;
  const bool whole = columns % PACK == 0 && aligned(out) && aligned(bias);
  for (long long column = (long long)threadIdx.x * PACK; column < columns; column += (long long)blockDim.x * PACK) {
    float x[PACK], b[PACK];
    load(x, row, column, columns, whole);
    load(b, bias, column, columns, whole);
#pragma unroll
    for (int i = 0; i < PACK; i++) x[i] += b[i];
    store(row, x, column, columns, whole);
  }
}

/** pre_activation[rows, columns] += bias[columns]; out = activation(pre_activation). */
extern "C" __global__ void add_bias_activation(scalar* out, scalar* pre_activation, const scalar* bias, int activation,
                                               long long rows, long long columns) {
  const long long start = (long long)blockIdx.x * columns;
  const bool whole = columns % PACK == 0 && aligned(out) && aligned(pre_activation) && aligned(bias);
  for (long long column = (long long)threadIdx.x * PACK; column < columns; column += (long long)blockDim.x * PACK) {
    float x[PACK], b[PACK];
    load(x, pre_activation + start, column, columns, whole);
    load(b, bias, column, columns, whole);
#pragma unroll
    for (int i = 0; i < PACK; i++) x[i] = rounded(x[i] + b[i]);
    store(pre_activation + start, x, column, columns, whole);
#pragma unroll
    for (int i = 0; i < PACK; i++) x[i] = activate(x[i], activation);
    store(out + start, x, column, columns, whole);
  }
}

/** out[size] *= activation'(pre_activation[size]). */
extern "C" __global__ void activation_gradient(scalar* out, const scalar* pre_activation, int activation,
                                               long long size) {
  const bool whole = aligned(out) && aligned(pre_activation);
  const long long stride = (long long)gridDim.x * blockDim.x * PACK;
  for (long long at = ((long long)blockIdx.x * blockDim.x + threadIdx.x) * PACK; at < size; at += stride) {
    float gradient[PACK], x[PACK];
    load(gradient, out, at, size, whole);
    load(x, pre_activation, at, size, whole);
#pragma unroll
    for (int i = 0; i < PACK; i++) gradient[i] *= activation_slope(x[i], activation);
    store(out, gradient, at, size, whole);
  }
}

/** out[columns] += sums[columns]. */
extern "C" __global__ void add_bias_gradient(float* out, const scalar* sums, long long columns) {
  const long long column = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  if (column < columns) out[column] += widen(sums[column]);
}

/* Products of a few rows. ---------------------------------------------------------------------------------------- */

#define FEW 4
/** Threads side by side in a row of weights, so that it is read 64 bytes at a time. Other threads handle other rows. */
#define ABREAST 4
#define STRIP_THREADS 512
/** Columns per block. */
#define STRIP (ABREAST * PACK)

/**
 * out[rows, columns] = x[rows, inner] weights[inner, columns] + bias[columns]. `bias` may be null. If pre_activation is
 * not null, it receives the sum, and out its activation. A block handles 4 PACK columns. Each thread sums over its own
 * rows of weights, loading AHEAD of them ahead; the threads' sums are added in a fixed order.
 */
template <int ROWS, int AHEAD, bool WHOLE>
DEVICE void few_rows_product(scalar* out, scalar* pre_activation, const scalar* x, const scalar* weights,
                             const scalar* bias, int activation, int rows, long long columns, long long inner,
                             float (*of_warps)[STRIP_THREADS / WARP][STRIP + 1]) {
  const int warps = STRIP_THREADS / WARP, groups = STRIP_THREADS / ABREAST;
  const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP, abreast = threadIdx.x % ABREAST;
  const long long first = (long long)blockIdx.x * STRIP, column = first + abreast * PACK;
  float sums[ROWS][PACK];
#pragma unroll
  for (int row = 0; row < ROWS; row++)
#pragma unroll
    for (int i = 0; i < PACK; i++) sums[row][i] = 0;
  for (long long at = threadIdx.x / ABREAST; at < inner; at += AHEAD * groups) {
    Pending<WHOLE, scalar> pending[AHEAD];
    float factors[AHEAD][ROWS];
#pragma unroll
    for (int ahead = 0; ahead < AHEAD; ahead++) {
      const long long own = at + ahead * groups;
      fetch(pending[ahead], weights + own * columns, column, own < inner ? columns : 0);
    }
#pragma unroll
    for (int ahead = 0; ahead < AHEAD; ahead++)
#pragma unroll
      for (int row = 0; row < ROWS; row++) {
        const long long own = at + ahead * groups;
        factors[ahead][row] = row < rows && own < inner ? widen(x[row * inner + own]) : 0.0f;
      }
#pragma unroll
    for (int ahead = 0; ahead < AHEAD; ahead++) {
      float values[PACK];
      take(values, pending[ahead]);
#pragma unroll
      for (int row = 0; row < ROWS; row++)
#pragma unroll
        for (int i = 0; i < PACK; i++) sums[row][i] = fmaf(factors[ahead][row], values[i], sums[row][i]);
    }
  }
  // First the lanes with the same columns, then the warps.
#pragma unroll
  for (int row = 0; row < ROWS; row++)
#pragma unroll
    for (int i = 0; i < PACK; i++) {
#pragma unroll
      for (int distance = ABREAST; distance < WARP; distance *= 2)
        sums[row][i] += __shfl_xor_sync(EVERY_LANE, sums[row][i], distance);
      if (lane < ABREAST) of_warps[row][warp][abreast * PACK + i] = sums[row][i];
    }
  __syncthreads();
  const int row = threadIdx.x / STRIP, own = threadIdx.x % STRIP;
  if (row >= rows || first + own >= columns) return;
  float sum = 0;
#pragma unroll 8
  for (int from = 0; from < warps; from++) sum += of_warps[row][from][own];
  const long long place = row * columns + first + own;
  if (bias) sum += widen(bias[first + own]);
  if (pre_activation) {
    narrow(pre_activation[place], sum);
    sum = activate(rounded(sum), activation);
  }
  narrow(out[place], sum);
}

extern "C" __global__ void __launch_bounds__(STRIP_THREADS, 1)
    one_row(scalar* out, scalar* pre_activation, const scalar* x, const scalar* weights, const scalar* bias,
            int activation, long long rows, long long columns, long long inner) {
  __shared__ float of_warps[1][STRIP_THREADS / WARP][STRIP + 1];
  if (columns % PACK == 0 && aligned(weights))
    few_rows_product<1, 8, true>(out, pre_activation, x, weights, bias, activation, 1, columns, inner, of_warps);
  else
    few_rows_product<1, 8, false>(out, pre_activation, x, weights, bias, activation, 1, columns, inner, of_warps);
}

extern "C" __global__ void __launch_bounds__(STRIP_THREADS, 1)
    few_rows(scalar* out, scalar* pre_activation, const scalar* x, const scalar* weights, const scalar* bias,
             int activation, long long rows, long long columns, long long inner) {
  __shared__ float of_warps[FEW][STRIP_THREADS / WARP][STRIP + 1];
  const int count = (int)rows;
  if (columns % PACK == 0 && aligned(weights))
    few_rows_product<FEW, 4, true>(out, pre_activation, x, weights, bias, activation, count, columns, inner, of_warps);
  else
    few_rows_product<FEW, 4, false>(out, pre_activation, x, weights, bias, activation, count, columns, inner, of_warps);
}

/** out[rows, columns] = x[rows, inner] weights[columns, inner]'. out is float if `wide` is set. One warp per column. */
template <int ROWS, bool WHOLE>
DEVICE void few_rows_transposed_product(void* out, int wide, const scalar* x, const scalar* weights, int rows,
                                        long long columns, long long inner) {
  const int lane = threadIdx.x % WARP;
  const long long column = (long long)blockIdx.x * (blockDim.x / WARP) + threadIdx.x / WARP;
  if (column >= columns) return;
  const int AHEAD = 4;
  float sums[ROWS];
#pragma unroll
  for (int row = 0; row < ROWS; row++) sums[row] = 0;
  for (long long at = (long long)lane * PACK; at < inner; at += AHEAD * WARP * PACK) {
    Pending<WHOLE, scalar> pending[AHEAD];
#pragma unroll
    for (int ahead = 0; ahead < AHEAD; ahead++)
      fetch(pending[ahead], weights + column * inner, at + ahead * WARP * PACK, inner);
#pragma unroll
    for (int row = 0; row < ROWS; row++) {
      if (row >= rows) continue;
      Pending<WHOLE, scalar> factors[AHEAD];
#pragma unroll
      for (int ahead = 0; ahead < AHEAD; ahead++)
        fetch(factors[ahead], x + row * inner, at + ahead * WARP * PACK, inner);
#pragma unroll
      for (int ahead = 0; ahead < AHEAD; ahead++) {
        float values[PACK], by[PACK];
        take(values, pending[ahead]);
        take(by, factors[ahead]);
#pragma unroll
        for (int i = 0; i < PACK; i++) sums[row] = fmaf(by[i], values[i], sums[row]);
      }
    }
  }
#pragma unroll
  for (int row = 0; row < ROWS; row++) {
    const float sum = warp_sum(sums[row]);
    if (lane != 0 || row >= rows) continue;
    if (wide)
      ((float*)out)[row * columns + column] = sum;
    else
      narrow(((scalar*)out)[row * columns + column], sum);
  }
}

template <int ROWS>
DEVICE void few_rows_transposed_in_packs(void* out, int wide, const scalar* x, const scalar* weights, int rows,
                                         long long columns, long long inner) {
  if (inner % PACK == 0 && aligned(weights) && aligned(x))
    few_rows_transposed_product<ROWS, true>(out, wide, x, weights, rows, columns, inner);
  else
    few_rows_transposed_product<ROWS, false>(out, wide, x, weights, rows, columns, inner);
}

extern "C" __global__ void __launch_bounds__(256)
    one_row_transposed(void* out, int wide, const scalar* x, const scalar* weights, long long rows, long long columns,
                       long long inner) {
  few_rows_transposed_in_packs<1>(out, wide, x, weights, 1, columns, inner);
}

extern "C" __global__ void __launch_bounds__(256)
    few_rows_transposed(void* out, int wide, const scalar* x, const scalar* weights, long long rows, long long columns,
                        long long inner) {
  few_rows_transposed_in_packs<FEW>(out, wide, x, weights, (int)rows, columns, inner);
}
