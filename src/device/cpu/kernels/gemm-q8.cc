// See gemm-q8.h.

#include "gemm-q8.h"

#include "gemm-bf16-stages.h"
#include "gemm-bf16-units.h"
#include "gemm-q8-dots.h"
#include "gemm-stages.h"
#include "team.h"

namespace gemm {
namespace {

/** Blocks of a task that rounds rows of A. */
constexpr int64_t kRoundedBlocks = 512;

/** Null for a kind that this library was not compiled for, and for widening. */
DotStrip strip_of(DotKind kind) {
  switch (kind) {
    case DotKind::portable:
      return dot_strip<PortableDots>;
    case DotKind::avx2:
#if defined(GEMM_AVX2_DOTS)
      return dot_strip<Avx2Dots>;
#else
      return nullptr;
#endif
    case DotKind::avx_vnni:
#if defined(GEMM_AVX_VNNI_DOTS)
      return dot_strip<AvxVnniDots>;
#else
      return nullptr;
#endif
    case DotKind::avx512_vnni:
#if defined(GEMM_AVX512_VNNI_DOTS)
      return dot_strip<Avx512VnniDots>;
#else
      return nullptr;
#endif
    case DotKind::sdot:
#if defined(GEMM_SDOT_DOTS)
      return dot_strip<SdotDots>;
#else
      return nullptr;
#endif
    case DotKind::widening:
      break;
  }
  return nullptr;
}

thread_local DotStrip chosen_strip = nullptr;

/** The rows in the buffer of the calling thread. */
RoundedRows rounded(const float* a, int64_t m, int64_t k) {
  thread_local Buffer buffer;
  const int64_t blocks = k / Q8_BLOCK;
  float* const scales = buffer.of_size(m * blocks + m * k / static_cast<int64_t>(sizeof(float)));
  auto* const values = reinterpret_cast<int8_t*>(scales + m * blocks);
  team::share_pieces(m * blocks, kRoundedBlocks, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; block++)
      round_block(values + block * Q8_BLOCK, scales + block, a + block * Q8_BLOCK);
  });
  return {values, scales, blocks};
}

}  // namespace

void multiply_q8(const Target<float, float>& target, const float* a, const q8_block* b, int64_t m, int64_t k,
                 bool transpose_a, bool transpose_b) {
  const bool few = is_narrow(m, transpose_a, transpose_b);
  const DotStrip multiply_strip = chosen_strip;
  const Unit* const unit = chosen_unit();
  // The blocks of b lie along the depth only if it is transposed.
  if (transpose_b && !few && unit != nullptr)
    return multiply_panels(*unit, target, Operand<float>{a, transpose_a ? m : k, !transpose_a},
                           Operand<q8>{{b, 0}, k, true}, m, target.columns, k, KeptPanels{nullptr, false});
  if (multiply_strip == nullptr || !transpose_b || !few)
    return multiply<q8>(target, a, Q8Pointer{b, 0}, m, k, transpose_a, transpose_b);
  const RoundedRows rows = rounded(a, m, k);
  share_strips(target, m, k, kContiguousStrip, [&](int64_t column, int64_t columns, float* sums) {
    multiply_strip(rows, m, b + column * rows.blocks, columns, sums);
  });
}

}  // namespace gemm

extern "C" {

/** Whether this library was compiled for a kind of products of bytes (DotKind). The processor may lack it all the same. */
int32_t ct_has_q8_unit(int32_t kind) {
  const auto dots = static_cast<gemm::DotKind>(kind);
  return dots == gemm::DotKind::widening || gemm::strip_of(dots) != nullptr;
}

/** Sets how later products of few rows from this thread are computed (DotKind). What this library lacks means widening. */
void ct_use_q8_unit(int32_t kind) { gemm::chosen_strip = gemm::strip_of(static_cast<gemm::DotKind>(kind)); }

}  // extern "C"
