// Matrix products of bf16 rows and bf16 or float32 weights, summed in float32. Products of many rows go to the chosen unit
// (gemm-bf16-units.h). Without one, and for few rows, the operands are widened.

#include <cstdint>
#include <type_traits>

#include "gemm-bf16-stages.h"
#include "gemm-bf16-units.h"
#include "gemm-stages.h"

namespace gemm {
namespace {

/** Numbers of b as products without a unit read them. */
const bf16* widened(const bf16* b) { return b; }
const rounded* widened(const float* b) { return as_rounded(b); }

/** b is bf16, or float, which is rounded to bf16 when it is read. Returns whether `kept_b` holds the panels of b. */
template <class Out, class B>
bool multiply_bf16(const Target<Out, bf16>& target, const bf16* a, const B* b, int64_t m, int64_t k, bool transpose_a,
                   bool transpose_b, const KeptPanels& kept_b) {
  using Widened = std::remove_const_t<std::remove_pointer_t<decltype(widened(b))>>;
  const int64_t n = target.columns;
  const Unit* const unit = chosen_unit();
  if (unit == nullptr || is_narrow(m, transpose_a, transpose_b)) {
    multiply<Widened>(target, a, widened(b), m, k, transpose_a, transpose_b);
    return kept_b.packed;
  }
  multiply_panels(*unit, target, Operand<bf16>{a, transpose_a ? m : k, !transpose_a},
                  Operand<B>{b, transpose_b ? k : n, transpose_b}, m, n, k, kept_b);
  return kept_b.panels != nullptr;
}

template <class B>
int32_t multiply_bf16(void* out, int32_t out_is_f32, const bf16* a, const B* b, int64_t m, int64_t n, int64_t k,
                      int32_t transpose_a, int32_t transpose_b, int32_t accumulate, int32_t epilogue, const bf16* bias,
                      bf16* pre_activation, int32_t activation, bf16* packed_b, int32_t is_packed) {
  const KeptPanels kept_b{packed_b, is_packed != 0};
  if (m <= 0 || n <= 0) return kept_b.packed;
  if (out_is_f32) {
    const Target<float, bf16> target{static_cast<float*>(out), n, accumulate != 0, Epilogue::none, nullptr, nullptr, {}};
    return multiply_bf16(target, a, b, m, k, transpose_a != 0, transpose_b != 0, kept_b);
  }
  const Target<bf16, bf16> target{static_cast<bf16*>(out), n,    accumulate != 0, static_cast<Epilogue>(epilogue),
                                  bias, pre_activation, static_cast<Activation>(activation)};
  return multiply_bf16(target, a, b, m, k, transpose_a != 0, transpose_b != 0, kept_b);
}

}  // namespace
}  // namespace gemm

extern "C" {

/**
 * See `matmul` in the device contract. All floats are bf16, except `out` if out_is_f32. With an epilogue, out is bf16. If the
 * operands are widened, the bits are those of ct_matmul, rounded once when they are stored.
 * @param packed_b memory for the panels of b, which later products may reuse; may be null
 * @param is_packed whether it holds them. Returns whether it holds them now: few rows, or widening, do not need them.
 */
int32_t ct_matmul_bf16(void* out, int32_t out_is_f32, const bf16* a, const bf16* b, int64_t m, int64_t n, int64_t k,
                       int32_t transpose_a, int32_t transpose_b, int32_t accumulate, int32_t epilogue, const bf16* bias,
                       bf16* pre_activation, int32_t activation, bf16* packed_b, int32_t is_packed) {
  return gemm::multiply_bf16(out, out_is_f32, a, b, m, n, k, transpose_a, transpose_b, accumulate, epilogue, bias,
                             pre_activation, activation, packed_b, is_packed);
}

/** The same with float32 numbers in b, which are rounded to bf16. The bits are those of a b that was rounded before. */
int32_t ct_matmul_bf16_by_f32(void* out, int32_t out_is_f32, const bf16* a, const float* b, int64_t m, int64_t n, int64_t k,
                              int32_t transpose_a, int32_t transpose_b, int32_t accumulate, int32_t epilogue,
                              const bf16* bias, bf16* pre_activation, int32_t activation, bf16* packed_b,
                              int32_t is_packed) {
  return gemm::multiply_bf16(out, out_is_f32, a, b, m, n, k, transpose_a, transpose_b, accumulate, epilogue, bias,
                             pre_activation, activation, packed_b, is_packed);
}

}  // extern "C"
