// Products of rows and columns that are both in 8 bits, for few rows. The integer products of a block are added exactly, in
// groups of four; then the sums are multiplied by both scales and added up in float32. The instructions stand behind one
// function of a block. `PortableDots` computes the same bits in plain C++, so everything else is tested on every machine.
//
// x86 multiplies unsigned bytes by signed ones: the sign of a number of A moves to the number of B. Neither is ever -128.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "gemm-narrow.h"
#include "q8.h"
#include "simd.h"

namespace gemm {
namespace {

/** The sums of the groups of a block. */
typedef int32_t eight_integers __attribute__((vector_size(32)));
typedef float eight __attribute__((vector_size(32)));

struct PortableDots {
  SIMD_INLINE eight_integers of_block(const int8_t* a, const int8_t* b) {
    int32_t sums[8] = {};
    for (int at = 0; at < Q8_BLOCK; at++) sums[at / 4] += a[at] * b[at];
    eight_integers result;
    memcpy(&result, sums, sizeof result);
    return result;
  }
};

#if defined(__AVX2__)
#define GEMM_AVX2_DOTS
SIMD_INLINE __m256i load_bytes(const int8_t* from) { return _mm256_loadu_si256((const __m256i*)from); }

struct Avx2Dots {
  SIMD_INLINE eight_integers of_block(const int8_t* a, const int8_t* b) {
    const __m256i signs = load_bytes(a);
    const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(signs), _mm256_sign_epi8(load_bytes(b), signs));
    return (eight_integers)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
  }
};
#endif

#if defined(__AVX2__) && defined(__AVXVNNI__)
#define GEMM_AVX_VNNI_DOTS
struct AvxVnniDots {
  SIMD_INLINE eight_integers of_block(const int8_t* a, const int8_t* b) {
    const __m256i signs = load_bytes(a);
    return (eight_integers)_mm256_dpbusd_avx_epi32(_mm256_setzero_si256(), _mm256_abs_epi8(signs),
                                                   _mm256_sign_epi8(load_bytes(b), signs));
  }
};
#endif

#if defined(__AVX2__) && defined(__AVX512VNNI__) && defined(__AVX512VL__)
#define GEMM_AVX512_VNNI_DOTS
struct Avx512VnniDots {
  SIMD_INLINE eight_integers of_block(const int8_t* a, const int8_t* b) {
    const __m256i signs = load_bytes(a);
    return (eight_integers)_mm256_dpbusd_epi32(_mm256_setzero_si256(), _mm256_abs_epi8(signs),
                                               _mm256_sign_epi8(load_bytes(b), signs));
  }
};
#endif

#if defined(__aarch64__) && defined(__ARM_FEATURE_DOTPROD)
#define GEMM_SDOT_DOTS
struct SdotDots {
  SIMD_INLINE eight_integers of_block(const int8_t* a, const int8_t* b) {
    const int32x4_t low = vdotq_s32(vdupq_n_s32(0), vld1q_s8(a), vld1q_s8(b));
    const int32x4_t high = vdotq_s32(vdupq_n_s32(0), vld1q_s8(a + 16), vld1q_s8(b + 16));
    eight_integers sums;
    memcpy(&sums, &low, sizeof low);
    memcpy((char*)&sums + sizeof low, &high, sizeof high);
    return sums;
  }
};
#endif

/** a * b + c like that of vectors of the processor's width (simd.h). */
SIMD_INLINE eight multiply_add(eight a, eight b, eight c) {
#if !defined(SIMD_FUSED)
  return a * b + c;
#elif defined(SIMD_ELEMENTWISE_FMA)
  return __builtin_elementwise_fma(a, b, c);
#elif defined(__aarch64__)
  float32x4_t x[2], y[2], z[2];
  memcpy(x, &a, sizeof x), memcpy(y, &b, sizeof y), memcpy(z, &c, sizeof z);
  for (int half = 0; half < 2; half++) z[half] = vfmaq_f32(z[half], x[half], y[half]);
  memcpy(&c, z, sizeof c);
  return c;
#else
  return (eight)__builtin_ia32_vfmaddps256((__m256)a, (__m256)b, (__m256)c);
#endif
}

/** Adds the lanes in a fixed, pairwise order. */
SIMD_INLINE float sum_of(eight v) {
  quad halves[2];
  memcpy(halves, &v, sizeof v);
  const quad four = halves[0] + halves[1];
  return (four[0] + four[2]) + (four[1] + four[3]);
}

/** Rows of A in 8 bits: of each the numbers of `blocks` blocks, and their scales. */
struct RoundedRows {
  const int8_t* values;
  const float* scales;
  int64_t blocks;

  const int8_t* values_of(int64_t row) const { return values + row * blocks * Q8_BLOCK; }
  const float* scales_of(int64_t row) const { return scales + row * blocks; }
};

/**
 * Rounds a block to whole multiples of a 127th of its largest number. One with NaN or infinity gets NaN as its scale, since
 * integers could not show it.
 */
inline void round_block(int8_t* values, float* scale, const float* numbers) {
  int32_t bits[Q8_BLOCK];
  memcpy(bits, numbers, sizeof bits);
  int32_t largest = 0;
  for (int at = 0; at < Q8_BLOCK; at++) largest = std::max(largest, bits[at] & 0x7fffffff);
  float most;
  memcpy(&most, &largest, sizeof most);
  const bool finite = largest < 0x7f800000;
  const float step = finite ? most / 127 : std::nanf("");
  *scale = step;
  const float divisor = finite && step > 0 ? step : INFINITY;
  for (int at = 0; at < Q8_BLOCK; at++) {
    // A denormal step may be too small by half.
    const float steps = std::min(std::max((finite ? numbers[at] : 0) / divisor, -127.0f), 127.0f);
    const float shifted = steps + 12582912.0f;  // 1.5 * 2^23: adding it puts the nearest integer into the low bits
    int32_t integer;
    memcpy(&integer, &shifted, sizeof integer);
    values[at] = static_cast<int8_t>(integer);
  }
}

/** Rows that are multiplied together, so that a column is read from the nearest cache only once for all of them. */
constexpr int64_t kDotRows = 4;

/**
 * sums[ROWS] = the products of rows `row`.. of A and a column of B, kStrip floats apart. Even and odd blocks have sums of
 * their own, since one addition would wait for the other.
 */
template <class Dots, int ROWS>
void dot_column(const RoundedRows& a, int64_t row, const q8_block* column, float* sums) {
  const int8_t* values[ROWS];
  const float* scales[ROWS];
  for (int i = 0; i < ROWS; i++) {
    values[i] = a.values_of(row + i);
    scales[i] = a.scales_of(row + i);
  }
  eight even[ROWS] = {}, odd[ROWS] = {};
  const auto add = [&](eight(&sum)[ROWS], int64_t block) __attribute__((always_inline)) {
    const float scale = widen(column[block].scale);
#pragma GCC unroll 4
    for (int i = 0; i < ROWS; i++) {
      const eight_integers dots = Dots::of_block(values[i] + block * Q8_BLOCK, column[block].values);
      sum[i] = multiply_add(__builtin_convertvector(dots, eight), scales[i][block] * scale - eight{}, sum[i]);
    }
  };
  int64_t block = 0;
  for (; block + 2 <= a.blocks; block += 2) {
    add(even, block);
    add(odd, block + 1);
  }
  if (block < a.blocks) add(even, block);
  for (int i = 0; i < ROWS; i++) sums[i * kStrip] = sum_of(even[i] + odd[i]);
}

/** sums[m, columns] = the products of all rows and `columns` columns of B, which start at `b`. kStrip floats apart. */
template <class Dots>
void dot_strip(const RoundedRows& a, int64_t m, const q8_block* b, int64_t columns, float* sums) {
  // Columns that stay in the L1 cache for all rows.
  constexpr int64_t kColumns = 8;
  for (int64_t first = 0; first < columns; first += kColumns) {
    const int64_t end = std::min(columns, first + kColumns);
    for (int64_t row = 0; row < m;) {
      const int64_t rows = m - row >= kDotRows ? kDotRows : 1;
      for (int64_t column = first; column < end; column++) {
        const q8_block* const blocks = b + column * a.blocks;
        if (row == 0) prefetch_ahead(blocks, a.blocks * sizeof(q8_block));
        (rows == 1 ? dot_column<Dots, 1> : dot_column<Dots, kDotRows>)(a, row, blocks, sums + row * kStrip + column);
      }
      row += rows;
    }
  }
}

/** An implementation of dot_strip. */
using DotStrip = void (*)(const RoundedRows& a, int64_t m, const q8_block* b, int64_t columns, float* sums);

}  // namespace
}  // namespace gemm
