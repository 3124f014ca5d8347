// Layer normalisation, alone or fused with the residual addition before it, and their backward.
// A row is read from memory once and from the cache afterwards. The variance is the mean of squared deviations, which
// avoids cancellation. Parameter gradients are summed within fixed blocks of rows and then over blocks, so they do not
// depend on the number of threads. Element is the type of activations: float or bf16.

#include <math.h>
#include <stdint.h>

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
/** Columns of a task that sums over blocks; a multiple of every vector length. */
constexpr int64_t TASK_COLUMNS = 128;

template <class Each>
void each_row(int64_t rows, const Each& each) {
  team::share_pieces(rows, TASK_ROWS, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) each(row);
  });
}

/** Writes out[channels] and stats = (mean, 1/sqrt(variance + epsilon)) of one row. */
template <class Element>
void normalise(Element* out, float* stats, const Element* x, const float* weight, const float* bias, float epsilon,
               int64_t channels) {
  vf sum{};
  for (int64_t i = 0; i < channels; i += VL) sum += load_columns(x, i, channels);
  const float mean = horizontal_sum(sum) / (float)channels;
  vf squares{};
  for (int64_t i = 0; i < channels; i += VL) {
    vf deviation = load_columns(x, i, channels) - mean;
    if (i + VL > channels) deviation = lane_numbers() < (int32_t)(channels - i) ? deviation : vf{};
    squares = multiply_add(deviation, deviation, squares);
  }
  const float inverse = 1.0f / sqrtf(horizontal_sum(squares) / (float)channels + epsilon);
  for (int64_t i = 0; i < channels; i += VL) {
    const vf normal = (load_columns(x, i, channels) - mean) * inverse;
    store_columns(out, multiply_add(normal, load_columns(weight, i, channels), load_columns(bias, i, channels)), i,
                  channels);
  }
  stats[0] = mean;
  stats[1] = inverse;
}

/** out = base + dropout(x) for one row, or dropout(x) if base is null. */
template <class Element, class Source>
void add_dropped(Element* out, const Element* base, const Source* x, const Dropout& dropout, int64_t row, int64_t channels) {
  float factors[DROPOUT_COLUMNS];
  for (int64_t first = 0; first < channels; first += DROPOUT_COLUMNS) {
    const int64_t end = first + DROPOUT_COLUMNS < channels ? first + DROPOUT_COLUMNS : channels;
    if (dropout.active) dropout_factors(factors, dropout, (uint32_t)row, first, end - first);
    for (int64_t i = first; i < end; i += VL) {
      vf v = load_columns(x, i, channels);
      if (dropout.active) v *= load_columns(factors, i - first, end - first);
      if (base) v += load_columns(base, i, channels);
      store_columns(out, v, i, channels);
    }
  }
}

/** Backward of one row: grad_x, grad_weight and grad_bias += their gradients. */
template <class Element>
void normalise_backward(float* grad_x, float* grad_weight, float* grad_bias, const Element* grad_out, const Element* x,
                        const float* stats, const float* weight, int64_t channels) {
  const float mean = stats[0], inverse = stats[1];
  vf sum{}, projection{};
  for (int64_t i = 0; i < channels; i += VL) {
    const vf gradient = load_columns(grad_out, i, channels);
    const vf normal = (load_columns(x, i, channels) - mean) * inverse;
    const vf scaled = gradient * load_columns(weight, i, channels);
    sum += scaled;
    projection = multiply_add(scaled, normal, projection);
    store_columns(grad_bias, load_columns(grad_bias, i, channels) + gradient, i, channels);
    store_columns(grad_weight, multiply_add(gradient, normal, load_columns(grad_weight, i, channels)), i, channels);
  }
  const float along_ones = horizontal_sum(sum) / (float)channels;
  const float along_normal = horizontal_sum(projection) / (float)channels;
  for (int64_t i = 0; i < channels; i += VL) {
    const vf normal = (load_columns(x, i, channels) - mean) * inverse;
    const vf scaled = load_columns(grad_out, i, channels) * load_columns(weight, i, channels);
    const vf own = multiply_add(normal, broadcast(-along_normal), scaled - along_ones);
    store_columns(grad_x, multiply_add(own, broadcast(inverse), load_columns(grad_x, i, channels)), i, channels);
  }
}

template <class Element>
void layernorm(Element* out, float* stats, const Element* x, const float* weight, const float* bias, float epsilon,
               int64_t rows, int64_t channels) {
  each_row(rows, [&](int64_t row) {
    normalise(out + row * channels, stats + 2 * row, x + row * channels, weight, bias, epsilon, channels);
  });
}

template <class Element>
void residual_layernorm(Element* sum, Element* out, float* stats, const Element* residual, const Element* branch,
                        const float* weight, const float* bias, float epsilon, const Dropout& dropout, int64_t rows,
                        int64_t channels) {
  each_row(rows, [&](int64_t row) {
    const int64_t at = row * channels;
    add_dropped(sum + at, residual + at, branch + at, dropout, row, channels);
    normalise(out + at, stats + 2 * row, sum + at, weight, bias, epsilon, channels);
  });
}

template <class Element>
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
    for (int64_t row = block * block_rows; row < end; row++) {
      const int64_t at = row * channels;
      normalise_backward(grad_x + at, own, own + channels, grad_out + at, x + at, stats + 2 * row, weight, channels);
      if (grad_branch)
        add_dropped(grad_branch + at, static_cast<const Element*>(nullptr), grad_x + at, dropout, row, channels);
    }
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
  residual_layernorm(sum, out, stats, residual, branch, weight, bias, epsilon,
                     make_dropout(probability, site, counter), rows, channels);
}
void ct_residual_layernorm_bf16(bf16* sum, bf16* out, float* stats, const bf16* residual, const bf16* branch,
                                const float* weight, const float* bias, float epsilon, float probability, int32_t site,
                                const int32_t* counter, int64_t rows, int64_t channels) {
  residual_layernorm(sum, out, stats, residual, branch, weight, bias, epsilon,
                     make_dropout(probability, site, counter), rows, channels);
}

/** See `layernormBackward` in the device contract. grad_branch is null if there is no branch. */
void ct_layernorm_backward(float* grad_x, float* grad_branch, float* grad_weight, float* grad_bias,
                           const float* grad_out, const float* x, const float* stats, const float* weight,
                           float probability, int32_t site, const int32_t* counter, int64_t rows, int64_t channels) {
  layernorm_backward(grad_x, grad_branch, grad_weight, grad_bias, grad_out, x, stats, weight,
                     make_dropout(probability, site, counter), rows, channels);
}
void ct_layernorm_backward_bf16(float* grad_x, bf16* grad_branch, float* grad_weight, float* grad_bias,
                                const bf16* grad_out, const bf16* x, const float* stats, const float* weight,
                                float probability, int32_t site, const int32_t* counter, int64_t rows,
                                int64_t channels) {
  layernorm_backward(grad_x, grad_branch, grad_weight, grad_bias, grad_out, x, stats, weight,
                     make_dropout(probability, site, counter), rows, channels);
}

}  // extern "C"
