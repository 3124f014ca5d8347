// Matrix products of float32 rows with the epilogues of device.ts.

#include <cstdint>

#include "gemm-q8.h"
#include "gemm-stages.h"

/** See `matmul` in the device contract. b_type is that of b: float 0, bf16 1, q8 2. */
extern "C" void ct_matmul(float* out, const float* a, const void* b, int32_t b_type, int64_t m, int64_t n, int64_t k,
                          int32_t transpose_a, int32_t transpose_b, int32_t accumulate, int32_t epilogue,
                          const float* bias, float* pre_activation, int32_t activation) {
  using namespace gemm;
  if (m <= 0 || n <= 0) return;
  const Target<float, float> target{out,  n,    accumulate != 0, static_cast<Epilogue>(epilogue),
                                    bias, pre_activation, static_cast<Activation>(activation)};
  const bool ta = transpose_a != 0, tb = transpose_b != 0;
  if (b_type == 2)
    multiply_q8(target, a, static_cast<const q8_block*>(b), m, k, ta, tb);
  else if (b_type == 1)
    multiply<bf16>(target, a, static_cast<const bf16*>(b), m, k, ta, tb);
  else
    multiply<float>(target, a, static_cast<const float*>(b), m, k, ta, tb);
}
