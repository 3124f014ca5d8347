// Float32 weights that are read as if they were stored in bf16: every number is rounded when it is loaded. A model that is
// trained in bf16 needs no second copy of its matrices then. The bits are those of a copy that was rounded before.

#pragma once

#include <cstdint>

#include "simd.h"

/** A number of such weights. */
struct rounded {
  float value;
};

SIMD_INLINE const rounded* as_rounded(const float* p) { return reinterpret_cast<const rounded*>(p); }

SIMD_INLINE float widen(rounded x) { return widen(narrow(x.value)); }
SIMD_INLINE vf load(const rounded* p) { return round_to_bf16(load(&p->value)); }
SIMD_INLINE vf load_first(const rounded* p, int64_t n) { return round_to_bf16(load_first(&p->value, n)); }
