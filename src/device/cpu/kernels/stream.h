// Writes past the caches, for results that are too large to stay in them: a line that is written whole need not be read first.
// Without instructions for that, `kCanStream` is false and the functions do nothing.

#pragma once

#if defined(__AVX__)
#include <immintrin.h>
#endif

#include "simd.h"

/** Elements of a line, which must be aligned to 64 bytes. */
constexpr int64_t kStreamedLine = 32;

#if defined(__AVX__)
/** Writes 64 bytes to an aligned address without reading the line or keeping it in the caches. */
SIMD_INLINE void stream_line(bf16* to, const bf16* from) {
  for (int half = 0; half < 2; half++)
    _mm256_stream_si256((__m256i*)(to + 16 * half), _mm256_load_si256((const __m256i*)(from + 16 * half)));
}
/** Lines that were streamed become visible before anything that this thread writes afterwards. */
SIMD_INLINE void finish_streaming() { _mm_sfence(); }
constexpr bool kCanStream = true;
#else
SIMD_INLINE void stream_line(bf16*, const bf16*) {}
SIMD_INLINE void finish_streaming() {}
constexpr bool kCanStream = false;
#endif
