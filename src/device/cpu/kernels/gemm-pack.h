// Packs an operand of a matrix product into panels (see gemm-tile.h), so that the inner loop reads memory sequentially.
// "Lines" are rows of A or columns of B, and "depth" is the index along k. Both operands, transposed or not, reduce to two
// cases: the lines are adjacent in memory, or each line is contiguous along the depth.

#pragma once

#include <algorithm>
#include <cstdint>

#include "q8.h"
#include "rounded.h"
#include "simd.h"

namespace gemm {

/**
 * Element (line, depth) is data[line * stride + depth] if `lines_contiguous`, otherwise data[depth * stride + line].
 * Elements are float, or bf16 or q8, which are widened when they are read, or rounded (rounded.h).
 */
template <class Element>
struct Operand {
  Pointer<Element> data;
  int64_t stride;
  bool lines_contiguous;

  Pointer<Element> at(int64_t line, int64_t depth) const {
    return data + (lines_contiguous ? line * stride + depth : depth * stride + line);
  }
};

typedef float quad __attribute__((vector_size(16)));
typedef float quad_unaligned __attribute__((vector_size(16), aligned(4), may_alias));
typedef int32_t quad_index __attribute__((vector_size(16)));

template <int COUNT>
SIMD_INLINE void copy_numbers(float* to, const float* from) {
  typedef float numbers __attribute__((vector_size(COUNT * 4), aligned(4), may_alias));
  *(numbers*)to = *(const numbers*)from;
}
SIMD_INLINE quad load_quad(const float* from) { return *(const quad_unaligned*)from; }
SIMD_INLINE quad load_quad(const bf16* from) {
  typedef uint16_t halves __attribute__((vector_size(8), aligned(2), may_alias));
  typedef uint32_t words __attribute__((vector_size(16)));
  return (quad)(__builtin_convertvector(*(const halves*)from, words) << 16);
}
SIMD_INLINE quad load_quad(const rounded* from) {
  typedef uint32_t words __attribute__((vector_size(16)));
  const quad v = load_quad(&from->value);
  const words bits = (words)v, nearest = bits + 0x7fff + (bits >> 16 & 1);
  return (quad)((v == v ? nearest : bits | 0x400000) & 0xffff0000);
}

SIMD_INLINE quad load_quad(Q8Pointer from) {
  typedef int8_t bytes __attribute__((vector_size(4), aligned(1), may_alias));
  const q8_block& block = from.block();
  return __builtin_convertvector(*(const bytes*)(block.values + from.at % Q8_BLOCK), quad) * widen(block.scale);
}

template <int COUNT, class Source>
SIMD_INLINE void copy_numbers(float* to, Source from) {
  if (COUNT == VL) {
    store(to, load(from));
    return;
  }
  static_assert(COUNT % 4 == 0, "panels are whole quads wide");
#pragma GCC unroll 2
  for (int i = 0; i < COUNT; i += 4) *(quad_unaligned*)(to + i) = load_quad(from + i);
}

#if defined(__clang__)
#define GEMM_SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define GEMM_SHUFFLE(a, b, ...) __builtin_shuffle(a, b, quad_index{__VA_ARGS__})
#endif
/** a0 b0 a1 b1 */
SIMD_INLINE quad interleave_low(quad a, quad b) { return GEMM_SHUFFLE(a, b, 0, 4, 1, 5); }
/** a2 b2 a3 b3 */
SIMD_INLINE quad interleave_high(quad a, quad b) { return GEMM_SHUFFLE(a, b, 2, 6, 3, 7); }
/** a0 a1 b0 b1 */
SIMD_INLINE quad left_halves(quad a, quad b) { return GEMM_SHUFFLE(a, b, 0, 1, 4, 5); }
/** a2 a3 b2 b3 */
SIMD_INLINE quad right_halves(quad a, quad b) { return GEMM_SHUFFLE(a, b, 2, 3, 6, 7); }
#undef GEMM_SHUFFLE

/** Stores the columns of the matrix with rows a to d, WIDTH numbers apart. */
template <int WIDTH>
SIMD_INLINE void store_transposed(float* to, quad a, quad b, quad c, quad d) {
  const quad ab_low = interleave_low(a, b), ab_high = interleave_high(a, b);
  const quad cd_low = interleave_low(c, d), cd_high = interleave_high(c, d);
  *(quad_unaligned*)to = left_halves(ab_low, cd_low);
  *(quad_unaligned*)(to + WIDTH) = right_halves(ab_low, cd_low);
  *(quad_unaligned*)(to + 2 * WIDTH) = left_halves(ab_high, cd_high);
  *(quad_unaligned*)(to + 3 * WIDTH) = right_halves(ab_high, cd_high);
}

/** to[d * width + l] = from[l * stride + d] for d, l below 4. */
template <int WIDTH, class Source>
SIMD_INLINE void transpose_quads(float* to, Source from, int64_t stride) {
  store_transposed<WIDTH>(to, load_quad(from), load_quad(from + stride), load_quad(from + 2 * stride),
                          load_quad(from + 3 * stride));
}

/** Packs one panel of up to WIDTH lines element by element. Used at the edges. */
template <int WIDTH, class Element>
void pack_edge(float* to, const Operand<Element>& x, int64_t line, int64_t lines, int64_t from, int64_t depth) {
  for (int64_t d = 0; d < depth; d++)
    for (int64_t l = 0; l < WIDTH; l++) to[d * WIDTH + l] = l < lines ? widen(*x.at(line + l, from + d)) : 0.0f;
}

/** Packs a full panel of lines that are contiguous along the depth. */
template <int WIDTH, class Element>
void pack_contiguous_lines(float* to, const Operand<Element>& x, int64_t line, int64_t from, int64_t depth) {
  // Four lines at a time, over a stretch of depth that is long enough for the hardware prefetchers and whose panel stays in
  // the L1 cache. The next four lines are prefetched meanwhile.
  constexpr int64_t kStretch = 192, kCacheLine = 16;
  const int64_t whole = depth / kCacheLine * kCacheLine;
  for (int64_t begin = 0; begin < whole; begin += kStretch) {
    const int64_t end = std::min(begin + kStretch, whole);
    for (int64_t l = 0; l < WIDTH; l += 4) {
      const bool last = l + 4 == WIDTH;
      for (int64_t d = begin; d < end; d += kCacheLine) {
        const Pointer<Element> next = last ? x.at(line, from + d + kStretch) : x.at(line + l + 4, from + d);
#pragma GCC unroll 4
        for (int64_t i = 0; i < 4; i++) prefetch(next + i * x.stride);
#pragma GCC unroll 4
        for (int64_t e = d; e < d + kCacheLine; e += 4)
          transpose_quads<WIDTH>(to + e * WIDTH + l, x.at(line + l, from + e), x.stride);
      }
    }
  }
  pack_edge<WIDTH>(to + whole * WIDTH, x, line, WIDTH, from + whole, depth - whole);
}

/** Packs `panels` full panels of adjacent lines, all panels together so that reads are long. */
template <int WIDTH, class Element>
void pack_adjacent_lines(float* to, int64_t panel_size, int64_t panels, const Operand<Element>& x, int64_t line, int64_t from,
                         int64_t depth) {
  constexpr int kPiece = WIDTH % VL == 0 ? VL : WIDTH;
  constexpr int kDepths = 4;
  int64_t d = 0;
  for (; d + kDepths <= depth; d += kDepths)
    for (int64_t panel = 0; panel < panels; panel++) {
      const Pointer<Element> source = x.at(line + panel * WIDTH, from + d);
      float* const target = to + panel * panel_size + d * WIDTH;
#pragma GCC unroll 4
      for (int e = 0; e < kDepths; e++)
#pragma GCC unroll 3
        for (int i = 0; i < WIDTH; i += kPiece)
          copy_numbers<kPiece>(target + e * WIDTH + i, source + e * x.stride + i);
    }
  for (int64_t panel = 0; panel < panels; panel++)
    pack_edge<WIDTH>(to + panel * panel_size + d * WIDTH, x, line + panel * WIDTH, WIDTH, from + d, depth - d);
}

/** Packs lines `line`..`line + lines` at depths `from`..`from + depth` into panels that are `panel_size` floats apart. */
template <int WIDTH, class Element>
void pack_panels(float* to, int64_t panel_size, const Operand<Element>& x, int64_t line, int64_t lines, int64_t from,
                 int64_t depth) {
  const int64_t whole = lines / WIDTH, rest = lines % WIDTH;
  if (x.lines_contiguous)
    for (int64_t panel = 0; panel < whole; panel++)
      pack_contiguous_lines<WIDTH>(to + panel * panel_size, x, line + panel * WIDTH, from, depth);
  else
    pack_adjacent_lines<WIDTH>(to, panel_size, whole, x, line, from, depth);
  if (rest > 0) pack_edge<WIDTH>(to + whole * panel_size, x, line + whole * WIDTH, rest, from, depth);
}

}  // namespace gemm
