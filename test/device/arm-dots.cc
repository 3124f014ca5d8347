// Compares SDOT with the portable products of bytes on an Arm processor, which may be emulated. Prints how many products were
// compared; ends with 1 at the first whose bits differ.
//
//     aarch64-linux-gnu-g++ -std=c++17 -O2 -static -pthread -ffp-contract=off -march=armv8.2-a+dotprod arm-dots.cc
//         KERNELS/{gemm,gemm-q8,gemm-bf16-units,memory,team}.cc
//     qemu-aarch64-static -cpu max ./a.out

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <random>
#include <vector>

#include "gemm-q8.h"

extern "C" {
int32_t ct_has_q8_unit(int32_t kind);
void ct_use_q8_unit(int32_t kind);
void ct_quantize(q8_block* target, const float* source, int64_t size);
void ct_matmul(float* out, const float* a, const void* b, int32_t b_type, int64_t m, int64_t n, int64_t k, int32_t transpose_a,
               int32_t transpose_b, int32_t accumulate, int32_t epilogue, const float* bias, float* pre_activation,
               int32_t activation);
}

int main() {
  constexpr auto kSdot = static_cast<int32_t>(gemm::DotKind::sdot);
  constexpr auto kPortable = static_cast<int32_t>(gemm::DotKind::portable);
  if (!ct_has_q8_unit(kSdot)) return puts("compiled without SDOT"), 1;
  constexpr int64_t kShapes[][3] = {{1, 1, 32}, {1, 70, 96}, {1, 600, 768}, {2, 33, 64}, {7, 65, 1056}, {16, 130, 256}};
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  int compared = 0;
  for (const auto [m, n, k] : kShapes) {
    std::vector<float> a(m * k), weights(n * k);
    for (auto* numbers : {&a, &weights})
      for (float& number : *numbers) number = normal(random);
    std::vector<q8_block> b(n * k / Q8_BLOCK);
    ct_quantize(b.data(), weights.data(), n * k);
    const auto product = [&](int32_t kind) {
      std::vector<float> out(m * n);
      ct_use_q8_unit(kind);
      ct_matmul(out.data(), a.data(), b.data(), 2, m, n, k, 0, 1, 0, 0, nullptr, nullptr, 0);
      return out;
    };
    const auto expected = product(kPortable), actual = product(kSdot);
    if (memcmp(actual.data(), expected.data(), actual.size() * sizeof(float)) != 0)
      return printf("[%ld,%ld,%ld] differs\n", long(m), long(n), long(k)), 1;
    compared++;
  }
  printf("%d\n", compared);
}
