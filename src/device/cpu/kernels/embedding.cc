// The sum of token and position embeddings with dropout, and its backward.
// Forward tasks are rows. Backward adds to tables, where two rows may share an entry, so its tasks are columns: each entry
// is summed by one thread, in the order of the rows. The caller has checked all indices.

#include <algorithm>
#include <cstdint>

#include "philox.h"
#include "q8.h"
#include "rounded.h"
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

template <class Out, class Source>
void embed(Out* out, const int32_t* tokens, const int32_t* positions, Source token_table, Source position_table,
           const Dropout& dropout, int64_t rows, int64_t channels) {
  team::share_pieces(rows, kRows, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++)
      for (int64_t first = 0; first < channels; first += kColumns) {
        const int64_t width = std::min(kColumns, channels - first);
        const Source token = token_table + tokens[row] * channels + first;
        const Source position = position_table + positions[row] * channels + first;
        float sums[kColumns];
        for (int64_t column = 0; column < width; column++) sums[column] = widen(token[column]) + widen(position[column]);
        if (dropout.active) apply_mask(sums, dropout, row, first, width);
        Out* const to = out + row * channels + first;
        for (int64_t column = 0; column < width; column++) assign(to[column], sums[column]);
      }
  });
}

template <class Element>
void embed_backward(float* token_gradient, float* position_gradient, const Element* grad_out, const int32_t* tokens,
                    const int32_t* positions, const Dropout& dropout, int64_t rows, int64_t channels) {
  team::share_pieces(channels, kColumns, [&](int64_t first, int64_t end) {
    const int64_t width = end - first;
    for (int64_t row = 0; row < rows; row++) {
      float gradient[kColumns];
      for (int64_t column = 0; column < width; column++) gradient[column] = widen(grad_out[row * channels + first + column]);
      if (dropout.active) apply_mask(gradient, dropout, row, first, width);
      float* const token = token_gradient + tokens[row] * channels + first;
      float* const position = position_gradient + positions[row] * channels + first;
      for (int64_t column = 0; column < width; column++) token[column] += gradient[column];
      for (int64_t column = 0; column < width; column++) position[column] += gradient[column];
    }
  });
}

}  // namespace

extern "C" {

/**
 * out[rows, channels] = dropout(token_table[tokens[row]] + position_table[positions[row]]). table_type is that of both
 * tables: float 0, bf16 1, q8 2.
 */
void ct_embedding(float* out, const int32_t* tokens, const int32_t* positions, const void* token_table,
                  const void* position_table, int32_t table_type, float probability, int32_t site,
                  const int32_t* counter, int64_t rows, int64_t channels) {
  const Dropout dropout = make_dropout(probability, site, counter);
  const auto from = [&](auto token, auto position) {
    embed(out, tokens, positions, token, position, dropout, rows, channels);
  };
  if (table_type == 2)
    from(Q8Pointer{static_cast<const q8_block*>(token_table), 0},
         Q8Pointer{static_cast<const q8_block*>(position_table), 0});
  else if (table_type == 1)
    from(static_cast<const bf16*>(token_table), static_cast<const bf16*>(position_table));
  else
    from(static_cast<const float*>(token_table), static_cast<const float*>(position_table));
}
/** The same. table_type is 0 or 1; float tables are rounded to bf16 when they are read. */
void ct_embedding_bf16(bf16* out, const int32_t* tokens, const int32_t* positions, const void* token_table,
                       const void* position_table, int32_t table_type, float probability, int32_t site,
                       const int32_t* counter, int64_t rows, int64_t channels) {
  const Dropout dropout = make_dropout(probability, site, counter);
  if (table_type == 1)
    embed(out, tokens, positions, static_cast<const bf16*>(token_table), static_cast<const bf16*>(position_table), dropout,
          rows, channels);
  else
    embed(out, tokens, positions, as_rounded(static_cast<const float*>(token_table)),
          as_rounded(static_cast<const float*>(position_table)), dropout, rows, channels);
}

/** token_gradient[tokens[row]] and position_gradient[positions[row]] += grad_out[row] times the dropout mask. */
void ct_embedding_backward(float* token_gradient, float* position_gradient, const float* grad_out,
                           const int32_t* tokens, const int32_t* positions, float probability, int32_t site,
                           const int32_t* counter, int64_t rows, int64_t channels) {
  embed_backward(token_gradient, position_gradient, grad_out, tokens, positions,
                 make_dropout(probability, site, counter), rows, channels);
}
void ct_embedding_backward_bf16(float* token_gradient, float* position_gradient, const bf16* grad_out,
                                const int32_t* tokens, const int32_t* positions, float probability, int32_t site,
                                const int32_t* counter, int64_t rows, int64_t channels) {
  embed_backward(token_gradient, position_gradient, grad_out, tokens, positions,
                 make_dropout(probability, site, counter), rows, channels);
}

}  // extern "C"
