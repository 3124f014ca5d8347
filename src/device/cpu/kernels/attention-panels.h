// Attention of bf16 rows on a unit that multiplies panels (gemm-bf16-units.h), for training. Parameters are those of
// ct_attention_bf16 and ct_attention_backward_bf16.

#pragma once

#include <cstdint>

#include "gemm-bf16-units.h"
#include "philox.h"
#include "simd.h"

void attention_on_unit(const gemm::Unit& unit, bf16* out, float* log_sum_exp, const bf16* qkv, const int32_t* starts,
                       const int32_t* ends, int64_t rows, int64_t channels, int64_t heads, float scale,
                       const Dropout& dropout);

void attention_backward_on_unit(const gemm::Unit& unit, bf16* grad_qkv, const bf16* grad_out, const bf16* out,
                                const float* log_sum_exp, const bf16* qkv, const int32_t* starts, const int32_t* ends,
                                int64_t rows, int64_t channels, int64_t heads, float scale, const Dropout& dropout);
