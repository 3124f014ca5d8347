// The building blocks of attention in float: packed heads, tiles of queries, and one micro-kernel. They know nothing about the
// layer's inputs and outputs. The scores of a tile with all its keys are stored transposed, [key][query]: each lane is a
// query, so the softmax needs no sums across lanes, and each of the seven products (two forward, five backward) reads its
// operands without a transpose. A key outside a query's segment has probability 0, but 0 * NaN is NaN: within a tile, NaN
// spreads to neighbouring segments.

#pragma once

#include <math.h>
#include <stdint.h>

#include "attention-heads.h"
#include "simd.h"

namespace {

// Register blocks have ROWS x MAX_VECTORS accumulators. A tile has QUERY_VECTORS vectors of queries, QT queries in all; QT
// is a multiple of ROWS.
#if defined(__AVX512F__)
constexpr int ROWS = 8, MAX_VECTORS = 3, QUERY_VECTORS = 2;
#elif defined(__aarch64__)
constexpr int ROWS = 4, MAX_VECTORS = 4, QUERY_VECTORS = 4;
#else
constexpr int ROWS = 4, MAX_VECTORS = 3, QUERY_VECTORS = 3;
#endif
constexpr int QT = QUERY_VECTORS * VL;

/** The layout of the left matrix of a product: either its steps (the summed index) or its rows are contiguous. */
enum Left { STEPS_CONTIGUOUS, ROWS_CONTIGUOUS };

/** c[ROWS][V vectors] = a[ROWS][steps] b[steps][V vectors], or += if `accumulate`. */
template <int V, Left LEFT>
SIMD_INLINE void multiply_block(float* c, int64_t c_stride, const float* a, int64_t a_stride, const float* b,
                                int64_t b_stride, int64_t steps, bool accumulate) {
  vf sums[ROWS][V];
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) sums[r][v] = accumulate ? load(c + r * c_stride + v * VL) : vf{};
  for (int64_t step = 0; step < steps; step++) {
    vf right[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) right[v] = load(b + v * VL);
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; r++) {
      const vf left = broadcast(LEFT == STEPS_CONTIGUOUS ? a[r * a_stride] : a[r]);
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) sums[r][v] = multiply_add(left, right[v], sums[r][v]);
    }
    a += LEFT == STEPS_CONTIGUOUS ? 1 : a_stride;
    b += b_stride;
  }
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) store(c + r * c_stride + v * VL, sums[r][v]);
}

/** Like `multiply_block`, for any number of vectors: uses blocks of nearly equal width. */
template <Left LEFT>
void multiply(float* c, int64_t c_stride, const float* a, int64_t a_stride, const float* b, int64_t b_stride,
              int64_t steps, int64_t vectors, bool accumulate) {
  for (int64_t blocks = (vectors + MAX_VECTORS - 1) / MAX_VECTORS; blocks > 0; blocks--) {
    const int64_t width = (vectors + blocks - 1) / blocks;
    switch (width) {
      case 1: multiply_block<1, LEFT>(c, c_stride, a, a_stride, b, b_stride, steps, accumulate); break;
      case 2: multiply_block<2, LEFT>(c, c_stride, a, a_stride, b, b_stride, steps, accumulate); break;
      case 3: multiply_block<3, LEFT>(c, c_stride, a, a_stride, b, b_stride, steps, accumulate); break;
      default: multiply_block<MAX_VECTORS, LEFT>(c, c_stride, a, a_stride, b, b_stride, steps, accumulate);
    }
    c += width * VL;
    b += width * VL;
    vectors -= width;
  }
}

/** target[rows][padded] = factor * source[rows][size], padded with zeros. */
template <class Element>
void pack_rows(float* target, const Head& head, const Element* source, int64_t source_stride, int64_t rows,
               float factor) {
  for (int64_t row = 0; row < rows; row++)
    for (int64_t i = 0; i < head.size; i += VL)
      store(target + row * head.padded + i, load_columns(source + row * source_stride, i, head.size) * factor);
}

/** target[rows][size] = factor * packed[rows][padded]. */
template <class Element>
void unpack_rows(Element* target, int64_t target_stride, const Head& head, const float* packed, int64_t rows,
                 float factor) {
  for (int64_t row = 0; row < rows; row++)
    for (int64_t i = 0; i < head.size; i += VL)
      store_columns(target + row * target_stride, load(packed + row * head.padded + i) * factor, i, head.size);
}

/** Zeroes the ROWS rows that the micro-kernels may read past the end. */
void pad_rows(float* packed, const Head& head, int64_t rows) {
  memset(packed + rows * head.padded, 0, (size_t)(ROWS * head.padded) * sizeof(float));
}

/** target[size][QT] = transposed packed[queries][padded]; lanes without a query are zero. */
void transpose_queries(float* target, const Head& head, const float* packed, int64_t queries) {
  for (int64_t column = 0; column < head.size; column++) {
    float* to = target + column * QT;
    for (int64_t q = 0; q < queries; q++) to[q] = packed[q * head.padded + column];
    for (int64_t q = queries; q < QT; q++) to[q] = 0;
  }
}

using Tile = TileOf<QUERY_VECTORS>;

/** out[keys rounded up to ROWS][QT] = rows[first_key..][padded] times transposed[size][QT]: scores, or their gradients. */
void score(float* out, const Head& head, const Tile& tile, const float* rows, const float* transposed) {
  for (int64_t key = 0; key < tile.keys; key += ROWS)
    multiply<STEPS_CONTIGUOUS>(out + key * QT, QT, rows + (tile.first_key + key) * head.padded, head.padded, transposed,
                               QT, head.size, QUERY_VECTORS, false);
}

/** out[queries][padded] = sum over the keys of weights[key][query] * rows[first_key + key][padded]. */
void gather_keys(float* out, const Head& head, const Tile& tile, const float* weights, const float* rows) {
  for (int64_t q = 0; q < tile.queries; q += ROWS) {
    const int64_t last = q + ROWS < tile.queries ? q + ROWS - 1 : tile.queries - 1;
    const int64_t from = tile.start_of(tile.first + q) - tile.first_key;
    const int64_t to = tile.first + last + 1 - tile.first_key;
    multiply<ROWS_CONTIGUOUS>(out + q * head.padded, head.padded, weights + from * QT + q, QT,
                              rows + (tile.first_key + from) * head.padded, head.padded, to - from, head.vectors(),
                              false);
  }
}

/** out[first_key + key][padded] += sum over the queries of weights[key][query] * rows[query][padded]. */
void scatter_keys(float* out, const Head& head, const Tile& tile, const float* weights, const float* rows) {
  for (int64_t key = 0; key < tile.keys; key += ROWS) {
    const int64_t own = tile.first_key + key - tile.first;  // the first query that may attend to one of these keys
    const int64_t from = own > 0 ? own : 0;
    multiply<STEPS_CONTIGUOUS>(out + (tile.first_key + key) * head.padded, head.padded, weights + key * QT + from, QT,
                               rows + from * head.padded, head.padded, tile.queries - from, head.vectors(), true);
  }
}

/** The dropout factors of the tile, factors[keys][QT]. */
void draw(float* factors, const Head& head, const Tile& tile, const Dropout& dropout) {
  draw<QUERY_VECTORS>(factors, head, tile.run + tile.first, tile.run + tile.first_key, tile.keys, dropout);
}

/** scores = e^(score - largest of the query), or 0 if the key is masked. Returns the largest score and sum of each lane. */
void exponentials(float* scores, const Tile& tile, vf largest[QUERY_VECTORS], vf sum[QUERY_VECTORS]) {
  const vf least = broadcast(-INFINITY);
  for (int v = 0; v < QUERY_VECTORS; v++) {
    float* column = scores + v * VL;
    vf most = least;
    for (int64_t key = 0; key < tile.keys; key++) {
      vf s = load(column + key * QT);
      if (!tile.attended_by_all(key)) store(column + key * QT, s = tile.attending(v, key) ? s : least);
      most = maximum(s, most);
    }
    vf total{};
    for (int64_t key = 0; key < tile.keys; key++) {
      const vf e = vexp(load(column + key * QT) - most);
      total += e;
      store(column + key * QT, e);
    }
    largest[v] = most;
    sum[v] = total;
  }
}

/** Turns scores into probabilities with dropout, and the gradients of those into gradients of the scores, in place. */
void differentiate(float* scores, float* gradients, const Tile& tile, const vf log_sum_exp[QUERY_VECTORS],
                   const vf delta[QUERY_VECTORS], const float* factors) {
  for (int64_t key = 0; key < tile.keys; key++)
    for (int v = 0; v < QUERY_VECTORS; v++) {
      const int64_t at = key * QT + v * VL;
      vf p = vexp(load(scores + at) - log_sum_exp[v]);
      if (!tile.attended_by_all(key)) p = tile.attending(v, key) ? p : vf{};
      vf dropped = p, gradient = load(gradients + at);
      if (factors) {
        dropped = p * load(factors + at);
        gradient *= load(factors + at);
      }
      store(scores + at, dropped);
      store(gradients + at, p * (gradient - delta[v]));
    }
  const size_t rest = (size_t)((round_up(tile.keys, ROWS) - tile.keys) * QT) * sizeof(float);
  memset(scores + tile.keys * QT, 0, rest);
  memset(gradients + tile.keys * QT, 0, rest);
}

}  // namespace
