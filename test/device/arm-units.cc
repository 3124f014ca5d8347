// Compares BFMMLA with the portable squares on an Arm processor, which may be emulated. Prints how many products were compared;
// ends with 1 at the first that differs by more than rounding.
//
//     aarch64-linux-gnu-g++ -std=c++17 -O2 -static -pthread -march=armv8.2-a+bf16 arm-units.cc KERNELS/{gemm-bf16*,team}.cc
//     qemu-aarch64-static -cpu max ./a.out

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <random>
#include <vector>

#include "gemm-bf16-units.h"

extern "C" {
int32_t ct_has_bf16_unit(int32_t kind);
void ct_use_bf16_unit(int32_t kind);
void ct_matmul_bf16(void* out, int32_t out_is_f32, const bf16* a, const bf16* b, int64_t m, int64_t n, int64_t k,
                    int32_t transpose_a, int32_t transpose_b, int32_t accumulate, int32_t epilogue, const bf16* bias,
                    bf16* pre_activation, int32_t activation);
}

int main() {
  constexpr auto kUnit = static_cast<int32_t>(gemm::UnitKind::bfmmla);
  constexpr auto kPortable = static_cast<int32_t>(gemm::UnitKind::portable_squares);
  if (!ct_has_bf16_unit(kUnit)) return puts("compiled without BFMMLA"), 1;
  constexpr int64_t kShapes[][3] = {{17, 1, 1}, {18, 3, 0}, {32, 32, 32}, {37, 60, 61}, {97, 33, 257}, {20, 30, 2100}};
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  int compared = 0;
  for (const auto [m, n, k] : kShapes)
    for (int transposes = 0; transposes < 4; transposes++)
      for (int epilogue = -2; epilogue < 4; epilogue++) {
        // -2 and -1: float32, overwritten and added to.
        const bool wide = epilogue < 0;
        std::vector<bf16> a(m * k), b(k * n), bias(n), before(m * n);
        for (auto* numbers : {&a, &b, &bias, &before})
          for (bf16& number : *numbers) number = narrow(normal(random));
        const auto product = [&](int32_t unit) {
          std::vector<float> sums(m * n, 0.5f);
          std::vector<bf16> out(m * n), saved(before);
          ct_use_bf16_unit(unit);
          ct_matmul_bf16(wide ? static_cast<void*>(sums.data()) : out.data(), wide, a.data(), b.data(), m, n, k,
                         transposes & 1, transposes >> 1, epilogue == -1, std::max(epilogue, 0), bias.data(), saved.data(),
                         transposes & 1);
          if (!wide)
            for (int64_t at = 0; at < m * n; at++) sums[at] = widen(out[at]);
          return sums;
        };
        const auto expected = product(kPortable), actual = product(kUnit);
        float largest = 0;
        for (const float value : expected) largest = std::max(largest, std::abs(value));
        for (int64_t at = 0; at < m * n; at++)
          if (!(std::abs(actual[at] - expected[at]) <= largest * (wide ? 1e-5f : 1.0f / 128))) {
            printf("[%ld,%ld,%ld], transposes %d, epilogue %d: [%ld] is %g, expected %g\n", long(m), long(n), long(k),
                   transposes, epilogue, long(at), actual[at], expected[at]);
            return 1;
          }
        compared++;
      }
  printf("%d\n", compared);
}
