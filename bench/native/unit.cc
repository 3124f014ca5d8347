// The highest rate of the processor's unit for bf16 products: a bare loop of its instruction, with random operands that stay
// in registers or in the L1 cache. The operands are random, because a processor that multiplies zeros draws less power.
// AMX and AVX-512 BF16; without either there is no rate.

#include <cstdint>
#include <cstring>
#include <random>

#include "together.h"

#if defined(__AMX_TILE__) && defined(__AMX_BF16__) && defined(__linux__)
#define UNIT_AMX
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__AVX512BF16__)
#define UNIT_AVX512_BF16
#include <immintrin.h>
#endif

namespace {

/** Random bf16 numbers in (-1, 1). */
[[maybe_unused]] void fill_random(uint16_t* numbers, int64_t count, int32_t seed) {
  std::minstd_rand random(seed + 1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (int64_t at = 0; at < count; ++at) {
    const float number = uniform(random);
    uint32_t bits;
    std::memcpy(&bits, &number, 4);
    numbers[at] = bits >> 16;
  }
}

#ifdef UNIT_AMX

constexpr const char* kInstruction = "tdpbf16ps";
/** Tiles of 16 rows of 64 bytes: 2 x 2 tiles of results, from 2 tiles of each operand. */
constexpr int64_t kTile = 16 * 32;
/** Multiplications and additions of one round: 4 products of 16 x 16 x 32. */
constexpr double kOperations = 4.0 * 2 * 16 * 16 * 32;

struct alignas(64) TileConfig {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t bytes_per_row[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

/** Linux saves the tiles of a process only if it asks for that (ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA). */
bool allowed() { return syscall(SYS_arch_prctl, 0x1023, 18) == 0; }

void loop(int64_t rounds, int32_t thread) {
  alignas(64) uint16_t operands[4 * kTile];
  fill_random(operands, 4 * kTile, thread);
  const TileConfig config;
  // GCC 12 does not know which memory these instructions read.
  asm volatile("" ::: "memory");
  asm volatile("ldtilecfg %0" ::"m"(config));
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (int64_t round = 0; round < rounds; ++round) {
    _tile_loadd(4, operands, 64);
    _tile_loadd(5, operands + kTile, 64);
    _tile_loadd(6, operands + 2 * kTile, 64);
    _tile_loadd(7, operands + 3 * kTile, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_release();
}

#elif defined(UNIT_AVX512_BF16)

constexpr const char* kInstruction = "vdpbf16ps";
/** As many independent sums as hide the instruction's latency, with operands that fit into the other registers. */
constexpr int kSums = 12;
/** Multiplications and additions of one round: 32 pairs in each sum. */
constexpr double kOperations = kSums * 2.0 * 32;

bool allowed() { return true; }

void loop(int64_t rounds, int32_t thread) {
  alignas(64) uint16_t numbers[kSums + 1][32];
  fill_random(&numbers[0][0], (kSums + 1) * 32, thread);
  __m512 sums[kSums] = {};
  __m512bh operands[kSums + 1];
  for (int at = 0; at <= kSums; ++at) operands[at] = reinterpret_cast<__m512bh>(_mm512_load_si512(numbers[at]));
  for (int64_t round = 0; round < rounds; ++round)
#pragma GCC unroll 12
    for (int sum = 0; sum < kSums; ++sum) sums[sum] = _mm512_dpbf16_ps(sums[sum], operands[kSums], operands[sum]);
  __m512 total = sums[0];
  for (int sum = 1; sum < kSums; ++sum) total = _mm512_add_ps(total, sums[sum]);
  // Otherwise the compiler would see that nobody reads the sums.
  asm volatile("" ::"v"(total));
}

#else

constexpr const char* kInstruction = "";
constexpr double kOperations = 0;
bool allowed() { return false; }
void loop(int64_t, int32_t) {}

#endif

}  // namespace

extern "C" {

/** Empty if the processor has no unit that this file knows, or the system does not let programs use it. */
const char* unit_instruction() { return allowed() ? kInstruction : ""; }

/** Operations per second of all threads together, in `rounds` rounds of the loop. */
double unit_rate(int32_t threads, int64_t rounds) {
  if (!allowed()) return 0;
  const double seconds = together(threads, [&](int32_t thread) { loop(rounds, thread); });
  return kOperations * rounds * threads / seconds;
}

}  // extern "C"
