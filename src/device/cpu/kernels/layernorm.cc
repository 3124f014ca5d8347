// Layer normalisation, alone or fused with the residual addition before it, and their backward.
// A row is read from memory once and from the cache afterwards. The variance is the mean of squared deviations, which
// avoids cancellation. Parameter gradients are summed within fixed blocks of rows and then over blocks, so they do not
// depend on the number of threads. Element is the type of activations: float or bf16.

#include <math.h>
#include <stdint.h>

#include <type_traits>
#include <vector>

#include "philox.h"
#include "simd.h"
#include "team.h"

namespace {

/** Columns whose dropout factors are drawn at a time; a multiple of every vector length. */
constexpr int64_t DROPOUT_COLUMNS = 256;
/** Blocks of rows for sums of parameter gradients, and therefore the maximum number of threads of backward. */
constexpr int64_t BLOCKS = 32;

/** Rows of a task. Fewer rows use one thread. */
constexpr int64_t TASK_ROWS = 16;
/** Rows that are computed together: their sums do not wait for each other, and parameters are read once for all of them. */
constexpr int TOGETHER = 4;
/** Columns of a task that sums over blocks; a multiple of every vector length. */
constexpr int64_t TASK_COLUMNS = 128;

/** Calls each(row, count) for rows begin..end-1, TOGETHER at a time and then one by one; `count` is a type with that value. */
template <class Each>
void each_rows(int64_t begin, int64_t end, const Each& each) {
  int64_t row = begin;
  for (; row + TOGETHER <= end; row += TOGETHER) each(row, std::integral_constant<int, TOGETHER>{});
  for (; row < end; row++) each(row, std::integral_constant<int, 1>{});
}

/** One vector for each row. */
template <int ROWS>
using Vectors = vf[ROWS];

/** Factors of DROPOUT_COLUMNS columns of each row. */
template <int ROWS>
struct Factors {
  float values[ROWS][DROPOUT_COLUMNS];

  void draw(const Dropout& dropout, int64_t row, int64_t first, int64_t columns) {
    for (int r = 0; r < ROWS; r++) dropout_factors(values[r], dropout, (uint32_t)(row + r), first, columns);
  }
};

/** Calls each(column, part, factors) for each vector of the rows; factors[r][i] is that of row r and column first + i. */
template <int ROWS, bool DROPS, class Each>
SIMD_INLINE void each_dropped(const Dropout& dropout, int64_t row, int64_t channels, const Each& each) {
  Factors<DROPS ? ROWS : 1> factors;
  for (int64_t first = 0; first < channels; first += DROPOUT_COLUMNS) {
    const int64_t columns = first + DROPOUT_COLUMNS < channels ? DROPOUT_COLUMNS : channels - first;
    if (DROPS) factors.draw(dropout, row, first, columns);
    each_vector(columns, [&](int64_t column, auto part) EACH_VECTOR_INLINE {
      each(first + column, part, [&](int r, vf v) EACH_VECTOR_INLINE {
        return DROPS ? v * load(factors.values[DROPS ? r : 0] + column, part) : v;
      });
    });
  }
}

/** sums[r] = the lanes' sums of row r of x. */
template <int ROWS, class Element>
SIMD_INLINE void sum_columns(Vectors<ROWS>& sums, const Element* x, int64_t channels) {
  each_vector(channels, [&](int64_t i, auto part) EACH_VECTOR_INLINE {
#pragma GCC unroll 4
    for (int r = 0; r < ROWS; r++) sums[r] += load(x + r * channels + i, part);
  });
}

/** sum = residual + dropout(branch), and sums[r] = the lanes' sums of row r of it. */
template <int ROWS, bool DROPS, class Element>
SIMD_INLINE void add_branch(Vectors<ROWS>& sums, Element* sum, const Element* residual, const Element* branch,
                            const Dropout& dropout, int64_t row, int64_t channels) {
  each_dropped<ROWS, DROPS>(dropout, row, channels, [&](int64_t i, auto part, auto dropped) EACH_VECTOR_INLINE {
#pragma GCC unroll 4
    for (int r = 0; r < ROWS; r++) {
      const int64_t at = r * channels + i;
      sums[r] += stored(sum + at, dropped(r, load(branch + at, part)) + load(residual + at, part), part);
    }
  });
}

/** Writes out and stats = (mean, 1/sqrt(variance + epsilon)) of the rows of x, whose lanes' sums are given. */
template <int ROWS, class Element>
SIMD_INLINE void normalise(Element* out, float* stats, const Element* x, const Vectors<ROWS>& sums, const float* weight,
                           const float* bias, float epsilon, int64_t channels) {
  Vectors<ROWS> mean, inverse, squares;
  for (int r = 0; r < ROWS; r++) {
    mean[r] = broadcast(horizontal_sum(sums[r]) / (float)channels);
    squares[r] = vf{};
  }
  each_vector(channels, [&](int64_t i, auto part) EACH_VECTOR_INLINE {
#pragma GCC unroll 4
    for (int r = 0; r < ROWS; r++) {
      const vf deviation = within(load(x + r * channels + i, part) - mean[r], 0, part);
      squares[r] = multiply_add(deviation, deviation, squares[r]);
    }
  });
  for (int r = 0; r < ROWS; r++) {
    stats[2 * r] = mean[r][0];
    stats[2 * r + 1] = 1.0f / sqrtf(horizontal_sum(squares[r]) / (float)channels + epsilon);
    inverse[r] = broadcast(stats[2 * r + 1]);
  }
  each_vector(channels, [&](int64_t i, auto part) EACH_VECTOR_INLINE {
    const vf scale = load(weight + i, part), shift = load(bias + i, part);
#pragma GCC unroll 4
    for (int r = 0; r < ROWS; r++) {
      const int64_t at = r * channels + i;
      store(out + at, multiply_add((load(x + at, part) - mean[r]) * inverse[r], scale, shift), part);
    }
  });
}

template <class Element>
void layernorm(Element* out, float* stats, const Element* x, const float* weight, const float* bias, float epsilon,
               int64_t rows, int64_t channels) {
  team::share_pieces(rows, TASK_ROWS, [&](int64_t begin, int64_t end) {
    each_rows(begin, end, [&](int64_t row, auto count) {
      constexpr int ROWS = decltype(count)::value;
      const int64_t at = row * channels;
      Vectors<ROWS> sums{};
      sum_columns<ROWS>(sums, x + at, channels);
      normalise<ROWS>(out + at, stats + 2 * row, x + at, sums, weight, bias, epsilon, channels);
    });
  });
}

template <bool DROPS, class Element>
void residual_layernorm(Element* sum, Element* out, float* stats, const Element* residual, const Element* branch,
                        const float* weight, const float* bias, float epsilon, const Dropout& dropout, int64_t rows,
                        int64_t channels) {
  team::share_pieces(rows, TASK_ROWS, [&](int64_t begin, int64_t end) {
    each_rows(begin, end, [&](int64_t row, auto count) {
      constexpr int ROWS = decltype(count)::value;
      const int64_t at = row * channels;
      Vectors<ROWS> sums{};
      add_branch<ROWS, DROPS>(sums, sum + at, residual + at, branch + at, dropout, row, channels);
      normalise<ROWS>(out + at, stats + 2 * row, sum + at, sums, weight, bias, epsilon, channels);
    });
  });
}

/** The lanes' sums of a row's gradient, and of its projection on the normalised row. */
template <int ROWS>
struct GradientSums {
  Vectors<ROWS> gradient{}, projection{};
};

/** What backward reads of some rows. */
template <int ROWS, class Element>
struct Normalised {
  const Element* grad_out;
  const Element* x;
  const float* weight;
  int64_t channels;
  Vectors<ROWS> mean, inverse;

  Normalised(const Element* grad_out, const Element* x, const float* stats, const float* weight, int64_t channels)
      : grad_out(grad_out), x(x), weight(weight), channels(channels) {
    for (int r = 0; r < ROWS; r++) {
      mean[r] = broadcast(stats[2 * r]);
      inverse[r] = broadcast(stats[2 * r + 1]);
    }
  }

  template <class Part>
  __attribute__((always_inline)) vf gradient(int r, int64_t i, Part part) const {
    return load(grad_out + r * channels + i, part);
  }
  template <class Part>
  __attribute__((always_inline)) vf normal(int r, int64_t i, Part part) const {
    return (load(x + r * channels + i, part) - mean[r]) * inverse[r];
  }
};

/** grad_weight and grad_bias += their gradients. */
template <int ROWS, class Element>
SIMD_INLINE void add_parameter_gradients(GradientSums<ROWS>& sums, float* grad_weight, float* grad_bias,
                                         const Normalised<ROWS, Element>& from) {
  each_vector(from.channels, [&](int64_t i, auto part) EACH_VECTOR_INLINE {
    const vf weight = load(from.weight + i, part);
    vf for_weight = load(grad_weight + i, part), for_bias = load(grad_bias + i, part);
#pragma GCC unroll 4
    for (int r = 0; r < ROWS; r++) {
      const vf gradient = from.gradient(r, i, part), normal = from.normal(r, i, part);
      const vf scaled = gradient * weight;
      sums.gradient[r] += scaled;
      sums.projection[r] = multiply_add(scaled, normal, sums.projection[r]);
      for_bias += gradient;
      for_weight = multiply_add(gradient, normal, for_weight);
    }
    store(grad_weight + i, for_weight, part);
    store(grad_bias + i, for_bias, part);
  });
}

/** grad_x += the gradient of x, and grad_branch = dropout(grad_x) unless it is null. It may alias grad_out. */
template <int ROWS, bool DROPS, class Element>
SIMD_INLINE void add_input_gradient(float* grad_x, Element* grad_branch, const GradientSums<ROWS>& sums,
                                    const Normalised<ROWS, Element>& from, const Dropout& dropout, int64_t row) {
  const int64_t channels = from.channels;
  Vectors<ROWS> along_ones, along_normal;
  for (int r = 0; r < ROWS; r++) {
    along_ones[r] = broadcast(horizontal_sum(sums.gradient[r]) / (float)channels);
    along_normal[r] = broadcast(-(horizontal_sum(sums.projection[r]) / (float)channels));
  }
  each_dropped<ROWS, DROPS>(dropout, row, channels, [&](int64_t i, auto part, auto dropped) EACH_VECTOR_INLINE {
    const vf weight = load(from.weight + i, part);
#pragma GCC unroll 4
    for (int r = 0; r < ROWS; r++) {
      const int64_t at = r * channels + i;
      const vf scaled = from.gradient(r, i, part) * weight;
      const vf own = multiply_add(from.normal(r, i, part), along_normal[r], scaled - along_ones[r]);
      const vf gradient = multiply_add(own, from.inverse[r], load(grad_x + at, part));
      store(grad_x + at, gradient, part);
      if (grad_branch) store(grad_branch + at, dropped(r, gradient), part);
    }
  });
}

template <bool DROPS, class Element>
void layernorm_backward(float* grad_x, Element* grad_branch, float* grad_weight, float* grad_bias,
                        const Element* grad_out, const Element* x, const float* stats, const float* weight,
                        const Dropout& dropout, int64_t rows, int64_t channels) {
  static thread_local std::vector<float> memory;  // reused by later calls from this thread
  const int64_t block_rows = (rows + BLOCKS - 1) / BLOCKS;
  const int64_t blocks = block_rows > 0 ? (rows + block_rows - 1) / block_rows : 0;
  if ((int64_t)memory.size() < BLOCKS * 2 * channels) memory.resize((size_t)(BLOCKS * 2 * channels));
  float* partial = memory.data();  // [blocks][weight, bias][channels]
  team::share(blocks, [&](int64_t block) {
    float* own = partial + block * 2 * channels;
    memset(own, 0, (size_t)(2 * channels) * sizeof(float));
    const int64_t end = (block + 1) * block_rows < rows ? (block + 1) * block_rows : rows;
    each_rows(block * block_rows, end, [&](int64_t row, auto count) {
      constexpr int ROWS = decltype(count)::value;
      const int64_t at = row * channels;
      const Normalised<ROWS, Element> from(grad_out + at, x + at, stats + 2 * row, weight, channels);
      GradientSums<ROWS> sums;
      add_parameter_gradients<ROWS>(sums, own, own + channels, from);
      add_input_gradient<ROWS, DROPS>(grad_x + at, grad_branch ? grad_branch + at : nullptr, sums, from, dropout, row);
    });
  });
  team::share_pieces(channels, TASK_COLUMNS, [&](int64_t begin, int64_t end) {
    for (int64_t column = begin; column < end; column += VL) {
      vf for_weight{}, for_bias{};
      for (int64_t block = 0; block < blocks; block++) {
        for_weight += load_columns(partial + block * 2 * channels, column, channels);
        for_bias += load_columns(partial + (block * 2 + 1) * channels, column, channels);
      }
      store_columns(grad_weight, load_columns(grad_weight, column, channels) + for_weight, column, channels);
      store_columns(grad_bias, load_columns(grad_bias, column, channels) + for_bias, column, channels);
    }
  });
}

}  // namespace

extern "C" {

/** See `layernorm` in the device contract. */
void ct_layernorm(float* out, float* stats, const float* x, const float* weight, const float* bias, float epsilon,
                  int64_t rows, int64_t channels) {
  layernorm(out, stats, x, weight, bias, epsilon, rows, channels);
}
void ct_layernorm_bf16(bf16* out, float* stats, const bf16* x, const float* weight, const float* bias, float epsilon,
                       int64_t rows, int64_t channels) {
  layernorm(out, stats, x, weight, bias, epsilon, rows, channels);
}

/** See `residualLayernorm` in the device contract. sum may alias residual. */
void ct_residual_layernorm(float* sum, float* out, float* stats, const float* residual, const float* branch,
                           const float* weight, const float* bias, float epsilon, float probability, int32_t site,
                           const int32_t* counter, int64_t rows, int64_t channels) {
  const Dropout dropout = make_dropout(probability, site, counter);
  (dropout.active ? residual_layernorm<true, float> : residual_layernorm<false, float>)(
      sum, out, stats, residual, branch, weight, bias, epsilon, dropout, rows, channels);
}
void ct_residual_layernorm_bf16(bf16* sum, bf16* out, float* stats, const bf16* residual, const bf16* branch,
                                const float* weight, const float* bias, float epsilon, float probability, int32_t site,
                                const int32_t* counter, int64_t rows, int64_t channels) {
  const Dropout dropout = make_dropout(probability, site, counter);
  (dropout.active ? residual_layernorm<true, bf16> : residual_layernorm<false, bf16>)(
      sum, out, stats, residual, branch, weight, bias, epsilon, dropout, rows, channels);
}

/** See `layernormBackward` in the device contract. grad_branch is null if there is no branch. */
void ct_layernorm_backward(float* grad_x, float* grad_branch, float* grad_weight, float* grad_bias,
                           const float* grad_out, const float* x, const float* stats, const float* weight,
                           float probability, int32_t site, const int32_t* counter, int64_t rows, int64_t channels) {
  const Dropout dropout = make_dropout(probability, site, counter);
  (dropout.active ? layernorm_backward<true, float> : layernorm_backward<false, float>)(
      grad_x, grad_branch, grad_weight, grad_bias, grad_out, x, stats, weight, dropout, rows, channels);
}
void ct_layernorm_backward_bf16(float* grad_x, bf16* grad_branch, float* grad_weight, float* grad_bias,
                                const bf16* grad_out, const bf16* x, const float* stats, const float* weight,
                                float probability, int32_t site, const int32_t* counter, int64_t rows,
                                int64_t channels) {
  const Dropout dropout = make_dropout(probability, site, counter);
  (dropout.active ? layernorm_backward<true, bf16> : layernorm_backward<false, bf16>)(
      grad_x, grad_branch, grad_weight, grad_bias, grad_out, x, stats, weight, dropout, rows, channels);
}

}  // extern "C"
