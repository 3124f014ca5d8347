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

/** The dropout of one operation; see `Dropout` in the device contract. */
struct Dropout {
  bool active;
  /** p 2^16, rounded. An element is kept if its 16 random bits are >= threshold. */
  uint32_t threshold;
  /** 1/(1-p), the factor for kept elements. */
  float scale;
  uint32_t site, step, key_low, key_high;
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
  dropout.key_low = (uint32_t)counter[0];
  dropout.key_high = (uint32_t)counter[1];
  dropout.step = (uint32_t)counter[2];
  return dropout;
}

/**
 * The 64-bit products of the lower halves of the lanes. This is one instruction, which clang finds by itself; without
 * AVX-512, GCC would multiply all 64 bits in several steps.
 */
SIMD_INLINE vu64 multiply_low_halves(vu64 a, uint64_t b) {
#if defined(__AVX2__) && !defined(__AVX512F__) && !defined(__clang__)
  return (vu64)__builtin_ia32_pmuludq256((vi)a, (vi)(vu64{} + b));
#elif defined(__SSE2__) && !defined(__AVX__) && !defined(__clang__)
  return (vu64)__builtin_ia32_pmuludq128((vi)a, (vi)(vu64{} + b));
#else
  return (a & 0xffffffffull) * b;
#endif
}

/** Runs seven rounds in place on the counters in the lanes. Only the lower halves of the results are valid. */
SIMD_INLINE void philox_rounds(vu64& x0, vu64& x1, vu64& x2, vu64& x3, const Dropout& dropout) {
  uint32_t key_low = dropout.key_low, key_high = dropout.key_high;
#pragma GCC unroll 7
  for (int round = 0; round < 7; round++) {
    const vu64 a = multiply_low_halves(x0, 0xD2511F53u), b = multiply_low_halves(x2, 0xCD9E8D57u);
    x0 = (b >> 32) ^ x1 ^ key_low;
    x2 = (a >> 32) ^ x3 ^ key_high;
    x1 = b;
    x3 = a;
    key_low += 0x9E3779B9u;
    key_high += 0xBB67AE85u;
  }
}

/** Joins two vectors, with a word in the lower half of each lane, into one vector of words. */
SIMD_INLINE vu64 join_halves(vu64 even, vu64 odd) { return (even & 0xffffffffull) | (odd << 32); }

/** The factors for elements with these 16 random bits: 1/(1-p) if kept, 0 if dropped. */
SIMD_INLINE vf dropout_factor(vu halves, const Dropout& dropout) {
  return halves >= dropout.threshold ? broadcast(dropout.scale) : vf{};
}

/** The 16 random bits of each of the columns 8*octet .. 8*octet + PHILOX_COLUMNS - 1 of one row. */
SIMD_INLINE void philox_block(uint32_t* halves, const Dropout& dropout, uint32_t row, uint32_t octet) {
  vu64 x0{}, x1 = vu64{} + row, x2 = vu64{} + dropout.site, x3 = vu64{} + dropout.step;
  for (int lane = 0; lane < PHILOX_COUNTERS; lane++) x0[lane] = octet + (uint32_t)lane;
  philox_rounds(x0, x1, x2, x3, dropout);
  const vu words[2] = {(vu)join_halves(x0, x1), (vu)join_halves(x2, x3)};
  for (int upper = 0; upper < 2; upper++)
    for (int right = 0; right < 2; right++) {
      const vu own = upper ? words[right] >> 16 : words[right] & 0xffff;
      for (int lane = 0; lane < PHILOX_COUNTERS; lane++)
        memcpy(halves + 8 * lane + 4 * upper + 2 * right, (const char*)&own + 8 * lane, 8);
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
    philox_rounds(x[0], x[1], x[2], x[3], dropout);
  }
  for (int j = 0; j < 4; j++) {
    const vu both = (vu)join_halves(words[0][j], words[1][j]);
    factors[j] = dropout_factor(both & 0xffff, dropout);
    factors[j + 4] = dropout_factor(both >> 16, dropout);
  }
}

/** The factors of columns first .. first + n - 1 of one row. */
SIMD_INLINE void dropout_factors(float* factors, const Dropout& dropout, uint32_t row, int64_t first, int64_t n) {
  for (int64_t block = first & ~(int64_t)7; block < first + n; block += PHILOX_COLUMNS) {
    alignas(SIMD_BYTES) uint32_t halves[PHILOX_COLUMNS];
    alignas(SIMD_BYTES) float drawn[PHILOX_COLUMNS];
    philox_block(halves, dropout, row, (uint32_t)(block >> 3));
    const bool whole = block >= first && block + PHILOX_COLUMNS <= first + n;
    float* target = whole ? factors + (block - first) : drawn;
    for (int i = 0; i < PHILOX_COLUMNS; i += VL) {
      store(target + i, dropout_factor((vu)load_int((const int32_t*)halves + i), dropout));
    }
    if (whole) continue;
    const int64_t from = block < first ? first - block : 0;
    const int64_t to = first + n - block < PHILOX_COLUMNS ? first + n - block : PHILOX_COLUMNS;
    memcpy(factors + (block + from - first), drawn + from, (size_t)(to - from) * sizeof(float));
  }
}
