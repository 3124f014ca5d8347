// The product of two panels by 2 x 2 results (Arm's BFMMLA). The instruction stands behind `VectorSquares`; `PortableSquares`
// computes the same but for rounding in plain C++, so everything else is tested on every machine.
//
// BFMMLA adds to each of 2 x 2 sums the products of four depths: of two rows of A, and of two columns of B, each with its four
// depths side by side. Denormals count as zero and become zero. Arm rounds inexact steps to odd, the portable code to nearest.

#pragma once

#include <cstdint>
#include <cstring>

#include "gemm-bf16-pack.h"
#include "gemm-bf16-tiles.h"
#include "simd.h"

namespace gemm {
namespace {

struct PortableSquares {
  static quad add(quad sums, quad rows, quad columns) {
    bf16 a[2][4], b[2][4];
    memcpy(a, &rows, sizeof a);
    memcpy(b, &columns, sizeof b);
    for (int row = 0; row < 2; row++)
      for (int column = 0; column < 2; column++) {
        float sum = flushed(sums[2 * row + column]);
        for (int depth = 0; depth < 4; depth++) sum = flushed_multiply_add(a[row][depth], b[column][depth], sum);
        sums[2 * row + column] = sum;
      }
    return sums;
  }
};

#if defined(__aarch64__) && defined(__ARM_FEATURE_BF16_VECTOR_ARITHMETIC)
#define GEMM_VECTOR_SQUARES

struct VectorSquares {
  SIMD_INLINE quad add(quad sums, quad rows, quad columns) {
    return (quad)vbfmmlaq_f32((float32x4_t)sums, vreinterpretq_bf16_f32((float32x4_t)rows),
                              vreinterpretq_bf16_f32((float32x4_t)columns));
  }
};
#endif

/** See Unit::multiply. Eight rows and columns at a time, so that the sums stay in registers. */
template <class Squares>
void multiply_squares(const bf16* a, const bf16* b, int64_t steps, float* sums, bool add) {
  constexpr int kBlock = 8, kPairs = kBlock / 2;
  for (int64_t row = 0; row < kPanel; row += kBlock)
    for (int64_t column = 0; column < kPanel; column += kBlock) {
      float* const at = sums + row * kPanel + column;
      quad square[kPairs][kPairs];
#pragma GCC unroll 4
      for (int i = 0; i < kPairs; i++)
#pragma GCC unroll 2
        for (int j = 0; j < kPairs; j += 2) {
          const float* const upper = at + 2 * i * kPanel + 2 * j;
          square[i][j] = add ? left_halves(load_quad(upper), load_quad(upper + kPanel)) : quad{};
          square[i][j + 1] = add ? right_halves(load_quad(upper), load_quad(upper + kPanel)) : quad{};
        }
      // The first 16 columns of a panel of B are one tile, the others the next.
      const bf16* const columns = b + column / kTileLines * kTile + column % kTileLines * 2;
      for (int64_t step = 0; step < steps; step++)
        for (int64_t depth = 0; depth < kStep; depth += 4) {
          const bf16* const rows = a + step * kStepSize + row * kStep + depth / 8 * 8;
          const bf16* const pairs = columns + step * kStepSize + depth * kTileLines;
          quad left[kPairs], right[kPairs];
#pragma GCC unroll 4
          for (int i = 0; i < kPairs; i++) {
            const quad upper = load_pairs(rows + 2 * i * kStep), lower = load_pairs(rows + (2 * i + 1) * kStep);
            left[i] = depth % 8 == 0 ? left_halves(upper, lower) : right_halves(upper, lower);
          }
#pragma GCC unroll 2
          for (int j = 0; j < kPairs; j += 2) {
            const quad first = load_pairs(pairs + 4 * j), second = load_pairs(pairs + 2 * kTileLines + 4 * j);
            right[j] = interleave_low(first, second);
            right[j + 1] = interleave_high(first, second);
          }
#pragma GCC unroll 4
          for (int i = 0; i < kPairs; i++)
#pragma GCC unroll 4
            for (int j = 0; j < kPairs; j++) square[i][j] = Squares::add(square[i][j], left[i], right[j]);
        }
#pragma GCC unroll 4
      for (int i = 0; i < kPairs; i++)
#pragma GCC unroll 2
        for (int j = 0; j < kPairs; j += 2) {
          float* const upper = at + 2 * i * kPanel + 2 * j;
          *(quad_unaligned*)upper = left_halves(square[i][j], square[i][j + 1]);
          *(quad_unaligned*)(upper + kPanel) = right_halves(square[i][j], square[i][j + 1]);
        }
    }
}

}  // namespace
}  // namespace gemm
