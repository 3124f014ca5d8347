// The product of two panels on matrix tiles (AMX). The instructions stand behind a few functions: `MatrixTiles` is the
// processor's, `PortableTiles` computes the same bits in plain C++, so everything else is tested on every machine.
//
// TDPBF16PS, C[16][16] += A[16][32] B[32][16], as Intel documents it: the products of a row's even depths are summed from zero
// by fused multiply-adds in the order of their depth, those of the odd depths too, then the odd sum is added to the even one,
// and both to C. Denormal inputs count as zero, denormal results become zero, whatever the modes of the processor say.

#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "gemm-bf16-pack.h"
#include "simd.h"

namespace gemm {
namespace {

/** x, or a zero of its sign if x is denormal. */
SIMD_INLINE float flushed(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  if ((bits & 0x7f800000) == 0) bits &= 0x80000000;
  memcpy(&x, &bits, sizeof bits);
  return x;
}
/** a * b + c with one rounding, on processors without such an instruction too. */
SIMD_INLINE float flushed_multiply_add(bf16 a, bf16 b, float c) {
  return flushed(std::fma(flushed(widen(a)), flushed(widen(b)), c));
}

/** Eight tiles of 16 rows of 64 bytes. */
class PortableTiles {
 public:
  template <int TILE>
  void zero() {
    memset(tiles_[TILE], 0, sizeof tiles_[TILE]);
  }
  /** Rows are `stride` bytes apart. */
  template <int TILE>
  void load(const void* from, int64_t stride) {
    for (int64_t row = 0; row < 16; row++)
      memcpy(tiles_[TILE][row], static_cast<const char*>(from) + row * stride, 64);
  }
  template <int TILE>
  void store(void* to, int64_t stride) const {
    for (int64_t row = 0; row < 16; row++) memcpy(static_cast<char*>(to) + row * stride, tiles_[TILE][row], 64);
  }
  template <int C, int A, int B>
  void multiply_add() {
    for (int64_t row = 0; row < 16; row++) {
      float even[16] = {}, odd[16] = {}, sums[16];
      bf16 a[32], b[32];
      memcpy(a, tiles_[A][row], sizeof a);
      for (int64_t pair = 0; pair < 16; pair++) {
        memcpy(b, tiles_[B][pair], sizeof b);
        for (int64_t column = 0; column < 16; column++) {
          even[column] = flushed_multiply_add(a[2 * pair], b[2 * column], even[column]);
          odd[column] = flushed_multiply_add(a[2 * pair + 1], b[2 * column + 1], odd[column]);
        }
      }
      memcpy(sums, tiles_[C][row], sizeof sums);
      for (int64_t column = 0; column < 16; column++)
        sums[column] = flushed(flushed(sums[column]) + flushed(even[column] + odd[column]));
      memcpy(tiles_[C][row], sums, sizeof sums);
    }
  }

 private:
  alignas(64) char tiles_[8][16][64];
};

// The second spelling is that of clang before 16.
#if (defined(__AMX_TILE__) && defined(__AMX_BF16__)) || (defined(__AMXTILE__) && defined(__AMXBF16__))
#define GEMM_MATRIX_TILES

/**
 * The processor's tiles. Assembly, because the intrinsics of GCC 12 do not say which memory they read and write, so that
 * stores before them vanish. Each thread configures the tiles before it uses them, and releases them afterwards: otherwise
 * the operating system would save their 8 KB whenever it switches threads.
 */
struct MatrixTiles {
  static void configure() {
    struct {
      uint8_t palette = 1, start_row = 0, reserved[14] = {};
      uint16_t bytes_per_row[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    } shape;
    static_assert(sizeof shape == 64, "as ldtilecfg reads it");
    asm volatile("ldtilecfg %0" ::"m"(shape) : "memory");
  }
  static void release() { asm volatile("tilerelease" ::: "memory"); }

  template <int TILE>
  SIMD_INLINE void zero() {
    asm volatile("tilezero %%tmm%c0" ::"i"(TILE));
  }
  template <int TILE>
  SIMD_INLINE void load(const void* from, int64_t stride) {
    asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride), "i"(TILE) : "memory");
  }
  template <int TILE>
  SIMD_INLINE void store(void* to, int64_t stride) {
    asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(stride), "i"(TILE) : "memory");
  }
  template <int C, int A, int B>
  SIMD_INLINE void multiply_add() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(C), "i"(A), "i"(B));
  }
};
#endif

/** See Unit::multiply. Tiles 0 to 3 hold the sums, 4 and 5 the rows of A, 6 and 7 the columns of B. */
template <class Tiles>
void multiply_on_tiles(const bf16* a, const bf16* b, int64_t steps, float* sums, bool add) {
  constexpr int64_t kRow = 64, kSumsRow = kPanel * sizeof(float), kLower = kTileLines * kPanel;
  Tiles tiles;
  if (add) {
    tiles.template load<0>(sums, kSumsRow);
    tiles.template load<1>(sums + kTileLines, kSumsRow);
    tiles.template load<2>(sums + kLower, kSumsRow);
    tiles.template load<3>(sums + kLower + kTileLines, kSumsRow);
  } else {
    tiles.template zero<0>();
    tiles.template zero<1>();
    tiles.template zero<2>();
    tiles.template zero<3>();
  }
  for (int64_t step = 0; step < steps; step++, a += kStepSize, b += kStepSize) {
    tiles.template load<6>(b, kRow);
    tiles.template load<4>(a, kRow);
    tiles.template load<7>(b + kTile, kRow);
    tiles.template load<5>(a + kTile, kRow);
    tiles.template multiply_add<0, 4, 6>();
    tiles.template multiply_add<1, 4, 7>();
    tiles.template multiply_add<2, 5, 6>();
    tiles.template multiply_add<3, 5, 7>();
  }
  tiles.template store<0>(sums, kSumsRow);
  tiles.template store<1>(sums + kTileLines, kSumsRow);
  tiles.template store<2>(sums + kLower, kSumsRow);
  tiles.template store<3>(sums + kLower + kTileLines, kSumsRow);
}

}  // namespace
}  // namespace gemm
