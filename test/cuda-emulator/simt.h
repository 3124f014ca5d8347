// The interface between the emulated driver (libcuda) and a compiled kernel module. A module is a shared library: the
// translated kernels, one `emulator_kernel_<name>` per kernel, and simt.cc, which runs them. Neither side knows the
// other's internals. The driver owns all memory; the module does all execution.

#pragma once

#include <cstddef>
#include <cstdint>

namespace emulator {

constexpr int kMaxParameters = 64, kMaxThreads = 1024;
constexpr size_t kStackBytes = 128 << 10;

/** One `__global__` function. */
struct Kernel {
  void (*call)(void** arguments);
  int parameters;
  size_t sizes[kMaxParameters];
  /** From __launch_bounds__; 1024 without it. */
  int max_threads;
};

/** The device's memory. `shadow` has one byte for every 8 bytes of the arena: how many of them may be accessed. */
struct Memory {
  uint8_t* arena;
  size_t bytes;
  const uint8_t* shadow;
  /** Describes an address in words: `16 bytes past the end of an allocation of 128 bytes`. */
  void (*describe)(const void* address, char* text, size_t size);
  /**
   * One stack per thread of a block, each above an inaccessible page. All modules share them, since only one runs at a
   * time.
   */
  char* stacks;
};

struct Shape {
  uint32_t grid[3];
  uint32_t block[3];
  uint32_t shared_bytes;
};

/** CUresult values that a kernel can end with. */
enum Outcome {
  FINISHED = 0,
  ILLEGAL_ADDRESS = 700,
  ASSERTION_FAILED = 710,
  MISALIGNED_ADDRESS = 716,
  LAUNCH_FAILED = 719,
};

/** The result of a launch. */
struct Fault {
  int outcome;
  char text[1024];
  /** Bytes copied with cp.async. */
  uint64_t copied;
};

/** The module's entry: `emulator_run`. */
using Run = void (*)(const Memory*, const Kernel*, const char* name, const Shape*, void** arguments, Fault*);

}  // namespace emulator
