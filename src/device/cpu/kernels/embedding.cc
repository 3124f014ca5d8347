// The sum of token and position embeddings with dropout, and its backward.
// Forward tasks are rows. Backward adds to tables, where two rows may share an entry, so its tasks are columns: each entry
// is summed by one thread, in the order of the rows. The caller has checked all indices.

#include <algorithm>
#include <cstdint>

#include "philox.h"
#include "simd.h"
#include "team.h"

namespace {

/** Rows of a task. */
constexpr int64_t kRows = 16;
/** Columns of a task: whole cache lines. */
constexpr int64_t kColumns = 64;

/** Multiplies values[0..width), which start at (row, column), by the dropout mask. */
inline void apply_mask(float* values, const Dropout& dropout, int64_t row, int64_t column, int64_t width) {
  float factors[kColumns];
  for (int64_t from = 0; from < width; from += kColumns) {
    const int64_t count = std::min(kColumns, width - from);
    dropout_factors(factors, dropout, static_cast<uint32_t>(row), column + from, count);
    for (int64_t at = 0; at < count; at++) values[from + at] *= factors[at];
  }
}

template <class Element>
void embed(float* out, const int32_t* tokens, const int32_t* positions, const Element* token_table,
           const Element* position_table, const Dropout& dropout, int64_t rows, int64_t channels) {
  team::share_pieces(rows, kRows, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const Element* const token = token_table + tokens[row] * channels;
      const Element* const position = position_table + positions[row] * channels;
      float* const to = out + row * channels;
      for (int64_t column = 0; column < channels; column++) to[column] = widen(token[column]) + widen(position[column]);
      if (dropout.active) apply_mask(to, dropout, row, 0, channels);
    }
  });
}

}  // namespace

extern "C" {

/**
 * out[rows, channels] = dropout(token_table[tokens[row]] + position_table[positions[row]]). Both tables are float, or
 * both bf16 if tables_are_bf16.
 */
void ct_embedding(float* out, const int32_t* tokens, const int32_t* positions, const void* token_table,
                  const void* position_table, int32_t tables_are_bf16, float probability, int32_t site,
                  const int32_t* counter, int64_t rows, int64_t channels) {
  const Dropout dropout = make_dropout(probability, site, counter);
  if (tables_are_bf16)
    embed(out, tokens, positions, static_cast<const bf16*>(token_table), static_cast<const bf16*>(position_table),
          dropout, rows, channels);
  else
    embed(out, tokens, positions, static_cast<const float*>(token_table), static_cast<const float*>(position_table),
          dropout, rows, channels);
}

/** token_gradient[tokens[row]] and position_gradient[positions[row]] += grad_out[row] times the dropout mask. */
void ct_embedding_backward(float* token_gradient, float* position_gradient, const float* grad_out,
                           const int32_t* tokens, const int32_t* positions, float probability, int32_t site,
                           const int32_t* counter, int64_t rows, int64_t channels) {
  const Dropout dropout = make_dropout(probability, site, counter);
  team::share_pieces(channels, kColumns, [&](int64_t first, int64_t end) {
    const int64_t width = end - first;
    for (int64_t row = 0; row < rows; row++) {
      float gradient[kColumns];
      std::copy_n(grad_out + row * channels + first, width, gradient);
      if (dropout.active) apply_mask(gradient, dropout, row, first, width);
      float* const token = token_gradient + tokens[row] * channels + first;
      float* const position = position_gradient + positions[row] * channels + first;
      for (int64_t column = 0; column < width; column++) token[column] += gradient[column];
      for (int64_t column = 0; column < width; column++) position[column] += gradient[column];
    }
  });
}

}  // extern "C"
