// Cross-entropy of logits with targets, with label smoothing; its gradient overwrites the logits. One pass over a row finds
// the largest logit and the sum of exponentials (block by block, rescaled when the largest grows), a second one writes the
// gradient. Element is the type of the logits: float or bf16. Sums across blocks are double, because a vocabulary has about 50,000 terms.

#include <float.h>
#include <math.h>
#include <stdint.h>

#include "simd.h"
#include "team.h"

namespace {

/** Logits processed together while they are in the L1 cache; a multiple of every vector length. */
constexpr int64_t BLOCK = 1024;

/** The log of the sum of exponentials is largest + log(sum). */
struct Summary {
  float largest;
  double sum;
  /** The sum of the logits themselves. Only label smoothing needs it. */
  double total;
};

/** A vector of logits. Lanes beyond the end of the row are minus infinity, which contributes nothing. */
template <class Element>
SIMD_INLINE vf load_logits(const Element* row, int64_t column, int64_t vocabulary) {
  const vf v = load_columns(row, column, vocabulary);
  if (column + VL <= vocabulary) return v;
  return lane_numbers() < (int32_t)(vocabulary - column) ? v : broadcast(-INFINITY);
}

template <class Element>
Summary summarise(const Element* row, int64_t vocabulary, bool with_total) {
  Summary summary{-FLT_MAX, 0, 0};  // not -inf, because a block of -inf would give -inf - -inf = NaN
  for (int64_t first = 0; first < vocabulary; first += BLOCK) {
    const int64_t end = first + BLOCK < vocabulary ? first + BLOCK : vocabulary;
    vf most = broadcast(summary.largest);
    for (int64_t i = first; i < end; i += VL) most = maximum(load_logits(row, i, vocabulary), most);
    const float largest = horizontal_max(most);
    summary.sum *= exp((double)summary.largest - largest);
    summary.largest = largest;
    vf sum{};
    for (int64_t i = first; i < end; i += VL) sum += vexp(load_logits(row, i, vocabulary) - largest);
    summary.sum += horizontal_sum(sum);
    if (!with_total) continue;
    vf total{};
    for (int64_t i = first; i < end; i += VL) total += load_columns(row, i, vocabulary);
    summary.total += horizontal_sum(total);
  }
  return summary;
}

/** row = scale * (softmax(row) - (1 - smoothing) * onehot(target) - smoothing / vocabulary). */
template <class Element>
void differentiate(Element* row, int64_t vocabulary, int32_t target, const Summary& summary, float smoothing,
                   float scale) {
  const float factor = (float)(scale / summary.sum), share = scale * smoothing / (float)vocabulary;
  const float largest = summary.largest;
  const vf own = multiply_add(vexp(broadcast(widen(row[target])) - largest), broadcast(factor), broadcast(-share));
  for (int64_t i = 0; i < vocabulary; i += VL)
    store_columns(row, multiply_add(vexp(load_columns(row, i, vocabulary) - largest), broadcast(factor), broadcast(-share)),
                  i, vocabulary);
  assign(row[target], own[0] - scale * (1.0f - smoothing));
}

template <class Element>
void cross_entropy(float* losses, Element* logits, const int32_t* targets, float label_smoothing,
                   const float* gradient_scale, int64_t rows, int64_t vocabulary, int64_t stride) {
  team::share(rows, [&](int64_t r) {
    Element* row = logits + r * stride;
    if (gradient_scale) memset(row + vocabulary, 0, (size_t)(stride - vocabulary) * sizeof(Element));
    if (targets[r] < 0) {
      losses[r] = 0;
      if (gradient_scale) memset(row, 0, (size_t)vocabulary * sizeof(Element));
      return;
    }
    const Summary summary = summarise(row, vocabulary, label_smoothing > 0);
    const double log_sum = summary.largest + log(summary.sum);
    double loss = (1.0 - label_smoothing) * (log_sum - widen(row[targets[r]]));
    if (label_smoothing > 0) loss += label_smoothing * (log_sum - summary.total / (double)vocabulary);
    losses[r] = (float)loss;
    if (!gradient_scale) return;
    const float scale = gradient_scale[0] * gradient_scale[1];
    differentiate(row, vocabulary, targets[r], summary, label_smoothing, scale);
  });
}

}  // namespace

extern "C" {

/** See `crossEntropy` in the device contract; W is stride. Without gradient_scale the logits do not change. */
void ct_cross_entropy(float* losses, float* logits, const int32_t* targets, float label_smoothing,
                      const float* gradient_scale, int64_t rows, int64_t vocabulary, int64_t stride) {
  cross_entropy(losses, logits, targets, label_smoothing, gradient_scale, rows, vocabulary, stride);
}
void ct_cross_entropy_bf16(float* losses, bf16* logits, const int32_t* targets, float label_smoothing,
                           const float* gradient_scale, int64_t rows, int64_t vocabulary, int64_t stride) {
  cross_entropy(losses, logits, targets, label_smoothing, gradient_scale, rows, vocabulary, stride);
}

}  // extern "C"
