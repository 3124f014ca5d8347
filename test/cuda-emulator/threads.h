// What the translated kernels ask of the fibers that run them. Everything here is called from within a thread.

#pragma once

namespace emulator {

using size_t = decltype(sizeof 0);
using uint32_t = unsigned;
using uint64_t = unsigned long;

enum Reduce { COUNT, ANY, ALL };
/** __syncthreads and its relatives: gives what all threads gave. */
uint32_t synchronize_threads(Reduce reduce, uint32_t value, int line);

/** Gets the operands of every lane of the mask, null for the others, and writes the results into them. */
using Perform = void (*)(void* operands[32]);
/** An operation that the lanes of a mask do together; __syncwarp where `perform` is null. */
void collective(const char* operation, uint32_t mask, void* operands, Perform perform, int line);

int lane();
uint32_t active_lanes();
[[noreturn]] void fail(const char* what);
[[noreturn]] void assertion(const char* condition, int line);

/** Checks of accesses that the compiler does not see. */
void checked_read(const void* address, size_t size);
void checked_write(void* address, size_t size);

/** A pointer into shared memory as PTX has it, and back. */
uint32_t shared_address(const void* pointer);
void* shared_pointer(uint32_t address);

/** cp.async: happens at the wait, so that a read before it sees the poison. */
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
