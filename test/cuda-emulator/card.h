// What the environment says about the emulated cards.

#pragma once

#include <cstddef>

namespace emulator {

/** Whether cuInit has succeeded. */
bool is_initialized();
int device_count();
/** @param part 0: major, 1: minor */
int compute_capability(int part);
/** The most dynamic shared memory per block, and what a kernel may use without asking for more. */
size_t most_shared();
constexpr size_t kSharedWithoutAsking = 48 << 10;

}  // namespace emulator
