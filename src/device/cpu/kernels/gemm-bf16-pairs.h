// The product of two panels on vectors of pairs (AVX-512 BF16). The instruction stands behind `VectorPairs`;
// `PortablePairs` computes the same in plain C++, so everything else is tested on every machine.
//
// VDPBF16PS adds a * b of each lane's pairs to the lane: first the product of the odd depths, then that of the even ones, each
// with one rounding. Denormals count as zero and become zero.

#pragma once

#include <cstdint>
#include <cstring>

#include "gemm-bf16-pack.h"
#include "gemm-bf16-tiles.h"
#include "simd.h"

#if defined(__AVX512BF16__) && defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace gemm {
namespace {

struct PortablePairs {
  struct Sums {
    float lanes[16];
  };
  /** 16 columns' pairs at one depth. */
  using Columns = const bf16*;

  static Sums load_sums(const float* from) {
    Sums sums;
    memcpy(sums.lanes, from, sizeof sums.lanes);
    return sums;
  }
  static void store_sums(float* to, const Sums& sums) { memcpy(to, sums.lanes, sizeof sums.lanes); }
  static Columns load_columns(const bf16* from) { return from; }
  /** The same pair, a[2], times each column's. */
  static Sums add(Sums sums, const bf16* a, Columns columns) {
    for (int lane = 0; lane < 16; lane++) {
      const float odd = flushed_multiply_add(a[1], columns[2 * lane + 1], flushed(sums.lanes[lane]));
      sums.lanes[lane] = flushed_multiply_add(a[0], columns[2 * lane], odd);
    }
    return sums;
  }
};

#if defined(__AVX512BF16__) && defined(__AVX512F__)
#define GEMM_VECTOR_PAIRS

struct VectorPairs {
  using Sums = __m512;
  using Columns = __m512bh;

  SIMD_INLINE Sums load_sums(const float* from) { return _mm512_loadu_ps(from); }
  SIMD_INLINE void store_sums(float* to, Sums sums) { _mm512_storeu_ps(to, sums); }
  SIMD_INLINE Columns load_columns(const bf16* from) { return (__m512bh)_mm512_loadu_si512(from); }
  SIMD_INLINE Sums add(Sums sums, const bf16* a, Columns columns) {
    int32_t pair;
    memcpy(&pair, a, sizeof pair);
    return _mm512_dpbf16_ps(sums, (__m512bh)_mm512_set1_epi32(pair), columns);
  }
};
#endif

/** See Unit::multiply. Eight rows and both tiles of columns at a time, so that the sums stay in registers. */
template <class Pairs>
void multiply_pairs(const bf16* a, const bf16* b, int64_t steps, float* sums, bool add) {
  constexpr int kRows = 8;
  for (int64_t first = 0; first < kPanel; first += kRows) {
    typename Pairs::Sums left[kRows], right[kRows];
    const float zeros[kTileLines] = {};
#pragma GCC unroll 8
    for (int64_t row = 0; row < kRows; row++) {
      const float* const from = sums + (first + row) * kPanel;
      left[row] = Pairs::load_sums(add ? from : zeros);
      right[row] = Pairs::load_sums(add ? from + kTileLines : zeros);
    }
    for (int64_t step = 0; step < steps; step++) {
      const bf16* const rows = a + step * kStepSize + first * kStep;
      const bf16* const columns = b + step * kStepSize;
      for (int64_t depth = 0; depth < kStep; depth += 2) {
        const auto left_columns = Pairs::load_columns(columns + depth * kTileLines);
        const auto right_columns = Pairs::load_columns(columns + kTile + depth * kTileLines);
#pragma GCC unroll 8
        for (int64_t row = 0; row < kRows; row++) {
          const bf16* const pair = rows + row * kStep + depth;
          left[row] = Pairs::add(left[row], pair, left_columns);
          right[row] = Pairs::add(right[row], pair, right_columns);
        }
      }
    }
#pragma GCC unroll 8
    for (int64_t row = 0; row < kRows; row++) {
      float* const to = sums + (first + row) * kPanel;
      Pairs::store_sums(to, left[row]);
      Pairs::store_sums(to + kTileLines, right[row]);
    }
  }
}

}  // namespace
}  // namespace gemm
