// The optimizer: gradient clipping and AdamW, in one pass over parameters, gradients and both moments.
// Memory bandwidth limits it (16 bytes read and 16 written per parameter), so the same pass scales the gradients, updates
// the parameters, sets the gradients to zero for the next optimizer step, and in mixed precision writes the working copy, past
// the caches. What is read is written in place: its lines are in the caches anyway, and streaming them is slower.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "simd.h"
#include "stream.h"
#include "team.h"

namespace {

/** Elements of a task. */
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

/** Elements that are updated before they are rounded: whole lines of everything. */
constexpr int64_t kBlock = 64;
/** Fewer parameters stay in the caches, where the working copy is better off too. */
constexpr int64_t kStreamed = 1 << 14;

void update_block(float* __restrict p, float* __restrict g, float* __restrict m, float* __restrict v, int64_t size,
                  const Update& with, float decay) {
  const Update u = with;
#pragma omp simd
  for (int64_t at = 0; at < size; at++) {
    const float gradient = g[at] * u.gradient_scale;
    const float first = multiply_add(u.keep_first, m[at], u.take_first * gradient);
    const float second = multiply_add(u.keep_second, v[at], u.take_second * (gradient * gradient));
    const float denominator = multiply_add(std::sqrt(second), u.second_correction, u.epsilon);
    p[at] = multiply_add(p[at], decay, -u.step_size * (first / denominator));
    m[at] = first;
    v[at] = second;
    g[at] = 0;
  }
}

/** working = p, rounded. Whole blocks are `streamed` if the address is that of a line. */
void narrow_block(bf16* working, const float* p, int64_t size, bool streamed) {
  if (!kCanStream || !streamed || size < kBlock) {
    each_vector(size, [&](int64_t at, auto part) EACH_VECTOR_INLINE { store(working + at, load(p + at, part), part); });
    return;
  }
  for (int64_t at = 0; at < kBlock; at += kStreamedLine) {
    alignas(64) bf16 line[kStreamedLine];
    for (int64_t lane = 0; lane < kStreamedLine; lane += VL) store(line + lane, load(p + at + lane));
    stream_line(working + at, line);
  }
}

/** @param working receives the updated parameters, rounded, unless it is null. */
void update_chunk(bf16* working, float* p, float* g, float* m, float* v, int64_t size, const Update& update, bool decays,
                  bool streams) {
  const bool streamed = streams && reinterpret_cast<uintptr_t>(working) % 64 == 0;
  for (int64_t at = 0; at < size; at += kBlock) {
    const int64_t count = std::min(kBlock, size - at);
    update_block(p + at, g + at, m + at, v + at, count, update, decays ? update.decay : 1);
    if (working) narrow_block(working + at, p + at, count, streamed);
  }
  if (streamed) finish_streaming();
}

/** working is null without mixed precision. */
void adamw(bf16* working, float* parameters, float* gradients, float* first_moment, float* second_moment,
           const float* step, double beta1, double beta2, double epsilon, double weight_decay, int64_t decayed,
           int64_t size) {
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
  const auto part = [&](int64_t from, int64_t end, bool decays) {
    update_chunk(working ? working + from : nullptr, parameters + from, gradients + from, first_moment + from,
                 second_moment + from, end - from, update, decays, working && size >= kStreamed);
  };
  team::share_pieces(size, kChunk, [&](int64_t from, int64_t end) {
    if (skip) {
      memset(gradients + from, 0, (end - from) * sizeof(float));
      if (working)
        for (int64_t at = from; at < end; at++) working[at] = narrow(parameters[at]);
      return;
    }
    const int64_t border = std::clamp(decayed, from, end);
    if (border > from) part(from, border, true);
    if (border < end) part(border, end, false);
  });
}

}  // namespace

extern "C" {

/** See `prepareUpdate` in the device contract. loss_scale may be null. */
void ct_prepare_update(float* step, const float* sum_of_squares, float* loss_scale, double max_norm, double beta1,
                       double beta2) {
  const double scale = loss_scale ? loss_scale[0] : 1;
  const double norm = std::sqrt(static_cast<double>(*sum_of_squares)) / scale;
  step[5] = static_cast<float>(norm);
  if (!std::isfinite(*sum_of_squares)) {
    step[1] = std::numeric_limits<float>::quiet_NaN();
    if (loss_scale) {
      loss_scale[0] *= 0.5f;
      loss_scale[1] = 0;
    }
    return;
  }
  const double coefficient = max_norm == 0 ? 1 : std::min(1.0, max_norm / (norm + 1e-6));
  step[1] = static_cast<float>(coefficient / scale);
  step[4] += 1;
  step[2] = static_cast<float>(1 - std::pow(beta1, step[4]));
  step[3] = static_cast<float>(1 - std::pow(beta2, step[4]));
  if (loss_scale && ++loss_scale[1] == 2000) {
    loss_scale[0] *= 2;
    loss_scale[1] = 0;
  }
}

/**
 * @param decayed how many parameters, counted from the first, weight decay applies to.
 * @param step learning rate, gradient scale, 1 - beta1^t, 1 - beta2^t. If the gradient scale is NaN, parameters and
 * moments do not change, but the gradients are still set to zero.
 */
void ct_adamw(float* parameters, float* gradients, float* first_moment, float* second_moment, const float* step,
              double beta1, double beta2, double epsilon, double weight_decay, int64_t decayed, int64_t size) {
  adamw(nullptr, parameters, gradients, first_moment, second_moment, step, beta1, beta2, epsilon, weight_decay, decayed,
        size);
}
/** Also writes the parameters to working[size], rounded. */
void ct_adamw_bf16(bf16* working, float* parameters, float* gradients, float* first_moment, float* second_moment,
                   const float* step, double beta1, double beta2, double epsilon, double weight_decay, int64_t decayed,
                   int64_t size) {
  adamw(working, parameters, gradients, first_moment, second_moment, step, beta1, beta2, epsilon, weight_decay, decayed,
        size);
}

}  // extern "C"
