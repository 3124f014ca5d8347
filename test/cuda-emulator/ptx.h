// The instructions that kernels write as inline PTX. nvrtc.cc turns `asm("mma.sync... {%0, ...}" : "=f"(d) : "r"(a))`
// into ptx_mma_sync...(d, a, ...): one function per mnemonic, with dots replaced by underscores and operands in textual
// order. An instruction that is missing here does not compile, and the message names it.

#pragma once

#include "threads.h"

namespace emulator {

// Operands by constraint: outputs as references to the bits, inputs as values.
template <class T>
inline uint32_t& out_r(T& x) {
  static_assert(sizeof(T) == 4, "an operand \"r\" has 4 bytes");
  return reinterpret_cast<uint32_t&>(x);
}
inline float& out_f(float& x) { return x; }
template <class T>
inline unsigned short& out_h(T& x) {
  static_assert(sizeof(T) == 2, "an operand \"h\" has 2 bytes");
  return reinterpret_cast<unsigned short&>(x);
}
template <class T>
inline uint64_t& out_l(T& x) {
  static_assert(sizeof(T) == 8, "an operand \"l\" has 8 bytes");
  return reinterpret_cast<uint64_t&>(x);
}
template <class T>
inline uint32_t in_r(T x) {
  static_assert(sizeof(T) == 4, "an operand \"r\" has 4 bytes");
  return __builtin_bit_cast(uint32_t, x);
}
inline uint32_t in_n(long x) { return (uint32_t)x; }
inline float in_f(float x) { return x; }
template <class T>
inline unsigned short in_h(T x) {
  static_assert(sizeof(T) == 2, "an operand \"h\" has 2 bytes");
  return __builtin_bit_cast(unsigned short, x);
}
template <class T>
inline uint64_t in_l(T x) {
  static_assert(sizeof(T) == 8, "an operand \"l\" has 8 bytes");
  return __builtin_bit_cast(uint64_t, x);
}

/** The number that 16 bits represent, and the nearest 16 bits, ties to even. */
inline float from_bf16(unsigned short bits) { return __builtin_bit_cast(float, (uint32_t)bits << 16); }
inline unsigned short to_bf16(float x) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, x);
  return x != x ? 0x7fff : (unsigned short)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
float from_f16(unsigned short bits);
unsigned short to_f16(float x);
/** cvt.rna.tf32: 10 bits of fraction, ties away from zero. */
uint32_t to_tf32(float x);

// d[16,8] = a[16,K] b[K,8] + c[16,8] over a warp, in the fragments of the PTX manual.
enum Factor { BF16, F16, TF32 };
void multiply_fragments(Factor type, int k, float* d, const uint32_t* a, const uint32_t* b, const float* c);

#define EMULATOR_MMA_4_2(NAME, TYPE, K)                                                                          \
  inline void NAME(float& d0, float& d1, float& d2, float& d3, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, \
                   uint32_t b0, uint32_t b1, float c0, float c1, float c2, float c3) {                           \
    const uint32_t a[4] = {a0, a1, a2, a3}, b[2] = {b0, b1};                                                     \
    const float c[4] = {c0, c1, c2, c3};                                                                         \
    float d[4];                                                                                                  \
    multiply_fragments(TYPE, K, d, a, b, c);                                                                     \
    d0 = d[0], d1 = d[1], d2 = d[2], d3 = d[3];                                                                  \
  }
#define EMULATOR_MMA_2_1(NAME, TYPE, K)                                                                     \
  inline void NAME(float& d0, float& d1, float& d2, float& d3, uint32_t a0, uint32_t a1, uint32_t b0, float c0, \
                   float c1, float c2, float c3) {                                                          \
    const uint32_t a[4] = {a0, a1, 0, 0}, b[2] = {b0, 0};                                                   \
    const float c[4] = {c0, c1, c2, c3};                                                                    \
    float d[4];                                                                                             \
    multiply_fragments(TYPE, K, d, a, b, c);                                                                \
    d0 = d[0], d1 = d[1], d2 = d[2], d3 = d[3];                                                             \
  }
EMULATOR_MMA_4_2(ptx_mma_sync_aligned_m16n8k16_row_col_f32_bf16_bf16_f32, BF16, 16)
EMULATOR_MMA_4_2(ptx_mma_sync_aligned_m16n8k16_row_col_f32_f16_f16_f32, F16, 16)
EMULATOR_MMA_2_1(ptx_mma_sync_aligned_m16n8k8_row_col_f32_bf16_bf16_f32, BF16, 8)
EMULATOR_MMA_2_1(ptx_mma_sync_aligned_m16n8k8_row_col_f32_f16_f16_f32, F16, 8)
EMULATOR_MMA_4_2(ptx_mma_sync_aligned_m16n8k8_row_col_f32_tf32_tf32_f32, TF32, 8)

/** Loads `matrices` 8x8 matrices of 16-bit numbers. Lane 8*m+i gives the address of row i of matrix m. */
void load_matrices(int matrices, bool transposed, uint32_t* registers, uint32_t shared_row);
#define EMULATOR_LDMATRIX(SPACE)                                                                               \
  inline void ptx_ldmatrix_sync_aligned_m8n8_x4##SPACE(uint32_t& r0, uint32_t& r1, uint32_t& r2, uint32_t& r3, \
                                                       uint32_t row) {                                         \
    uint32_t r[4];                                                                                             \
    load_matrices(4, #SPACE[1] == 't', r, row);                                                                \
    r0 = r[0], r1 = r[1], r2 = r[2], r3 = r[3];                                                                \
  }                                                                                                            \
  inline void ptx_ldmatrix_sync_aligned_m8n8_x2##SPACE(uint32_t& r0, uint32_t& r1, uint32_t row) {             \
    uint32_t r[4];                                                                                             \
    load_matrices(2, #SPACE[1] == 't', r, row);                                                                \
    r0 = r[0], r1 = r[1];                                                                                      \
  }                                                                                                            \
  inline void ptx_ldmatrix_sync_aligned_m8n8_x1##SPACE(uint32_t& r0, uint32_t row) {                           \
    uint32_t r[4];                                                                                             \
    load_matrices(1, #SPACE[1] == 't', r, row);                                                                \
    r0 = r[0];                                                                                                 \
  }
EMULATOR_LDMATRIX(_shared_b16)
EMULATOR_LDMATRIX(_trans_shared_b16)

struct alignas(16) FourWords {
  uint32_t of[4];
};
inline void ptx_ld_global_v4_u32(uint32_t& r0, uint32_t& r1, uint32_t& r2, uint32_t& r3, uint64_t from) {
  const FourWords four = *(const FourWords*)from;
  r0 = four.of[0], r1 = four.of[1], r2 = four.of[2], r3 = four.of[3];
}

inline void ptx_cp_async_cg_shared_global(uint32_t to, uint64_t from, int bytes, int filled = -1) {
  start_copy(shared_pointer(to), (const void*)from, bytes, filled < 0 ? bytes : filled);
}
inline void ptx_cp_async_ca_shared_global(uint32_t to, uint64_t from, int bytes, int filled = -1) {
  start_copy(shared_pointer(to), (const void*)from, bytes, filled < 0 ? bytes : filled);
}
inline void ptx_cp_async_cg_shared_global_L2_128B(uint32_t to, uint64_t from, int bytes, int filled = -1) {
  start_copy(shared_pointer(to), (const void*)from, bytes, filled < 0 ? bytes : filled);
}
inline void ptx_cp_async_commit_group() { commit_copies(); }
inline void ptx_cp_async_wait_group(int groups) { await_copies(groups); }
inline void ptx_cp_async_wait_all() { await_copies(-1); }

// Conversions. In a pair, the first source becomes the upper half.
inline void ptx_cvt_rn_bf16_f32(unsigned short& d, float x) { d = to_bf16(x); }
inline void ptx_cvt_rn_f16_f32(unsigned short& d, float x) { d = to_f16(x); }
inline void ptx_cvt_f32_f16(float& d, unsigned short x) { d = from_f16(x); }
inline void ptx_cvt_f32_bf16(float& d, unsigned short x) { d = from_bf16(x); }
inline void ptx_cvt_rn_bf16x2_f32(uint32_t& d, float high, float low) {
  d = (uint32_t)to_bf16(high) << 16 | to_bf16(low);
}
inline void ptx_cvt_rn_f16x2_f32(uint32_t& d, float high, float low) {
  d = (uint32_t)to_f16(high) << 16 | to_f16(low);
}
inline void ptx_cvt_rna_tf32_f32(uint32_t& d, float x) { d = to_tf32(x); }
inline void ptx_mov_b32(uint32_t& d, uint32_t x) { d = x; }
inline void ptx_mov_b32(uint32_t& d, unsigned short low, unsigned short high) { d = (uint32_t)high << 16 | low; }

float exponential2(float x);
float logarithm2(float x);
float hyperbolic_tangent(float x);
inline void ptx_ex2_approx_ftz_f32(float& d, float x) { d = exponential2(x); }
inline void ptx_ex2_approx_f32(float& d, float x) { d = exponential2(x); }
inline void ptx_lg2_approx_ftz_f32(float& d, float x) { d = logarithm2(x); }
inline void ptx_lg2_approx_f32(float& d, float x) { d = logarithm2(x); }
inline void ptx_rcp_approx_ftz_f32(float& d, float x) { d = 1.0f / x; }
inline void ptx_rcp_approx_f32(float& d, float x) { d = 1.0f / x; }
inline void ptx_tanh_approx_f32(float& d, float x) { d = hyperbolic_tangent(x); }

}  // namespace emulator
