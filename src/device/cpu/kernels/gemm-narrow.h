// Matrix products with few rows of A, as in decoding. Reading B dominates the time, so B is read once from its original
// memory, without packing. The work is split into strips of columns. It knows nothing about threads or epilogues.

#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "gemm-pack.h"
#include "gemm-tile.h"
#include "simd.h"

namespace gemm {

/** The maximum number of columns of a strip, and the stride of its sums. */
constexpr int64_t kStrip = 512;
/** The maximum number of columns of a strip if each column is contiguous, and therefore already one long read. */
constexpr int64_t kContiguousStrip = 64;
/** Rows of A that are multiplied together. */
constexpr int64_t kNarrowGroup = 8;
constexpr int kNarrowSums = 2 * kTileRows;

/** How far ahead of its use memory is asked for, in bytes: the processor does it by itself too late. */
constexpr int64_t kAhead = 4096;

/** Prefetches as many bytes as lie at `from`, further on. */
inline void prefetch_ahead(const void* from, int64_t bytes) {
  for (int64_t at = 0; at < bytes; at += 64) __builtin_prefetch(static_cast<const char*>(from) + kAhead + at);
}

/** sums[columns] += ROWS rows of B from `from` on, each times the element of A at its depth, in their order. */
template <int ROWS, class Element>
void add_row_group(float* sums, const Operand<float>& a, const Operand<Element>& b, int64_t from, int64_t columns) {
  constexpr int64_t kLine = 64 / sizeof(Element);
  vf scales[ROWS];
  const Element* rows[ROWS];
  for (int i = 0; i < ROWS; i++) {
    scales[i] = broadcast(*a.at(0, from + i));
    rows[i] = b.at(0, from + i);
  }
  int64_t j = 0;
  for (; j + VL <= columns; j += VL) {
    // Several rows are read fast enough by the processor's own prefetching, one is not.
    if (ROWS == 1 && j % kLine == 0) __builtin_prefetch(rows[0] + j + columns);
    vf x = load(sums + j);
#pragma GCC unroll 4
    for (int i = 0; i < ROWS; i++) x = multiply_add(scales[i], load(rows[i] + j), x);
    store(sums + j, x);
  }
  for (; j < columns; j++)
    for (int i = 0; i < ROWS; i++) sums[j] = multiply_add(scales[i][0], widen(rows[i][j]), sums[j]);
}

/** sums[columns] += the rows `from`..`end` of B, each times the element of A at its depth. */
template <class Element>
void add_rows(float* sums, const Operand<float>& a, const Operand<Element>& b, int64_t from, int64_t end,
              int64_t columns) {
  // The sums are read once for a group. Rows of bf16 are fastest one after another.
  constexpr int kGroup = sizeof(Element) == sizeof(float) ? 4 : 1;
  int64_t row = from;
  for (; row + kGroup <= end; row += kGroup) add_row_group<kGroup>(sums, a, b, row, columns);
  for (; row < end; row++) add_row_group<1>(sums, a, b, row, columns);
}

/** The same for ROWS rows of blocks: the sums are read once, and a scale is multiplied once per block. */
template <int ROWS>
void add_block_rows(float* sums, const Operand<float>& a, const Operand<q8>& b, int64_t from, int64_t columns) {
  constexpr int kVectors = Q8_BLOCK / VL;
  for (int64_t column = 0; column < columns; column += Q8_BLOCK) {
    vf x[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; v++) x[v] = load(sums + column + v * VL);
#pragma GCC unroll 4
    for (int row = 0; row < ROWS; row++) {
      const q8_block& block = b.at(column, from + row).block();
      const vf scale = broadcast(*a.at(0, from + row) * widen(block.scale));
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; v++) x[v] = multiply_add(scale, load_integers(block.values + v * VL), x[v]);
    }
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; v++) store(sums + column + v * VL, x[v]);
  }
}
inline void add_rows(float* sums, const Operand<float>& a, const Operand<q8>& b, int64_t from, int64_t end,
                     int64_t columns) {
  int64_t row = from;
  for (; row + 4 <= end; row += 4) add_block_rows<4>(sums, a, b, row, columns);
  for (; row < end; row++) add_block_rows<1>(sums, a, b, row, columns);
}

/** Up to ROWS rows of A. Entries beyond `rows` repeat the last row, and their sums are not used. */
template <int ROWS>
struct NarrowRows {
  const float* at[ROWS];
  int64_t depth_stride;

  NarrowRows(const Operand<float>& a, int64_t row, int64_t rows) : depth_stride(a.lines_contiguous ? 1 : a.stride) {
    for (int64_t i = 0; i < ROWS; i++) at[i] = a.at(row + std::min(i, rows - 1), 0);
  }
};

/** sums[ROWS, VECTORS * VL] += A times columns of B, at depths from..end. With CUT only the first `columns` exist. */
template <int ROWS, int VECTORS, bool CUT, class Source>
void add_columns(const NarrowRows<ROWS>& a, Source b, int64_t stride, int64_t from, int64_t end, int64_t columns,
                 float* sums) {
  vf x[ROWS][VECTORS];
#pragma GCC unroll 8
  for (int i = 0; i < ROWS; i++)
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) x[i][v] = load(sums + i * kStrip + v * VL);
  for (int64_t p = from; p < end; p++) {
    vf row[VECTORS];
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) {
      const Source at = b + p * stride + v * VL;
      row[v] = CUT ? load_first(at, columns) : load(at);
    }
#pragma GCC unroll 8
    for (int i = 0; i < ROWS; i++) {
      const vf scale = broadcast(a.at[i][p * a.depth_stride]);
#pragma GCC unroll 4
      for (int v = 0; v < VECTORS; v++) x[i][v] = multiply_add(scale, row[v], x[i][v]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < ROWS; i++)
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) store(sums + i * kStrip + v * VL, x[i][v]);
}

/** sums[ROWS, columns] += A times `columns` adjacent columns of B, at depths from..end. */
template <int ROWS, class Element>
void narrow_adjacent(const Operand<float>& a, int64_t row, int64_t rows, const Operand<Element>& b, int64_t column, int64_t columns,
                     int64_t from, int64_t end, float* sums) {
  constexpr int kWide = std::min(4, kNarrowSums / ROWS);
  const NarrowRows<ROWS> lines(a, row, rows);
  const Pointer<Element> data = b.data + column;
  int64_t j = 0;
  for (; j + kWide * VL <= columns; j += kWide * VL)
    add_columns<ROWS, kWide, false>(lines, data + j, b.stride, from, end, VL, sums + j);
  for (; j + VL <= columns; j += VL)
    add_columns<ROWS, 1, false>(lines, data + j, b.stride, from, end, VL, sums + j);
  if (j < columns) add_columns<ROWS, 1, true>(lines, data + j, b.stride, from, end, columns - j, sums + j);
}

/** sums[ROWS, COLUMNS] = A times COLUMNS columns of B. Columns of B and rows of A are contiguous along the depth. */
template <int ROWS, int COLUMNS, class Source>
void dot_columns(const NarrowRows<ROWS>& a, Source b, int64_t stride, int64_t depth, float* sums) {
  vf x[ROWS][COLUMNS];
#pragma GCC unroll 8
  for (int i = 0; i < ROWS; i++)
#pragma GCC unroll 4
    for (int j = 0; j < COLUMNS; j++) x[i][j] = vf{};
  const int64_t whole = depth / VL * VL;
  for (int64_t p = 0; p < whole; p += VL) {
    vf column[COLUMNS];
#pragma GCC unroll 4
    for (int j = 0; j < COLUMNS; j++) column[j] = load(b + j * stride + p);
#pragma GCC unroll 8
    for (int i = 0; i < ROWS; i++) {
      const vf line = load(a.at[i] + p);
#pragma GCC unroll 4
      for (int j = 0; j < COLUMNS; j++) x[i][j] = multiply_add(line, column[j], x[i][j]);
    }
  }
  if (whole < depth)
    for (int i = 0; i < ROWS; i++) {
      const vf line = load_first(a.at[i] + whole, depth - whole);
#pragma GCC unroll 4
      for (int j = 0; j < COLUMNS; j++)
        x[i][j] = multiply_add(line, load_first(b + j * stride + whole, depth - whole), x[i][j]);
    }
  for (int i = 0; i < ROWS; i++)
    for (int j = 0; j < COLUMNS; j++) sums[i * kStrip + j] = horizontal_sum(x[i][j]);
}

/** The same for columns of blocks: the integers of a block are multiplied first, then the scale once. */
template <int ROWS, int COLUMNS>
void dot_columns(const NarrowRows<ROWS>& a, Q8Pointer b, int64_t stride, int64_t depth, float* sums) {
  vf x[ROWS][COLUMNS] = {};
  for (int64_t p = 0; p < depth; p += Q8_BLOCK)
#pragma GCC unroll 2
    for (int j = 0; j < COLUMNS; j++) {
      const q8_block& block = (b + j * stride + p).block();
      vf part[ROWS] = {};
#pragma GCC unroll 8
      for (int at = 0; at < Q8_BLOCK; at += VL) {
        const vf integers = load_integers(block.values + at);
#pragma GCC unroll 8
        for (int i = 0; i < ROWS; i++) part[i] = multiply_add(load(a.at[i] + p + at), integers, part[i]);
      }
      const vf scale = broadcast(widen(block.scale));
#pragma GCC unroll 8
      for (int i = 0; i < ROWS; i++) x[i][j] = multiply_add(part[i], scale, x[i][j]);
    }
  for (int i = 0; i < ROWS; i++)
    for (int j = 0; j < COLUMNS; j++) sums[i * kStrip + j] = horizontal_sum(x[i][j]);
}

/** sums[ROWS, columns] = A times `columns` columns of B. Both are contiguous along the depth. */
template <int ROWS, class Element>
void narrow_contiguous(const Operand<float>& a, int64_t row, int64_t rows, const Operand<Element>& b, int64_t column, int64_t columns,
                       int64_t depth, float* sums) {
  // With one row, reading B as one straight line is fastest. With more rows, loading each vector of A once for two columns
  // is faster.
  constexpr int kWide = ROWS == 1 ? 1 : 2;
  const NarrowRows<ROWS> lines(a, row, rows);
  int64_t j = 0;
  for (; j + kWide <= columns; j += kWide) {
    if constexpr (std::is_same_v<Element, q8>)
      if (row == 0) prefetch_ahead(&b.at(column + j, 0).block(), kWide * depth / Q8_BLOCK * sizeof(q8_block));
    dot_columns<ROWS, kWide>(lines, b.at(column + j, 0), b.stride, depth, sums + j);
  }
  for (; j < columns; j++) dot_columns<ROWS, 1>(lines, b.at(column + j, 0), b.stride, depth, sums + j);
}

template <int ROWS, class Element>
void narrow_group(const Operand<float>& a, int64_t row, int64_t rows, const Operand<Element>& b, int64_t column, int64_t columns,
                  int64_t from, int64_t end, float* sums) {
  if (b.lines_contiguous)
    narrow_contiguous<ROWS>(a, row, rows, b, column, columns, end, sums);
  else
    narrow_adjacent<ROWS>(a, row, rows, b, column, columns, from, end, sums);
}

/** sums[m, columns] for `columns` columns of B. Only blocks of B that fit the L1 cache are read more than once. */
template <class Element>
void narrow_strip(const Operand<float>& a, const Operand<Element>& b, int64_t m, int64_t k, int64_t column, int64_t columns,
                         float* sums) {
  const int64_t block_columns = b.lines_contiguous ? 8 : columns, block_depth = b.lines_contiguous ? k : 8;
  // Contiguous columns are multiplied in one piece, which sets their sums.
  if (!b.lines_contiguous) std::fill(sums, sums + round_up(m, kNarrowGroup) * kStrip, 0.0f);
  for (int64_t from = 0; from < k; from += block_depth)
    for (int64_t j = 0; j < columns; j += block_columns)
      for (int64_t row = 0; row < m; row += kNarrowGroup) {
        const int64_t rows = std::min(kNarrowGroup, m - row);
        const auto multiply = rows == 1   ? narrow_group<1, Element>
                              : rows == 2 ? narrow_group<2, Element>
                              : rows <= 4 ? narrow_group<4, Element>
                                          : narrow_group<8, Element>;
        multiply(a, row, rows, b, column + j, std::min(block_columns, columns - j), from,
                 std::min(k, from + block_depth), sums + row * kStrip + j);
      }
}

}  // namespace gemm
