// Cross-entropy of logits against targets, with label smoothing. The gradient overwrites the logits. A block reads its
// row once for the largest logit and the sum of exponentials (rescaled when the maximum grows), and once more for the
// gradient. The vocabulary may have any size, so the elements before a row's first 16-byte boundary are processed one
// by one.
//
// cross_entropy: grid rows, block min(512, vocabulary / 4) rounded up to whole warps.

#define LOWEST (-3.402823466e38f)
/** Packs that a thread loads ahead. */
#define AHEAD 4

/** The log of the sum of exponentials is largest + log(sum). */
struct Summary {
  float largest;
  float sum;
  /** The sum of the logits; only label smoothing needs it. */
  float total;
};

/** Adds `count` more logits. A NaN is never the largest, but makes the sum NaN. */
template <int count>
DEVICE void add_logits(Summary& summary, const float (&logits)[count]) {
  float largest = summary.largest;
#pragma unroll
  for (int i = 0; i < count; i++) largest = fmaxf(largest, logits[i]);
  if (largest > summary.largest) {
    summary.sum *= expf(summary.largest - largest);
    summary.largest = largest;
  }
#pragma unroll
  for (int i = 0; i < count; i++) {
    summary.sum += expf(logits[i] - largest);
    summary.total += logits[i];
  }
}

DEVICE Summary joined(const Summary& a, const Summary& b) {
  Summary both;
  both.largest = fmaxf(a.largest, b.largest);
  both.sum = a.sum * expf(a.largest - both.largest) + b.sum * expf(b.largest - both.largest);
  both.total = a.total + b.total;
  return both;
}

/** Merges the summaries of all threads; every thread gets the result. */
DEVICE Summary block_summary(Summary own, Summary* of_warps) {
#pragma unroll
  for (int distance = WARP / 2; distance > 0; distance /= 2) {
    Summary other;
    other.largest = __shfl_xor_sync(EVERY_LANE, own.largest, distance);
    other.sum = __shfl_xor_sync(EVERY_LANE, own.sum, distance);
    other.total = __shfl_xor_sync(EVERY_LANE, own.total, distance);
    own = joined(own, other);
  }
  if (threadIdx.x % WARP == 0) of_warps[threadIdx.x / WARP] = own;
  __syncthreads();
  Summary all = of_warps[0];
  for (int warp = 1; warp < (int)blockDim.x / WARP; warp++) all = joined(all, of_warps[warp]);
  return all;
}

/** Parts of a row: `head` elements before the first 16-byte boundary, whole packs up to `end`, then the rest. */
struct Layout {
  long long head, end;
};

DEVICE Layout layout_of(const scalar* row, long long vocabulary) {
  const int past = (int)((unsigned long long)row & 15) / (int)sizeof(scalar);
  Layout layout;
  layout.head = past == 0 ? 0 : PACK - past;
  if (layout.head > vocabulary) layout.head = vocabulary;
  layout.end = layout.head + (vocabulary - layout.head) / PACK * PACK;
  return layout;
}

/** The column outside whole packs that this thread handles, or -1. */
DEVICE long long edge_column(const Layout& layout, long long vocabulary) {
  const long long column = threadIdx.x < layout.head ? threadIdx.x : layout.end + threadIdx.x - layout.head;
  return column < vocabulary ? column : -1;
}

/** Starts loading this thread's next packs of a row, which ends at `end`. */
DEVICE void fetch_ahead(Pending<true, scalar> (&pending)[AHEAD], const scalar* row, long long column, long long stride,
                        long long end) {
#pragma unroll
  for (int ahead = 0; ahead < AHEAD; ahead++) fetch(pending[ahead], row, column + ahead * stride, end);
}

/** d loss / d logit is factor e^(logit - largest) - share, minus `at_target` at the target. */
struct Gradient {
  float largest, factor, share, at_target;
  int target;
};

DEVICE float differentiate(float logit, int column, const Gradient& of) {
  const float gradient = expf(logit - of.largest) * of.factor - of.share;
  return column == of.target ? gradient - of.at_target : gradient;
}

/** See `crossEntropy` in the device contract, with W = width. If gradient_scale is null, the logits stay unchanged. */
extern "C" __global__ void __launch_bounds__(512, 2)
    cross_entropy(float* losses, scalar* logits, const int* targets, float label_smoothing,
                  const float* gradient_scale, long long rows, long long vocabulary, long long width) {
  __shared__ Summary of_warps[512 / WARP];
  scalar* const row = logits + (long long)blockIdx.x * width;
  for (long long column = vocabulary + threadIdx.x; gradient_scale && column < width; column += blockDim.x)
    narrow(row[column], 0.0f);
  const int target = targets[blockIdx.x];
  if (target < 0) {
    if (threadIdx.x == 0) losses[blockIdx.x] = 0;
    for (long long column = threadIdx.x; gradient_scale && column < vocabulary; column += blockDim.x)
      narrow(row[column], 0.0f);
    return;
  }
  const Layout layout = layout_of(row, vocabulary);
  const long long edge = edge_column(layout, vocabulary);
  const long long first = layout.head + (long long)threadIdx.x * PACK, stride = (long long)blockDim.x * PACK;
  Summary own = {LOWEST, 0, 0};  // not -inf: with logits of -inf, the difference -inf - -inf would be NaN
  if (edge >= 0) {
    const float logit[1] = {widen(row[edge])};
    add_logits(own, logit);
  }
  for (long long column = first; column < layout.end; column += AHEAD * stride) {
    Pending<true, scalar> pending[AHEAD];
    fetch_ahead(pending, row, column, stride, layout.end);
#pragma unroll
    for (int ahead = 0; ahead < AHEAD; ahead++) {
      if (column + ahead * stride >= layout.end) break;
      float values[PACK];
      take(values, pending[ahead]);
      add_logits(own, values);
    }
  }
  const float target_logit = widen(row[target]);  // read before the barrier: afterwards it may be overwritten
  const Summary all = block_summary(own, of_warps);

  if (threadIdx.x == 0) {
    const float log_sum = logf(all.sum);
    float loss = (1.0f - label_smoothing) * (all.largest - target_logit + log_sum);
    if (label_smoothing > 0) loss += label_smoothing * (all.largest - all.total / (float)vocabulary + log_sum);
    losses[blockIdx.x] = loss;
  }
  if (!gradient_scale) return;
  const float scale = gradient_scale[0] * gradient_scale[1];
  const Gradient gradient = {all.largest, scale / all.sum, scale * label_smoothing / (float)vocabulary,
                             scale * (1.0f - label_smoothing), target};
  if (edge >= 0) narrow(row[edge], differentiate(widen(row[edge]), (int)edge, gradient));
  for (long long column = first; column < layout.end; column += AHEAD * stride) {
    Pending<true, scalar> pending[AHEAD];
    fetch_ahead(pending, row, column, stride, layout.end);
#pragma unroll
    for (int ahead = 0; ahead < AHEAD; ahead++) {
      const long long own_column = column + ahead * stride;
      if (own_column >= layout.end) break;
      float values[PACK];
      take(values, pending[ahead]);
#pragma unroll
      for (int i = 0; i < PACK; i++) values[i] = differentiate(values[i], (int)own_column + i, gradient);
      store_whole(row + own_column, values);
    }
  }
}
