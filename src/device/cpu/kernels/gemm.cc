// Matrix products of float32 rows with the epilogues of device.ts.

#include <cstdint>

#include "gemm-stages.h"

/** See `matmul` in the device contract. b is float, or bf16 if b_is_bf16. */
extern "C" void ct_matmul(float* out, const float* a, const void* b, int32_t b_is_bf16, int64_t m, int64_t n, int64_t k,
                          int32_t transpose_a, int32_t transpose_b, int32_t accumulate, int32_t epilogue,
                          const float* bias, float* pre_activation, int32_t activation) {
  using namespace gemm;
  if (m <= 0 || n <= 0) return;
  const Target<float, float> target{out,  n,    accumulate != 0, static_cast<Epilogue>(epilogue),
                                    bias, pre_activation, static_cast<Activation>(activation)};
  if (b_is_bf16)
    multiply(target, a, static_cast<const bf16*>(b), m, k, transpose_a != 0, transpose_b != 0);
  else
    multiply(target, a, static_cast<const float*>(b), m, k, transpose_a != 0, transpose_b != 0);
}
