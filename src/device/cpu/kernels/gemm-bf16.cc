// Matrix products of bf16 rows and bf16 weights, summed in float32.

#include <cstdint>

#include "gemm-stages.h"

/**
 * See `matmul` in the device contract. All floats are bf16, except `out` if out_is_f32. With an epilogue, out is bf16. The
 * bits are those of ct_matmul with the operands widened, rounded once when they are stored.
 */
extern "C" void ct_matmul_bf16(void* out, int32_t out_is_f32, const bf16* a, const bf16* b, int64_t m, int64_t n,
                               int64_t k, int32_t transpose_a, int32_t transpose_b, int32_t accumulate, int32_t epilogue,
                               const bf16* bias, bf16* pre_activation, int32_t activation) {
  using namespace gemm;
  if (m <= 0 || n <= 0) return;
  if (out_is_f32) {
    const Target<float, bf16> target{static_cast<float*>(out), n, accumulate != 0, Epilogue::none, nullptr, nullptr, {}};
    multiply(target, a, b, m, k, transpose_a != 0, transpose_b != 0);
  } else {
    const Target<bf16, bf16> target{static_cast<bf16*>(out), n,    accumulate != 0, static_cast<Epilogue>(epilogue),
                                    bias, pre_activation, static_cast<Activation>(activation)};
    multiply(target, a, b, m, k, transpose_a != 0, transpose_b != 0);
  }
}
