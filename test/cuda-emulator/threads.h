// What the translated kernels call in the fibers that run them. All functions are called from within a thread.

#pragma once

namespace emulator {

using size_t = decltype(sizeof 0);
using uint32_t = unsigned;
using uint64_t = unsigned long;

enum Reduce { COUNT, ANY, ALL };
/** __syncthreads and its variants. Returns the reduction of all threads' values. */
uint32_t synchronize_threads(Reduce reduce, uint32_t value, int line);

/** Receives the operands of every lane in the mask (null for the others) and writes the results into them. */
using Perform = void (*)(void* operands[32]);
/** An operation that the lanes of a mask do together; __syncwarp if `perform` is null. */
void collective(const char* operation, uint32_t mask, void* operands, Perform perform, int line);

int lane();
uint32_t active_lanes();
[[noreturn]] void fail(const char* what);
[[noreturn]] void assertion(const char* condition, int line);

/** Checks of accesses that the compiler does not instrument. */
void checked_read(const void* address, size_t size);
void checked_write(void* address, size_t size);

/** Converts a pointer into shared memory to PTX's form and back. */
uint32_t shared_address(const void* pointer);
void* shared_pointer(uint32_t address);

/** cp.async. The copy happens at the wait, so that an earlier read sees the poison. */
void start_copy(void* to, const void* from, int bytes, int filled);
void commit_copies();
void await_copies(int groups_left);

// Operations of a warp (warp.cc).
enum Shuffle { INDEXED, UP, DOWN, XOR };
uint64_t shuffle(Shuffle kind, uint32_t mask, uint64_t value, int argument, int width, int line);
/** Bit i: the predicate of lane i. */
uint32_t ballot(uint32_t mask, bool predicate, int line);
uint32_t match_any(uint32_t mask, uint64_t value, int line);
enum Reduction { ADD, MIN, MAX, AND, OR, EXCLUSIVE_OR };
uint32_t reduce(Reduction kind, uint32_t mask, uint32_t value, int line);

}  // namespace emulator
