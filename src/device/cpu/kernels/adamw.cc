// The optimizer: clipping's coefficient and AdamW, one pass over parameters, gradients and both moments.
// It runs at the speed of memory (16 bytes read and 16 written a parameter), so everything that touches a gradient for
// the last time happens here: scaling, the update, and zeroing it for the next window.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "team.h"

namespace {

/** Pieces that do not depend on the number of threads: which elements share a vector decides nothing then. */
constexpr int64_t kChunk = 1 << 14;

struct Update {
  float gradient_scale;
  float keep_first, take_first;
  float keep_second, take_second;
  /** learning rate / (1 - beta1^t). */
  float step_size;
  /** 1 / sqrt(1 - beta2^t). */
  float second_correction;
  float epsilon;
  /** 1 - learning rate * weight decay. */
  float decay;
};

void update_chunk(float* __restrict p, float* __restrict g, float* __restrict m, float* __restrict v, int64_t size,
                  const Update& with) {
  const Update u = with;
#pragma omp simd
  for (int64_t at = 0; at < size; at++) {
    const float gradient = g[at] * u.gradient_scale;
    const float first = u.keep_first * m[at] + u.take_first * gradient;
    const float second = u.keep_second * v[at] + u.take_second * (gradient * gradient);
    const float denominator = std::sqrt(second) * u.second_correction + u.epsilon;
    p[at] = p[at] * u.decay - u.step_size * (first / denominator);
    m[at] = first;
    v[at] = second;
    g[at] = 0;
  }
}

}  // namespace

extern "C" {

/** step[1] = min(1, max_norm / (sqrt(*sum_of_squares) + 1e-6)); 1 without a bound; NaN when the sum is not finite. */
void ct_clip_coefficient(float* step, const float* sum_of_squares, double max_norm) {
  const double sum = *sum_of_squares;
  if (!std::isfinite(sum))
    step[1] = std::numeric_limits<float>::quiet_NaN();
  else if (max_norm == 0)
    step[1] = 1;
  else
    step[1] = static_cast<float>(std::min(1.0, max_norm / (std::sqrt(sum) + 1e-6)));
}

/**
 * @param step learning rate, gradient scale, 1 - beta1^t, 1 - beta2^t. A gradient scale of NaN leaves parameters and
 * moments as they are; the gradients are zeroed all the same.
 */
void ct_adamw(float* parameters, float* gradients, float* first_moment, float* second_moment, const float* step,
              double beta1, double beta2, double epsilon, double weight_decay, int64_t size) {
  const bool skip = std::isnan(step[1]);
  const Update update = {
      step[1],
      static_cast<float>(beta1),
      static_cast<float>(1 - beta1),
      static_cast<float>(beta2),
      static_cast<float>(1 - beta2),
      static_cast<float>(step[0] / static_cast<double>(step[2])),
      static_cast<float>(1 / std::sqrt(static_cast<double>(step[3]))),
      static_cast<float>(epsilon),
      static_cast<float>(1 - static_cast<double>(step[0]) * weight_decay),
  };
  team::share_pieces(size, kChunk, [&](int64_t from, int64_t end) {
    const int64_t count = end - from;
    if (skip)
      memset(gradients + from, 0, count * sizeof(float));
    else
      update_chunk(parameters + from, gradients + from, first_moment + from, second_moment + from, count, update);
  });
}

}  // extern "C"
