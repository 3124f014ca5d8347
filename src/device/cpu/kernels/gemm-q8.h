// Products of float32 rows and weights in 8 bits. Few rows are rounded to 8 bits as well where the processor multiplies
// bytes faster than it widens them (gemm-q8-dots.h); many rows go to the chosen unit for bf16, if there is one. Otherwise the
// weights are widened to float32.

#pragma once

#include <cstdint>

#include "gemm-tile.h"
#include "q8.h"

namespace gemm {

/** The instructions that multiply bytes, as far as this library was compiled for them. Also in src/device/cpu/q8-unit.ts. */
enum class DotKind : int32_t { widening, portable, avx2, avx_vnni, avx512_vnni, sdot };

/** See `matmul` in the device contract. */
void multiply_q8(const Target<float, float>& target, const float* a, const q8_block* b, int64_t m, int64_t k,
                 bool transpose_a, bool transpose_b);

}  // namespace gemm
