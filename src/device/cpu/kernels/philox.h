// Dropout masks from Philox4x32-7, a counter-based random generator. Each element (row, column) of site s in micro-step m
// has its own 16 random bits, so backward, recomputation and every device draw the same mask as forward, in any order.
// (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011.)
// Vectors hold one 32-bit value per 64-bit lane, so both halves of a product are where the next round needs them. The upper
// halves of other values are garbage and are never read.

#pragma once

#include "simd.h"

typedef uint32_t vu __attribute__((vector_size(SIMD_BYTES)));
typedef uint64_t vu64 __attribute__((vector_size(SIMD_BYTES)));

/** Counters per vector. Each counter gives four words for eight columns: first the lower halves, then the upper halves. */
constexpr int PHILOX_COUNTERS = SIMD_BYTES / 8;
/** Columns that one call of `philox_block` covers. */
constexpr int PHILOX_COLUMNS = 8 * PHILOX_COUNTERS;

constexpr int PHILOX_ROUNDS = 7;

/** The dropout of one operation; see `Dropout` in the device contract. */
struct Dropout {
  bool active;
  /** p 2^16, rounded. An element is kept if its 16 random bits are >= threshold. */
  uint32_t threshold;
  /** 1/(1-p), the factor for kept elements. */
  float scale;
  uint32_t site, step;
  /** The two halves of the key in each round. */
  uint32_t keys[PHILOX_ROUNDS][2];
};

/** @param counter seed low, seed high, micro-step. Not read if the probability is 0. */
static inline Dropout make_dropout(float probability, int32_t site, const int32_t* counter) {
  Dropout dropout{};
  const uint32_t rounded = (uint32_t)((double)probability * 65536.0 + 0.5);
  dropout.threshold = rounded < 65535 ? rounded : 65535;
  dropout.active = dropout.threshold > 0;
  dropout.scale = 65536.0f / (float)(65536 - dropout.threshold);
  if (!dropout.active) return dropout;
  dropout.site = (uint32_t)site;
  dropout.step = (uint32_t)counter[2];
  for (uint32_t round = 0; round < PHILOX_ROUNDS; round++) {
    dropout.keys[round][0] = (uint32_t)counter[0] + round * 0x9E3779B9u;
    dropout.keys[round][1] = (uint32_t)counter[1] + round * 0xBB67AE85u;
  }
  return dropout;
}

/**
 * The 64-bit products of the lower halves of the lanes. This is one instruction, which clang finds by itself; GCC would
 * multiply all 64 bits, which takes several steps.
 */
SIMD_INLINE vu64 multiply_low_halves(vu64 a, uint64_t b) {
#if defined(__AVX512F__) && !defined(__clang__)
  typedef long long products __attribute__((vector_size(SIMD_BYTES)));
  return (vu64)__builtin_ia32_pmuludq512_mask((vi)a, (vi)(vu64{} + b), products{}, (uint8_t)-1);
#elif defined(__AVX2__) && !defined(__AVX512F__) && !defined(__clang__)
  return (vu64)__builtin_ia32_pmuludq256((vi)a, (vi)(vu64{} + b));
#elif defined(__SSE2__) && !defined(__AVX__) && !defined(__clang__)
  return (vu64)__builtin_ia32_pmuludq128((vi)a, (vi)(vu64{} + b));
#else
  return (a & 0xffffffffull) * b;
#endif
}

/**
 * Runs all rounds in place on the counters in the lanes, for several vectors of counters: a round waits for the one before it,
 * but not for another vector. Only the lower halves of the results are valid.
 */
template <int N>
SIMD_INLINE void philox_rounds(vu64 (&x)[N][4], const Dropout& dropout) {
#pragma GCC unroll 7
  for (int round = 0; round < PHILOX_ROUNDS; round++) {
    const vu64 low = (vu64)(vu{} + dropout.keys[round][0]), high = (vu64)(vu{} + dropout.keys[round][1]);
#pragma GCC unroll 2
    for (int n = 0; n < N; n++) {
      const vu64 a = multiply_low_halves(x[n][0], 0xD2511F53u), b = multiply_low_halves(x[n][2], 0xCD9E8D57u);
      x[n][0] = (b >> 32) ^ x[n][1] ^ low;
      x[n][2] = (a >> 32) ^ x[n][3] ^ high;
      x[n][1] = b;
      x[n][3] = a;
    }
  }
}

/** Joins two vectors, with a word in the lower half of each lane, into one vector of words. */
SIMD_INLINE vu64 join_halves(vu64 even, vu64 odd) { return (even & 0xffffffffull) | (odd << 32); }

/** The factors for elements with these 16 random bits: 1/(1-p) if kept, 0 if dropped. */
SIMD_INLINE vf dropout_factor(vu halves, const Dropout& dropout) {
  // As signed numbers: not every instruction set compares unsigned ones.
  return (vi)halves >= (int32_t)dropout.threshold ? broadcast(dropout.scale) : vf{};
}

/** The vector of 64-bit lanes AT... of two vectors; those of the second are numbered from PHILOX_COUNTERS on. */
#if defined(__clang__)
#define CHOOSE_LANES(one, other, ...) ((vu64)__builtin_shufflevector(one, other, __VA_ARGS__))
#else
#define CHOOSE_LANES(one, other, ...) ((vu64)__builtin_shuffle(one, other, vu64{__VA_ARGS__}))
#endif

/** Vector 0 or 1 of the words of PHILOX_COUNTERS counters, four words a counter. `even`: words 0 and 1 of a counter a lane. */
SIMD_INLINE vu64 counter_words(vu64 even, vu64 odd, int half) {
#if SIMD_BYTES == 64
  return half ? CHOOSE_LANES(even, odd, 4, 12, 5, 13, 6, 14, 7, 15) : CHOOSE_LANES(even, odd, 0, 8, 1, 9, 2, 10, 3, 11);
#elif SIMD_BYTES == 32
  return half ? CHOOSE_LANES(even, odd, 2, 6, 3, 7) : CHOOSE_LANES(even, odd, 0, 4, 1, 5);
#else
  return half ? CHOOSE_LANES(even, odd, 1, 3) : CHOOSE_LANES(even, odd, 0, 2);
#endif
}

/** Vector 0 or 1 of the halves of these words by column: of each counter its four lower halves, then its four upper ones. */
SIMD_INLINE vu column_halves(vu64 lower, vu64 upper, int half) {
#if SIMD_BYTES == 64
  return (vu)(half ? CHOOSE_LANES(lower, upper, 4, 5, 12, 13, 6, 7, 14, 15) : CHOOSE_LANES(lower, upper, 0, 1, 8, 9, 2, 3, 10, 11));
#elif SIMD_BYTES == 32
  return (vu)(half ? CHOOSE_LANES(lower, upper, 2, 3, 6, 7) : CHOOSE_LANES(lower, upper, 0, 1, 4, 5));
#else
  return (vu)(half ? upper : lower);
#endif
}

/** The factors of columns 8*octet .. 8*octet + BLOCKS * PHILOX_COLUMNS - 1 of one row. */
template <int BLOCKS>
SIMD_INLINE void philox_blocks(float* factors, const Dropout& dropout, uint32_t row, uint32_t octet) {
  vu64 numbers{};
  for (int lane = 0; lane < PHILOX_COUNTERS; lane++) numbers[lane] = (uint64_t)lane;
  vu64 x[BLOCKS][4];
#pragma GCC unroll 2
  for (int block = 0; block < BLOCKS; block++) {
    x[block][0] = numbers + (octet + (uint32_t)(block * PHILOX_COUNTERS));
    x[block][1] = vu64{} + row;
    x[block][2] = vu64{} + dropout.site;
    x[block][3] = vu64{} + dropout.step;
  }
  philox_rounds(x, dropout);
#pragma GCC unroll 2
  for (int block = 0; block < BLOCKS; block++) {
    const vu64 even = join_halves(x[block][0], x[block][1]), odd = join_halves(x[block][2], x[block][3]);
#pragma GCC unroll 2
    for (int pair = 0; pair < 2; pair++) {
      const vu words = (vu)counter_words(even, odd, pair);
      const vu64 lower = (vu64)(words & 0xffff), upper = (vu64)(words >> 16);
#pragma GCC unroll 2
      for (int half = 0; half < 2; half++) {
        store(factors, dropout_factor(column_halves(lower, upper, half), dropout));
        factors += VL;
      }
    }
  }
}

/**
 * The factors of eight columns, 8*octet .. 8*octet + 7, for VL rows: first_row, first_row + row_stride, ... Lane i of
 * factors[j] belongs to row i and column j.
 */
SIMD_INLINE void dropout_factors_of_rows(vf factors[8], const Dropout& dropout, uint32_t first_row,
                                         uint32_t row_stride, uint32_t octet) {
  vu64 words[2][4];
  for (int odd = 0; odd < 2; odd++) {
    vu64 row{};
    for (int lane = 0; lane < PHILOX_COUNTERS; lane++) row[lane] = first_row + (uint32_t)(2 * lane + odd) * row_stride;
    vu64* x = words[odd];
    x[0] = vu64{} + octet;
    x[1] = row;
    x[2] = vu64{} + dropout.site;
    x[3] = vu64{} + dropout.step;
  }
  philox_rounds(words, dropout);
  for (int j = 0; j < 4; j++) {
    const vu both = (vu)join_halves(words[0][j], words[1][j]);
    factors[j] = dropout_factor(both & 0xffff, dropout);
    factors[j + 4] = dropout_factor(both >> 16, dropout);
  }
}

/** The factors of columns first .. first + n - 1 of one row. */
SIMD_INLINE void dropout_factors(float* factors, const Dropout& dropout, uint32_t row, int64_t first, int64_t n) {
  for (int64_t block = first & ~(int64_t)7; block < first + n;) {
    const bool whole = block >= first && block + PHILOX_COLUMNS <= first + n;
    if (whole && block + 2 * PHILOX_COLUMNS <= first + n) {
      philox_blocks<2>(factors + (block - first), dropout, row, (uint32_t)(block >> 3));
      block += 2 * PHILOX_COLUMNS;
      continue;
    }
    float drawn[PHILOX_COLUMNS];
    philox_blocks<1>(drawn, dropout, row, (uint32_t)(block >> 3));
    const int64_t from = block < first ? first - block : 0;
    const int64_t to = first + n - block < PHILOX_COLUMNS ? first + n - block : PHILOX_COLUMNS;
    memcpy(factors + (block + from - first), drawn + from, (size_t)(to - from) * sizeof(float));
    block += PHILOX_COLUMNS;
  }
}
