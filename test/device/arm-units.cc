// Compares BFMMLA with the portable squares on an Arm processor, which may be emulated. Prints how many products and results of
// attention were compared; ends with 1 at the first that differs by more than rounding.
//
//     aarch64-linux-gnu-g++ -std=c++17 -O2 -static -pthread -march=armv8.2-a+bf16 arm-units.cc \
//         KERNELS/{attention,gemm-bf16,team}*.cc
//     qemu-aarch64-static -cpu max ./a.out

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "gemm-bf16-units.h"

extern "C" {
int32_t ct_has_bf16_unit(int32_t kind);
void ct_use_bf16_unit(int32_t kind);
int32_t ct_matmul_bf16(void* out, int32_t out_is_f32, const bf16* a, const bf16* b, int64_t m, int64_t n, int64_t k,
                       int32_t transpose_a, int32_t transpose_b, int32_t accumulate, int32_t epilogue, const bf16* bias,
                       bf16* pre_activation, int32_t activation, bf16* packed_b, int32_t is_packed);
void ct_use_bf16_unit_in_attention(int32_t kind);
void ct_attention_bf16(bf16* out, float* log_sum_exp, const bf16* qkv, const int32_t* starts, const int32_t* ends,
                       int64_t rows, int64_t channels, int64_t heads, float scale, float probability, int32_t site,
                       const int32_t* counter);
void ct_attention_backward_bf16(bf16* grad_qkv, const bf16* grad_out, const bf16* out, const float* log_sum_exp,
                                const bf16* qkv, const int32_t* starts, const int32_t* ends, int64_t rows,
                                int64_t channels, int64_t heads, float scale, float probability, int32_t site,
                                const int32_t* counter);
}

constexpr auto kUnit = static_cast<int32_t>(gemm::UnitKind::bfmmla);
constexpr auto kPortable = static_cast<int32_t>(gemm::UnitKind::portable_squares);

std::mt19937 random_bits(1);

std::vector<bf16> random_numbers(int64_t count) {
  std::normal_distribution<float> normal;
  std::vector<bf16> numbers(count);
  for (bf16& number : numbers) number = narrow(normal(random_bits));
  return numbers;
}

std::vector<float> widened(const std::vector<bf16>& numbers) {
  std::vector<float> wide;
  for (const bf16 number : numbers) wide.push_back(widen(number));
  return wide;
}

/** Ends the process if a number differs by more than `tolerance` of the largest one. */
void expect_close(const std::vector<float>& actual, const std::vector<float>& expected, float tolerance, const char* what) {
  float largest = 0;
  for (const float value : expected) largest = std::max(largest, std::abs(value));
  for (size_t at = 0; at < expected.size(); at++)
    if (!(std::abs(actual[at] - expected[at]) <= largest * tolerance)) {
      printf("%s: [%zu] is %g, expected %g\n", what, at, actual[at], expected[at]);
      exit(1);
    }
}

int compare_products() {
  constexpr int64_t kShapes[][3] = {{17, 1, 1}, {18, 3, 0}, {32, 32, 32}, {37, 60, 61}, {97, 33, 257}, {20, 30, 2100}};
  int compared = 0;
  for (const auto [m, n, k] : kShapes)
    for (int transposes = 0; transposes < 4; transposes++)
      for (int epilogue = -2; epilogue < 4; epilogue++) {
        // -2 and -1: float32, overwritten and added to.
        const bool wide = epilogue < 0;
        const auto a = random_numbers(m * k), b = random_numbers(k * n), bias = random_numbers(n);
        const auto before = random_numbers(m * n);
        const auto product = [&](int32_t unit) {
          std::vector<float> sums(m * n, 0.5f);
          std::vector<bf16> out(m * n), saved(before);
          ct_use_bf16_unit(unit);
          ct_matmul_bf16(wide ? static_cast<void*>(sums.data()) : out.data(), wide, a.data(), b.data(), m, n, k,
                         transposes & 1, transposes >> 1, epilogue == -1, std::max(epilogue, 0), bias.data(), saved.data(),
                         transposes & 1, nullptr, 0);
          return wide ? sums : widened(out);
        };
        const auto expected = product(kPortable), actual = product(kUnit);
        char what[80];
        snprintf(what, sizeof what, "[%ld,%ld,%ld], transposes %d, epilogue %d", long(m), long(n), long(k), transposes,
                 epilogue);
        expect_close(actual, expected, wide ? 1e-5f : 1.0f / 128, what);
        compared++;
      }
  return compared;
}

/** Forward and backward over segments of 70, 1 and 64 rows, with dropout. */
int compare_attention() {
  constexpr int64_t kRows = 135, kHeads = 2;
  const int32_t counter[] = {1, 2, 3};
  std::vector<int32_t> starts(kRows), ends(kRows);
  for (int32_t row = 0; row < kRows; row++) {
    starts[row] = row < 70 ? 0 : row < 71 ? 70 : 71;
    ends[row] = row < 70 ? 70 : row < 71 ? 71 : 135;
  }
  int compared = 0;
  for (const int64_t size : {64, 20}) {
    const int64_t channels = kHeads * size;
    const auto qkv = random_numbers(kRows * 3 * channels), grad_out = random_numbers(kRows * channels);
    const auto results = [&](int32_t unit) {
      std::vector<bf16> out(kRows * channels), grad_qkv(kRows * 3 * channels);
      std::vector<float> log_sum_exp(kHeads * kRows);
      ct_use_bf16_unit_in_attention(unit);
      ct_attention_bf16(out.data(), log_sum_exp.data(), qkv.data(), starts.data(), ends.data(), kRows, channels, kHeads,
                        0.2f, 0.1f, 4, counter);
      ct_attention_backward_bf16(grad_qkv.data(), grad_out.data(), out.data(), log_sum_exp.data(), qkv.data(),
                                 starts.data(), ends.data(), kRows, channels, kHeads, 0.2f, 0.1f, 4, counter);
      return std::vector<std::vector<float>>{log_sum_exp, widened(out), widened(grad_qkv)};
    };
    const auto expected = results(kPortable), actual = results(kUnit);
    for (size_t at = 0; at < expected.size(); at++, compared++)
      expect_close(actual[at], expected[at], at == 0 ? 1e-5f : 1.0f / 64, "a result of attention");
  }
  return compared;
}

int main() {
  if (!ct_has_bf16_unit(kUnit)) return puts("compiled without BFMMLA"), 1;
  const int products = compare_products();
  printf("%d %d\n", products, compare_attention());
}

