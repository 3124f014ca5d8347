// The instructions that multiply bf16 numbers without widening them, as far as this library was compiled for them. Which one is
// used is decided once, when the library is loaded (src/device/cpu/bf16-unit.ts), since each rounds in its own way.

#pragma once

#include <cstdint>

#include "simd.h"

namespace gemm {

/** Also in src/device/cpu/bf16-unit.ts. */
enum class UnitKind : int32_t { widening, portable_tiles, portable_pairs, portable_squares, amx, avx512_bf16, bfmmla };

/** Computes on panels as gemm-bf16-pack.h makes them. */
struct Unit {
  /** Called by a thread before and after a number of products. */
  void (*begin)();
  void (*end)();
  /** sums[32][32] = or += the product of `steps` steps of a panel of A and a panel of B. Sums go on in the order of depth. */
  void (*multiply)(const bf16* a, const bf16* b, int64_t steps, float* sums, bool add);
};

/** The unit of a kind other than `widening`; null if this library was not compiled for it. */
const Unit* unit_of(UnitKind kind);

/** The unit of this thread's products; null for widening. */
const Unit* chosen_unit();

}  // namespace gemm
