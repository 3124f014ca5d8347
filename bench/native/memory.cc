// How fast the memory is: threads read it, or read and write it in place. The caller gives more than any cache holds.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

#include "together.h"

namespace {

// Several sums, so that the additions do not wait for each other.
constexpr int64_t kLanes = 64;
/** Floats that a thread takes at a time. A thread that the system interrupts does not keep the others waiting. */
constexpr int64_t kPiece = 1 << 18;

void read_piece(const float* from) {
  float sums[kLanes] = {};
  for (int64_t at = 0; at < kPiece; at += kLanes)
    for (int64_t lane = 0; lane < kLanes; ++lane) sums[lane] += from[at + lane];
  float sum = 0;
  for (float lane : sums) sum += lane;
  volatile float kept = sum;
  (void)kept;
}

void update_piece(float* at) {
  // 1 stays 1.
  for (int64_t index = 0; index < kPiece; ++index) at[index] = at[index] * 0.75f + 0.25f;
}

/**
 * Bytes per second of passes over `size` floats, a multiple of kPiece, that together take at least `seconds`: the median,
 * because one interruption by the system would lower the mean.
 */
template <typename Work>
double bandwidth(int32_t threads, float* memory, int64_t size, double seconds, int times_moved, Work work) {
  std::vector<double> passes;
  double taken = 0;
  do {
    std::atomic<int64_t> next{0};
    passes.push_back(together(threads, [&](int32_t) {
      for (int64_t at = kPiece * next++; at < size; at = kPiece * next++) work(memory + at);
    }));
    taken += passes.back();
  } while (taken < seconds);
  const auto middle = passes.begin() + passes.size() / 2;
  std::nth_element(passes.begin(), middle, passes.end());
  return times_moved * 4.0 * size / *middle;
}

}  // namespace

extern "C" {

double read_bandwidth(int32_t threads, float* memory, int64_t size, double seconds) {
  return bandwidth(threads, memory, size, seconds, 1, read_piece);
}

/** Counts each byte twice: once read, once written. */
double update_bandwidth(int32_t threads, float* memory, int64_t size, double seconds) {
  return bandwidth(threads, memory, size, seconds, 2, update_piece);
}

}  // extern "C"
