// What follows a matrix product where the library that computed it does not do so itself: bias, bias and activation
// with the activation's input kept for backward, and the activation's gradient. Also what is left to do where the library
// does sum up a bias' gradient, which it can only overwrite, in the type of its output.
//
// add_bias, add_bias_activation: grid rows, block whole warps of min(256, columns / PACK).
// activation_gradient: grid min(4096, ceil(size / 1024)), block 256.
// add_bias_gradient: grid ceil(columns / 256), block 256.
// `activation` is 0 for gelu_new, the tanh approximation (Hendrycks and Gimpel, "Gaussian error linear units", 2016), and
// 1 for gelu, the exact form.

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
  // With e = e^(-2u) and s = sigmoid(2u), 1 - s is taken as e s, which does not cancel. Beyond 80, s is 0 for every
  // purpose and e would overflow.
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
