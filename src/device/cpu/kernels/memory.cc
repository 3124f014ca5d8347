// Memory for tensors (allocation, copies, fills, bf16 conversion), the number of threads, and the instruction set. It knows
// nothing about shapes. Allocation and copies take sizes in bytes, all other functions in elements. The operating system
// zeroes new pages when they are first touched, so a large allocation costs nothing until it is used.

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "q8.h"
#include "simd.h"
#include "team.h"

namespace {

constexpr int64_t kHugePage = 2 << 20;
constexpr int64_t kBytesPerChunk = 1 << 20;

int64_t rounded_up(int64_t bytes, int64_t unit) { return (bytes + unit - 1) / unit * unit; }

/**
 * The size that is mapped for a request. Allocation and release must use the same size. The end is in small pages: the unused
 * part of a huge page would be resident, too, and a model allocates hundreds of tensors of a few megabytes.
 */
int64_t mapped_size(int64_t bytes) { return rounded_up(bytes, static_cast<int64_t>(sysconf(_SC_PAGESIZE))); }

void* map(int64_t bytes) {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

template <class Work>
void share_elements(int64_t size, const Work& work) {
  team::share_pieces(size, kBytesPerChunk / 4, work);
}

/**
 * Numbers become multiples of the scale, such that the errors of a block add up to at most half of it: where rows that a block
 * is multiplied with have a mean other than 0, as after GELU, errors of one sign would add up. The numbers nearest to the middle
 * of two multiples are rounded the other way for that. A block with NaN or infinity becomes NaN, because integers could not
 * show it.
 */
void quantize(q8_block& block, const float* numbers) {
  float largest = 0;
  bool finite = true;
  for (int64_t at = 0; at < Q8_BLOCK; at++) {
    largest = std::max(largest, std::fabs(numbers[at]));
    finite &= std::isfinite(numbers[at]);
  }
  // The integers are those for the rounded scale.
  block.scale = narrow(finite ? largest / 127 : std::numeric_limits<float>::quiet_NaN());
  const float scale = widen(block.scale);
  float errors[Q8_BLOCK], sum = 0;
  for (int64_t at = 0; at < Q8_BLOCK; at++) {
    const float steps = finite && scale > 0 ? numbers[at] / scale : 0;
    const float rounded = std::clamp(std::nearbyint(steps), -127.0f, 127.0f);
    block.values[at] = static_cast<int8_t>(rounded);
    errors[at] = steps - rounded;
    sum += errors[at];
  }
  const int sign = sum > 0 ? 1 : -1;
  for (; sum * sign > 0.5f; sum -= sign) {
    int64_t chosen = -1;
    for (int64_t at = 0; at < Q8_BLOCK; at++)
      if (block.values[at] * sign < 127 && (chosen < 0 || errors[at] * sign > errors[chosen] * sign)) chosen = at;
    if (chosen < 0) break;
    block.values[chosen] = static_cast<int8_t>(block.values[chosen] + sign);
    errors[chosen] -= sign;
  }
}

}  // namespace

extern "C" {

/** Zeroed memory at a page boundary, or 0 if the operating system has none. Uses huge pages from 2 MiB on. */
uintptr_t ct_allocate(int64_t bytes) {
  const int64_t size = mapped_size(bytes);
  if (bytes < kHugePage) return reinterpret_cast<uintptr_t>(map(size));
  // A huge page needs an aligned address: map one extra huge page, then unmap both edges.
  char* const start = static_cast<char*>(map(size + kHugePage));
  if (start == nullptr) return 0;
  const uintptr_t address = rounded_up(reinterpret_cast<uintptr_t>(start), kHugePage);
  char* const aligned = reinterpret_cast<char*>(address);
  if (aligned > start) munmap(start, aligned - start);
  if (aligned < start + kHugePage) munmap(aligned + size, start + kHugePage - aligned);
#ifdef MADV_HUGEPAGE
  madvise(aligned, size, MADV_HUGEPAGE);
#endif
  return address;
}

/** @param bytes the size given to ct_allocate. */
void ct_release(uintptr_t address, int64_t bytes) { munmap(reinterpret_cast<void*>(address), mapped_size(bytes)); }

void ct_copy(void* target, const void* source, int64_t bytes) {
  team::share_pieces(bytes, kBytesPerChunk, [&](int64_t from, int64_t end) {
    memcpy(static_cast<char*>(target) + from, static_cast<const char*>(source) + from, end - from);
  });
}

/** Writes the same four bytes (a float or an integer) `size` times. */
void ct_fill(int32_t* target, int32_t bits, int64_t size) {
  share_elements(size, [&](int64_t begin, int64_t end) { std::fill(target + begin, target + end, bits); });
}

/** target[size] = source[size], rounded to nearest, ties to even. */
void ct_narrow(bf16* target, const float* source, int64_t size) {
  share_elements(size, [&](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; index++) target[index] = narrow(source[index]);
  });
}

void ct_widen(float* target, const bf16* source, int64_t size) {
  share_elements(size, [&](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; index++) target[index] = widen(source[index]);
  });
}

/** target[size] = source[size] as q8. The scale of a block lets its largest number be 127. size is whole blocks. */
void ct_quantize(q8_block* target, const float* source, int64_t size) {
  team::share_pieces(size / Q8_BLOCK, kBytesPerChunk / (4 * Q8_BLOCK), [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; block++) quantize(target[block], source + block * Q8_BLOCK);
  });
}

void ct_dequantize(float* target, const q8_block* source, int64_t size) {
  share_elements(size, [&](int64_t begin, int64_t end) {
    const Q8Pointer from{source, 0};
    for (int64_t index = begin; index < end; index++) target[index] = from[index];
  });
}

void ct_fill_bf16(bf16* target, float value, int64_t size) {
  share_elements(size, [&](int64_t begin, int64_t end) { std::fill(target + begin, target + end, narrow(value)); });
}

/** Sets the number of threads for later calls from this thread. */
void ct_set_threads(int32_t threads) { team::set_helpers(threads - 1); }

/** The instructions of the vectors in simd.h, for people. Those of Arm have a fixed length, also where it has SVE. */
const char* ct_instruction_set() {
#if defined(__AVX512F__)
  return "AVX-512";
#elif defined(__AVX2__)
  return "AVX2";
#elif defined(__AVX__)
  return "AVX";
#elif defined(__SSE2__)
  return "SSE2";
#elif defined(__ARM_NEON)
  return "NEON";
#else
  return "no vector instructions";
#endif
}

}  // extern "C"
