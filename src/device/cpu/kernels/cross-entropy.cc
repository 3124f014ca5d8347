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
  float smallest, largest;
  double sum;
  /** The sum of the logits themselves. Only label smoothing needs it. */
  double total;

  /** Whether all exponentials of logits minus the largest one are normal numbers. Most often they are. */
  bool is_normal() const { return smallest - largest >= LOWEST_NORMAL_EXPONENT; }
};

/** Extends the range by these logits. NaN does not change it. */
template <class Element>
void extend_range(Summary& summary, const Element* logits, int64_t size) {
  constexpr int kVectors = 4;  // which do not wait for each other
  vf most[kVectors], least[kVectors];
  for (int k = 0; k < kVectors; k++) {
    most[k] = broadcast(summary.largest);
    least[k] = broadcast(summary.smallest);
  }
  int64_t at = 0;
  for (; at + kVectors * VL <= size; at += kVectors * VL)
#pragma GCC unroll 4
    for (int k = 0; k < kVectors; k++) {
      const vf v = load(logits + at + k * VL);
      most[k] = maximum(v, most[k]);
      least[k] = minimum(v, least[k]);
    }
  each_vector(size - at, [&](int64_t column, auto part) EACH_VECTOR_INLINE {
    const vf v = load(logits + at + column, part);
    most[0] = maximum(within(v, summary.largest, part), most[0]);
    least[0] = minimum(within(v, summary.smallest, part), least[0]);
  });
  for (int k = 1; k < kVectors; k++) {
    most[0] = maximum(most[k], most[0]);
    least[0] = minimum(least[k], least[0]);
  }
  summary.largest = horizontal_max(most[0]);
  summary.smallest = horizontal_min(least[0]);
}

/** The sum of exponentials of logits minus `largest`. */
template <bool NORMAL, class Element>
float sum_exponentials(const Element* logits, int64_t size, float largest) {
  vf sum{};
  each_vector(size, [&](int64_t column, auto part) EACH_VECTOR_INLINE {
    const vf x = load(logits + column, part) - largest;
    sum += within(NORMAL ? vexp_normal(x) : vexp(x), 0, part);
  });
  return horizontal_sum(sum);
}

template <class Element>
Summary summarise(const Element* row, int64_t vocabulary, bool with_total) {
  // Not infinite, because a block of -inf would give -inf - -inf = NaN.
  Summary summary{FLT_MAX, -FLT_MAX, 0, 0};
  for (int64_t first = 0; first < vocabulary; first += BLOCK) {
    const int64_t size = first + BLOCK < vocabulary ? BLOCK : vocabulary - first;
    const float before = summary.largest;
    extend_range(summary, row + first, size);
    if (summary.largest != before) summary.sum *= exp((double)before - summary.largest);
    summary.sum += summary.is_normal() ? sum_exponentials<true>(row + first, size, summary.largest)
                                       : sum_exponentials<false>(row + first, size, summary.largest);
    if (!with_total) continue;
    vf total{};
    each_vector(size, [&](int64_t column, auto part) EACH_VECTOR_INLINE { total += load(row + first + column, part); });
    summary.total += horizontal_sum(total);
  }
  return summary;
}

/** row = factor * e^(row - largest) - share. */
template <bool NORMAL, class Element>
void scale_exponentials(Element* row, int64_t vocabulary, float largest, float factor, float share) {
  each_vector(vocabulary, [&](int64_t column, auto part) EACH_VECTOR_INLINE {
    const vf x = load(row + column, part) - largest;
    store(row + column, multiply_add(NORMAL ? vexp_normal(x) : vexp(x), broadcast(factor), broadcast(-share)), part);
  });
}

/** row = scale * (softmax(row) - (1 - smoothing) * onehot(target) - smoothing / vocabulary). */
template <class Element>
void differentiate(Element* row, int64_t vocabulary, int32_t target, const Summary& summary, float smoothing,
                   float scale) {
  const float factor = (float)(scale / summary.sum), share = scale * smoothing / (float)vocabulary;
  const float largest = summary.largest;
  const vf own = multiply_add(vexp(broadcast(widen(row[target])) - largest), broadcast(factor), broadcast(-share));
  (summary.is_normal() ? scale_exponentials<true, Element> : scale_exponentials<false, Element>)(row, vocabulary, largest,
                                                                                                 factor, share);
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
