// What the emulated driver (libcuda) and a compiled kernel module tell each other. A module is a shared library: the
// translated kernels, one `emulator_kernel_<name>` a kernel, and simt.cc, which runs them. Neither side knows the
// other's insides; all memory is the driver's, all execution the module's.

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
  /** Of __launch_bounds__; 1024 where there are none. */
  int max_threads;
};

/** The device's memory: `shadow` has a byte for every 8 of the arena, which says how many of them may be touched. */
struct Memory {
  uint8_t* arena;
  size_t bytes;
  const uint8_t* shadow;
  /** Writes a phrase for what lies at an address: `16 bytes past the end of an allocation of 128 bytes`. */
  void (*describe)(const void* address, char* text, size_t size);
  /** One for each thread of a block, each with a page below that cannot be touched; for all modules, as one runs at a time. */
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

/** How a launch went. */
struct Fault {
  int outcome;
  char text[1024];
  /** Bytes that its cp.async brought. */
  uint64_t copied;
};

/** The module's entry: `emulator_run`. */
using Run = void (*)(const Memory*, const Kernel*, const char* name, const Shape*, void** arguments, Fault*);

}  // namespace emulator
