// Packs bf16 operands into panels for instructions that multiply pairs of bf16 numbers (gemm-bf16-units.h). Such an
// instruction sums over two adjacent depths, so a pair, the numbers of one line at depths 2p and 2p+1, is the unit of 32
// bits here. "Lines" are rows of A or columns of B. Nothing is widened: the bits are only moved.
//
// A panel has kPanel lines. For each step of kStep depths it holds two tiles of 1 KB: its first 16 lines, then its others. A
// tile of A is 16 lines of 16 pairs, a tile of B 16 pairs of 16 lines. Missing lines and depths are zeros.

#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "gemm-pack.h"
#include "simd.h"

namespace gemm {

constexpr int64_t kTileLines = 16;
constexpr int64_t kPanel = 2 * kTileLines;
constexpr int64_t kStep = 32;
/** The numbers of a tile, and of a panel's step. */
constexpr int64_t kTile = kTileLines * kStep;
constexpr int64_t kStepSize = 2 * kTile;

/** The order of a tile's pairs. */
enum class Order { by_line, by_pair };

/** Four pairs, as the bits of floats. */
SIMD_INLINE quad load_pairs(const bf16* from) {
  typedef float quad_of_halves __attribute__((vector_size(16), aligned(2), may_alias));
  return *(const quad_of_halves*)from;
}

/** to[p][l] = from[l][p] for 16 pairs of each of 16 lines; lines are `stride` numbers apart, and rows of `to` are dense. */
inline void transpose_tile(bf16* to, const bf16* from, int64_t stride) {
  float* const pairs = (float*)to;
  for (int64_t l = 0; l < 16; l += 4)
#pragma GCC unroll 4
    for (int64_t p = 0; p < 16; p += 4) {
      const bf16* const corner = from + l * stride + 2 * p;
      store_transposed<16>(pairs + p * 16 + l, load_pairs(corner), load_pairs(corner + stride),
                           load_pairs(corner + 2 * stride), load_pairs(corner + 3 * stride));
    }
}

/** to[p][l] = the numbers of line l at depths 2p and 2p+1, from rows of one depth each, `stride` numbers apart. */
inline void pair_up(bf16* to, const bf16* from, int64_t stride) {
  typedef uint16_t halves __attribute__((vector_size(SIMD_BYTES / 2), aligned(2), may_alias));
  typedef uint32_t words __attribute__((vector_size(SIMD_BYTES)));
  typedef uint32_t words_unaligned __attribute__((vector_size(SIMD_BYTES), aligned(2), may_alias));
  for (int64_t p = 0; p < 16; p++)
#pragma GCC unroll 4
    for (int64_t l = 0; l < 16; l += VL) {
      const bf16* const at = from + 2 * p * stride + l;
      const words low = __builtin_convertvector(*(const halves*)at, words);
      const words high = __builtin_convertvector(*(const halves*)(at + stride), words);
      *(words_unaligned*)(to + (p * 16 + l) * 2) = low | high << 16;
    }
}

/** The same from rows of floats, which are rounded to bf16. */
inline void pair_up(bf16* to, const float* from, int64_t stride) {
  typedef uint32_t words __attribute__((vector_size(SIMD_BYTES)));
  typedef uint32_t words_unaligned __attribute__((vector_size(SIMD_BYTES), aligned(2), may_alias));
  for (int64_t p = 0; p < 16; p++)
#pragma GCC unroll 4
    for (int64_t l = 0; l < 16; l += VL) {
      const float* const at = from + 2 * p * stride + l;
      const words low = (words)narrow_bits(load(at)), high = (words)narrow_bits(load(at + stride));
      *(words_unaligned*)(to + (p * 16 + l) * 2) = low >> 16 | (high & 0xffff0000);
    }
}

/** Packs a tile whose 16 lines and 32 depths all exist. */
template <Order ORDER>
inline void pack_whole_tile(bf16* to, const Operand<bf16>& x, int64_t line, int64_t from) {
  const bf16* const source = x.at(line, from);
  if (x.lines_contiguous) {
    if (ORDER == Order::by_pair) return transpose_tile(to, source, x.stride);
    for (int64_t l = 0; l < kTileLines; l++) memcpy(to + l * kStep, source + l * x.stride, kStep * sizeof(bf16));
  } else {
    if (ORDER == Order::by_pair) return pair_up(to, source, x.stride);
    alignas(64) bf16 pairs[kTile];
    pair_up(pairs, source, x.stride);
    transpose_tile(to, pairs, kStep);
  }
}

/** Rounds to bf16 what lies at a depth in 16 lines, one row of 32 numbers each. */
template <class Element>
inline void round_lines(bf16* to, const Operand<Element>& x, int64_t line, int64_t from) {
  // Not read from x again: the compiler cannot know that storing does not change it.
  const Pointer<Element> first = x.at(line, from);
  const int64_t stride = x.stride;
  for (int64_t l = 0; l < kTileLines; l++)
#pragma GCC unroll 8
    for (int64_t d = 0; d < kStep; d += VL) store(to + l * kStep + d, load(first + l * stride + d));
}

/** The same for operands that are not in bf16. */
template <Order ORDER, class Element>
inline void pack_whole_tile(bf16* to, const Operand<Element>& x, int64_t line, int64_t from) {
  if (ORDER == Order::by_line && x.lines_contiguous) return round_lines(to, x, line, from);
  if constexpr (ORDER == Order::by_pair && std::is_same_v<Element, float>)
    if (!x.lines_contiguous) return pair_up(to, x.at(line, from), x.stride);
  alignas(64) bf16 lines[kTile];
  if (x.lines_contiguous)
    round_lines(lines, x, line, from);
  else
    for (int64_t l = 0; l < kTileLines; l++)
      for (int64_t d = 0; d < kStep; d++) lines[l * kStep + d] = narrow(widen(*x.at(line + l, from + d)));
  pack_whole_tile<ORDER>(to, Operand<bf16>{lines, kStep, true}, 0, 0);
}

SIMD_INLINE bf16 as_bf16(bf16 x) { return x; }
SIMD_INLINE bf16 as_bf16(float x) { return narrow(x); }

/** Packs a tile of which only `lines` lines and `depth` depths exist; either may be 0 or less. */
template <Order ORDER, class Element>
void pack_cut_tile(bf16* to, const Operand<Element>& x, int64_t line, int64_t lines, int64_t from, int64_t depth) {
  memset(to, 0, kTile * sizeof(bf16));
  for (int64_t l = 0; l < lines && l < kTileLines; l++)
    for (int64_t d = 0; d < depth && d < kStep; d++)
      to[ORDER == Order::by_line ? l * kStep + d : d / 2 * kStep + 2 * l + d % 2] = as_bf16(*x.at(line + l, from + d));
}

/** Packs one step of one panel: `lines` lines from `line` on, `depth` depths from `from` on. */
template <Order ORDER, class Element>
void pack_step(bf16* to, const Operand<Element>& x, int64_t line, int64_t lines, int64_t from, int64_t depth) {
  for (int64_t half = 0; half < kPanel; half += kTileLines, to += kTile)
    if (lines - half >= kTileLines && depth >= kStep)
      pack_whole_tile<ORDER>(to, x, line + half, from);
    else
      pack_cut_tile<ORDER>(to, x, line + half, lines - half, from, depth);
}

}  // namespace gemm
