// Read-only weights in 8 bits: blocks of 32 numbers with a common scale, as in llama.cpp's Q8_0. A number is its integer
// times the scale, which is a bf16 here, because any processor widens it with a shift. Rows consist of whole blocks.

#pragma once

#include <stdint.h>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "simd.h"

constexpr int64_t Q8_BLOCK = 32;
static_assert(Q8_BLOCK % VL == 0, "a vector lies within one block");

/** 32 numbers. */
struct q8_block {
  bf16 scale;
  int8_t values[Q8_BLOCK];
};
static_assert(sizeof(q8_block) == 34, "blocks are packed");

/** The element type of such weights. It has no values of its own; see Q8Pointer. */
struct q8 {};

/** Points to one number, like `const float*`. Vectors are read from multiples of their length. */
struct Q8Pointer {
  const q8_block* blocks;
  int64_t at;

  Q8Pointer operator+(int64_t n) const { return {blocks, at + n}; }
  const q8_block& block() const { return blocks[at / Q8_BLOCK]; }
  float operator*() const { return (float)block().values[at % Q8_BLOCK] * widen(block().scale); }
  float operator[](int64_t n) const { return *(*this + n); }
};

template <class Element>
struct PointerTo {
  typedef const Element* type;
};
template <>
struct PointerTo<q8> {
  typedef Q8Pointer type;
};
/** A pointer to numbers of a type. */
template <class Element>
using Pointer = typename PointerTo<Element>::type;

SIMD_INLINE void prefetch(const void* p) { __builtin_prefetch(p); }
SIMD_INLINE void prefetch(Q8Pointer p) { __builtin_prefetch(&p.block()); }

/** VL integers as floats. GCC 12 would convert one byte at a time by itself. */
SIMD_INLINE vf load_integers(const int8_t* p) {
#if defined(__AVX512F__)
  return (vf)_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i*)p)));
#elif defined(__AVX2__)
  return (vf)_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i*)p)));
#else
  typedef int8_t bytes __attribute__((vector_size(VL), aligned(1), may_alias));
  return __builtin_convertvector(*(const bytes*)p, vf);
#endif
}
SIMD_INLINE vf load(Q8Pointer p) {
  const q8_block& block = p.block();
  return load_integers(block.values + p.at % Q8_BLOCK) * widen(block.scale);
}
SIMD_INLINE vf load_first(Q8Pointer p, int64_t n) {
  float lanes[VL] = {};
  for (int64_t lane = 0; lane < n; lane++) lanes[lane] = p[lane];
  return load(lanes);
}
