// Runs a kernel's threads as fibers on one processor: blocks one after the other, and within a block one warp until all
// its lanes wait, then the next warp. Linked into every module; not instrumented itself. Kernels are compiled with
// -fsanitize=thread,alignment,bounds, but without those sanitizers' libraries: the calls that the compiler inserts
// before each load and store arrive here, and are checked as a card would. Surprising: a module's .bss holds exactly
// its shared memory, so this file keeps its own state in a separate section.

#include "simt.h"

#include <csetjmp>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "builtin-types.h"
#include "threads.h"

#define STATE __attribute__((section(".emulator"), visibility("hidden")))

extern "C" {
// Defined by the linker: the start of the module, and its shared memory.
extern char __ehdr_start[] __attribute__((visibility("hidden")));
extern char __bss_start[] __attribute__((visibility("hidden")));
extern char _end[] __attribute__((visibility("hidden")));
/** The memory of `extern __shared__` arrays, as large as the largest that a card has. */
__attribute__((visibility("hidden"))) alignas(1024) char emulator_dynamic_shared[232448];
/** The path where the driver put the module's file. */
extern __attribute__((visibility("default"))) char emulator_module_path[256];
/** Saves the registers on the stack, stores the stack pointer in *from, and continues where `to` was suspended. */
void emulator_switch(void** from, void* to) __attribute__((visibility("hidden")));
}

#if defined(__x86_64__)
asm(R"(
.text
.hidden emulator_switch
.globl emulator_switch
emulator_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
)");
constexpr int kSavedWords = 6, kReturnWord = 6;
#elif defined(__aarch64__)
asm(R"(
.text
.hidden emulator_switch
.globl emulator_switch
emulator_switch:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
)");
constexpr int kSavedWords = 20, kReturnWord = 11;
#else
#error "the CUDA emulator switches fibers on x86-64 and arm64 only"
#endif

// The built-in variables, set whenever another thread continues.
STATE uint3 threadIdx, blockIdx;
STATE dim3 blockDim, gridDim;

namespace {

using namespace emulator;

constexpr int kWarp = 32;
constexpr int kPendingCopies = 64;

enum Wait { NOTHING, BARRIER, WARP };

/** A global-to-shared copy that was started and not yet waited for. */
struct Copy {
  void* to;
  const void* from;
  int bytes, filled, group;
};

struct Thread {
  void* stack_pointer;
  char* stack;
  uint3 index;
  Wait wait;
  int line;
  const char* operation;
  uint32_t mask;
  void* operands;
  Copy copies[kPendingCopies];
  int pending, groups;
};

struct Warp {
  uint32_t live, ready, started;
  /** The lanes that wait for other lanes of the warp. */
  uint32_t waiting;
  /**
   * The time of the warp's last __syncwarp or the block's last barrier. Accesses of its lanes since then are unordered.
   */
  uint32_t ordered;
};

/**
 * The thread that last accessed two bytes of shared memory, and the value of `ordered` in its warp at that time. This
 * shows whether the access was after the block's last barrier and after its warp's. A `reader` may stand for several
 * lanes of one or more warps.
 */
struct Cell {
  uint32_t written, read;
  uint16_t writer, reader;
};
constexpr uint16_t kManyOfWarp = 0x8000, kManyWarps = 0xffff;

struct State {
  const Memory* memory;
  const Kernel* kernel;
  const char* name;
  void** arguments;
  Fault* fault;
  jmp_buf stop;
  Shape shape;
  int threads, current, alive;
  int barrier_waiting, barrier_line;
  bool barrier_diverged;
  /** Values of the barrier that threads wait for, and of the previous one. */
  uint32_t barrier_value, released_value;
  /** Counts barriers of blocks and warps; `ordered` is its value at the block's last one. */
  uint32_t clock, ordered;
  void* scheduler;
  char* free_stacks[kMaxThreads];
  int free_count;
  Thread* thread;
  Warp warp[kWarp];
  Cell* cells;
  size_t shared_bytes;
};
STATE State s;

[[noreturn]] void stop(Outcome outcome, const char* format, ...) __attribute__((format(printf, 2, 3)));
void stop(Outcome outcome, const char* format, ...) {
  s.fault->outcome = outcome;
  int at = snprintf(s.fault->text, sizeof s.fault->text, "kernel %s, block (%u,%u,%u), thread (%u,%u,%u): ", s.name,
                    blockIdx.x, blockIdx.y, blockIdx.z, threadIdx.x, threadIdx.y, threadIdx.z);
  va_list list;
  va_start(list, format);
  vsnprintf(s.fault->text + at, sizeof s.fault->text - (size_t)at, format, list);
  va_end(list);
  longjmp(s.stop, 1);
}

/** `, line 12 of kernel.cu`, from the debug information; empty if it cannot be read. */
struct Place {
  char text[128] = "";
  explicit Place(const void* return_address) {
    char command[256], file[200];
    const ssize_t offset = (const char*)return_address - __ehdr_start - 1;
    snprintf(command, sizeof command, "addr2line -e '%s' 0x%zx 2>/dev/null", emulator_module_path, (size_t)offset);
    FILE* pipe = popen(command, "r");
    if (!pipe) return;
    if (fgets(file, sizeof file, pipe)) {
      const char* colon = strrchr(file, ':');
      if (colon && atoi(colon + 1) > 0) snprintf(text, sizeof text, ", line %d", atoi(colon + 1));
    }
    pclose(pipe);
  }
};

// ---- Threads ----

void become(int number) {
  s.current = number;
  threadIdx = s.thread[number].index;
}

Warp& warp_of(int number) { return s.warp[number / kWarp]; }
uint32_t bit_of(int number) { return 1u << (number % kWarp); }

void thread_main();

void* fresh_stack(char* stack) {
  // Stacks are a power of two apart. If all started at the same offset, they would compete for the same cache lines.
  const size_t colour = (size_t)(stack - s.memory->stacks) / kStackBytes % 64 * 704;
  uintptr_t top = (uintptr_t)(stack + kStackBytes - colour) & ~(uintptr_t)63;
#if defined(__x86_64__)
  void** frame = (void**)(top - 8 - (kSavedWords + 1) * sizeof(void*));
  memset(frame, 0, (kSavedWords + 2) * sizeof(void*));
#else
  void** frame = (void**)(top - kSavedWords * sizeof(void*));
  memset(frame, 0, kSavedWords * sizeof(void*));
#endif
  frame[kReturnWord] = (void*)thread_main;
  return frame;
}

/** Lets the warp's next runnable lane continue, or the scheduler. Returns when this thread can continue. */
void suspend(int number) {
  Warp& warp = warp_of(number);
  const uint32_t next = warp.ready & warp.started;
  if (next) {
    const int other = number / kWarp * kWarp + __builtin_ctz(next);
    warp.ready &= ~bit_of(other);
    become(other);
    emulator_switch(&s.thread[number].stack_pointer, s.thread[other].stack_pointer);
  } else {
    emulator_switch(&s.thread[number].stack_pointer, s.scheduler);
  }
}

/** Runs on a stack: one thread after another, as long as each ends without having to wait. */
void thread_main() {
  for (;;) {
    const int number = s.current;
    s.kernel->call(s.arguments);
    Thread& thread = s.thread[number];
    if (thread.pending) stop(LAUNCH_FAILED, "ended with cp.async copies that it did not wait for");
    Warp& warp = warp_of(number);
    warp.live &= ~bit_of(number);
    s.alive--;
    if (warp.ready & ~warp.started) {  // a thread that has not begun takes over this stack
      const int next = number / kWarp * kWarp + __builtin_ctz(warp.ready & ~warp.started);
      warp.ready &= ~bit_of(next);
      warp.started |= bit_of(next);
      s.thread[next].stack = thread.stack;
      become(next);
      continue;
    }
    s.free_stacks[s.free_count++] = thread.stack;
    void* abandoned;
    emulator_switch(&abandoned, s.scheduler);
  }
}

void run_warp(int w) {
  Warp& warp = s.warp[w];
  while (warp.ready) {
    const uint32_t unstarted = warp.ready & ~warp.started;
    const int number = w * kWarp + __builtin_ctz(unstarted ? unstarted : warp.ready);
    Thread& thread = s.thread[number];
    warp.ready &= ~bit_of(number);
    if (!(warp.started & bit_of(number))) {
      warp.started |= bit_of(number);
      thread.stack = s.free_stacks[--s.free_count];
      thread.stack_pointer = fresh_stack(thread.stack);
    }
    become(number);
    emulator_switch(&s.scheduler, thread.stack_pointer);
  }
  for (int lane = 0; lane < kWarp; lane++) {
    const int number = w * kWarp + lane;
    if (!(warp.live & bit_of(number)) || s.thread[number].wait != WARP) continue;
    become(number);
    const Thread& thread = s.thread[number];
    uint32_t elsewhere = 0;
    for (int other = 0; other < kWarp; other++)
      if (thread.mask >> other & warp.live >> other & 1 && s.thread[w * kWarp + other].wait != WARP)
        elsewhere |= 1u << other;
    stop(LAUNCH_FAILED,
         "divergence: waits in %s at line %d for the lanes %#x, of which %#x have ended or never were, and %#x are "
         "elsewhere",
         thread.operation, thread.line, thread.mask, thread.mask & ~warp.live, elsewhere);
  }
}

/** Orders the block: earlier accesses cannot race with later ones. */
void order_block() {
  s.ordered = ++s.clock;
  for (int w = 0; w * kWarp < s.threads; w++) s.warp[w].ordered = s.ordered;
  s.barrier_waiting = 0;
  s.barrier_value = 0;
  s.barrier_diverged = false;
}

void release_barrier() {
  s.released_value = s.barrier_value;
  order_block();
  for (int w = 0; w * kWarp < s.threads; w++) s.warp[w].ready = s.warp[w].live;
}

void check_barrier() {
  if (s.barrier_waiting == s.threads && !s.barrier_diverged) return;
  int line = 0;
  for (int number = 0; number < s.threads; number++) {
    become(number);
    const Thread& thread = s.thread[number];
    const bool ended = !(warp_of(number).live & bit_of(number));
    if (ended)
      stop(LAUNCH_FAILED, "divergence: ended while %d of %d threads wait in __syncthreads", s.barrier_waiting,
           s.threads);
    if (line && thread.line != line)
      stop(LAUNCH_FAILED, "divergence: waits in __syncthreads at line %d while another thread waits at line %d",
           thread.line, line);
    line = thread.line;
  }
}

void run_block() {
  const int warps = (s.threads + kWarp - 1) / kWarp;
  // On a card, shared memory starts with leftover contents. Here it starts with NaN.
  char* after = emulator_dynamic_shared + sizeof emulator_dynamic_shared;
  memset(__bss_start, 0xff, (size_t)(emulator_dynamic_shared - __bss_start));
  memset(emulator_dynamic_shared, 0xff, s.shape.shared_bytes);
  memset(after, 0xff, (size_t)(_end - after));
  order_block();
  s.alive = s.threads;
  for (int w = 0; w < warps; w++) {
    const int lanes = s.threads - w * kWarp;
    s.warp[w].live = s.warp[w].ready = lanes >= kWarp ? ~0u : (1u << lanes) - 1;
    s.warp[w].started = s.warp[w].waiting = 0;
  }
  for (int number = 0; number < s.threads; number++) {
    s.thread[number].wait = NOTHING;
    s.thread[number].pending = s.thread[number].groups = 0;
  }
  for (;;) {
    for (int w = 0; w < warps; w++)
      if (s.warp[w].ready) run_warp(w);
    if (s.alive == 0) return;
    check_barrier();
    release_barrier();
  }
}

void prepare() {
  if (!s.cells) {
    const size_t cells = (size_t)(_end - __bss_start) / 2 + 8;
    s.cells = (Cell*)calloc(cells, sizeof(Cell));
    s.thread = (Thread*)calloc(kMaxThreads, sizeof(Thread));
    if (!s.cells || !s.thread) abort();
  }
  const uint32_t x = s.shape.block[0], y = s.shape.block[1];
  for (uint32_t n = 0; n < (uint32_t)s.threads; n++) s.thread[n].index = {n % x, n / x % y, n / x / y};
  s.free_count = 0;
  for (int i = kMaxThreads - 1; i >= 0; i--) s.free_stacks[s.free_count++] = s.memory->stacks + (size_t)i * kStackBytes;
}

/** Runs when the module is unloaded. */
__attribute__((destructor)) void forget() {
  free(s.cells);
  free(s.thread);
}

// ---- Checks of loads and stores ----

[[noreturn, gnu::cold]] void race(const Cell& cell, bool write, int other, const void* from) {
  const bool wrote = cell.written >= s.ordered && cell.writer == other;
  char who[32] = "several threads";
  if (other != kManyWarps) snprintf(who, sizeof who, "thread number %d", other);
  stop(LAUNCH_FAILED, "race: %s shared memory that %s %s since the last barrier%s", write ? "writes" : "reads", who,
       wrote ? "wrote" : "read", Place(from).text);
}

/**
 * @param now `ordered` of the warp of `me`
 * @param ordered `ordered` of the block
 */
template <bool WRITE>
inline __attribute__((always_inline)) void touch(Cell& cell, uint32_t me, uint32_t now, uint32_t ordered,
                                                 const void* from) {
  const uint32_t my_warp = me / kWarp;
  if (cell.written >= ordered && cell.writer != me && (cell.writer / kWarp != my_warp || cell.written == now))
    race(cell, WRITE, cell.writer, from);
  const bool was_read = cell.read >= ordered;
  if (WRITE) {
    if (was_read && cell.reader != me) {
      const uint32_t reader = cell.reader & ~kManyOfWarp;
      if (cell.reader == kManyWarps) race(cell, WRITE, kManyWarps, from);
      if (reader / kWarp != my_warp || cell.read == now) race(cell, WRITE, (int)reader, from);
    }
    cell.written = now;
    cell.writer = (uint16_t)me;
  } else if (!was_read) {
    cell.read = now;
    cell.reader = (uint16_t)me;
  } else if (cell.reader != me && cell.reader != kManyWarps) {
    if ((uint32_t)(cell.reader & ~kManyOfWarp) / kWarp != my_warp)
      cell.reader = kManyWarps;
    else if (cell.read != now)
      cell.reader = (uint16_t)me, cell.read = now;
    else
      cell.reader = (uint16_t)(my_warp * kWarp) | kManyOfWarp;
  }
}

[[noreturn, gnu::cold]] void outside_dynamic(const char* at, size_t size, bool write, const void* from) {
  stop(ILLEGAL_ADDRESS, "%s %zu bytes at byte %zu of %u bytes of dynamic shared memory%s", write ? "writes" : "reads",
       size, (size_t)(at - emulator_dynamic_shared), s.shape.shared_bytes, Place(from).text);
}
[[noreturn, gnu::cold]] void misaligned_shared(size_t size, bool write, const void* from) {
  stop(MISALIGNED_ADDRESS, "%s %zu bytes of shared memory at a misaligned address%s", write ? "writes" : "reads", size,
       Place(from).text);
}
[[noreturn, gnu::cold]] void bad_access(const void* address, size_t size, bool write, const void* from) {
  if (size <= 16 && (size & (size - 1)) == 0 && (uintptr_t)address & (size - 1))
    stop(MISALIGNED_ADDRESS, "%s %zu bytes at %p, which is not a multiple of %zu%s", write ? "writes" : "reads", size,
         address, size, Place(from).text);
  char what[256];
  s.memory->describe(address, what, sizeof what);
  stop(ILLEGAL_ADDRESS, "%s %zu bytes at %p, %s%s", write ? "writes" : "reads", size, address, what, Place(from).text);
}

/** Accesses to neither device nor shared memory: a thread's own stack, and constants of the module. */
[[gnu::noinline]] void check_private(const void* address, size_t size, bool write, const void* from) {
  const char* at = (const char*)address;
  if ((size_t)(at - s.memory->stacks) < kMaxThreads * kStackBytes) return;
  if (at >= __ehdr_start && at < __bss_start && !write) return;
  char what[256];
  s.memory->describe(address, what, sizeof what);
  stop(ILLEGAL_ADDRESS, "%s %zu bytes at %p, %s%s", write ? "writes" : "reads", size, address, what, Place(from).text);
}

template <bool WRITE>
inline __attribute__((always_inline)) void check_elsewhere(const void* address, size_t size, const void* from) {
  const char* at = (const char*)address;
  const size_t offset = (size_t)(at - __bss_start);
  if (offset >= s.shared_bytes) return check_private(address, size, WRITE, from);
  const size_t dynamic = (size_t)(at - emulator_dynamic_shared);
  if (dynamic < sizeof emulator_dynamic_shared && dynamic + size > s.shape.shared_bytes)
    outside_dynamic(at, size, WRITE, from);
  const bool vector = size <= 16 && (size & (size - 1)) == 0;
  if (vector && (uintptr_t)at & (size - 1)) misaligned_shared(size, WRITE, from);
  const uint32_t me = (uint32_t)s.current, now = s.warp[me / kWarp].ordered, ordered = s.ordered;
  Cell* cell = s.cells + offset / 2;
  const size_t cells = vector ? (size + 1) / 2 : (offset + size - 1) / 2 - offset / 2 + 1;
  for (size_t i = 0; i < cells; i++) touch<WRITE>(cell[i], me, now, ordered, from);
}
template <int SIZE, bool WRITE>
[[gnu::noinline]] void check_elsewhere(const void* address, const void* from) {
  check_elsewhere<WRITE>(address, SIZE, from);
}

template <int SIZE, bool WRITE>
inline __attribute__((always_inline)) void check(const void* address) {
  const size_t offset = (size_t)((const uint8_t*)address - s.memory->arena);
  const void* from = __builtin_return_address(0);
  if (offset >= s.memory->bytes) return check_elsewhere<SIZE, WRITE>(address, from);
  const uint8_t* shadow = s.memory->shadow + (offset >> 3);
  bool good = (offset & (SIZE - 1)) == 0;
  if (SIZE <= 8)
    good = good && (offset & 7) + SIZE <= *shadow;
  else
    good = good && shadow[0] == 8 && shadow[1] == 8;
  if (__builtin_expect(!good, 0)) bad_access(address, SIZE, WRITE, from);
}

template <bool WRITE>
void check_range(const void* address, size_t size, const void* from) {
  if (size == 0) return;
  const size_t offset = (size_t)((const uint8_t*)address - s.memory->arena);
  if (offset >= s.memory->bytes) return check_elsewhere<WRITE>(address, size, from);
  for (size_t at = offset; at < offset + size; at = (at | 7) + 1) {
    const size_t end = (at | 7) + 1 < offset + size ? (at | 7) + 1 : offset + size;
    if (end - (at & ~(size_t)7) > s.memory->shadow[at >> 3]) bad_access(s.memory->arena + at, end - at, WRITE, from);
  }
}

}  // namespace

namespace emulator {

uint32_t synchronize_threads(Reduce reduce, uint32_t value, int line) {
  const int me = s.current;
  Thread& thread = s.thread[me];
  if (reduce == ALL) value = value ? 0 : 1;
  s.barrier_value += value;
  if (s.barrier_waiting++ == 0) s.barrier_line = line;
  s.barrier_diverged |= line != s.barrier_line;
  thread.wait = BARRIER;
  thread.line = line;
  suspend(me);
  thread.wait = NOTHING;
  if (reduce == ALL) return s.released_value == 0;
  return reduce == ANY ? s.released_value != 0 : s.released_value;
}

void collective(const char* operation, uint32_t mask, void* operands, Perform perform, int line) {
  const int me = s.current, first = me / kWarp * kWarp;
  Warp& warp = warp_of(me);
  Thread& thread = s.thread[me];
  if (!(mask & bit_of(me))) stop(LAUNCH_FAILED, "is not in the mask %#x of its %s at line %d", mask, operation, line);
  thread.wait = WARP;
  warp.waiting |= bit_of(me);
  thread.operation = operation;
  thread.mask = mask;
  thread.operands = operands;
  thread.line = line;
  if (mask & ~warp.waiting) return suspend(me);
  void* all[kWarp];
  for (int lane = 0; lane < kWarp; lane++) {
    const Thread& other = s.thread[first + lane];
    all[lane] = nullptr;
    if (!(mask >> lane & 1)) continue;
    if (other.operation != operation || other.mask != mask)
      stop(LAUNCH_FAILED, "divergence: lane %d is in %s at line %d with the mask %#x, lane %d in %s at line %d with %#x",
           me - first, operation, line, mask, lane, other.operation, other.line, other.mask);
    all[lane] = other.operands;
  }
  if (perform)
    perform(all);
  else
    warp.ordered = ++s.clock;  // __syncwarp orders memory accesses; the other operations do not
  for (int lane = 0; lane < kWarp; lane++)
    if (mask >> lane & 1) s.thread[first + lane].wait = NOTHING;
  warp.waiting &= ~mask;
  warp.ready |= mask & ~bit_of(me);
}

int lane() { return s.current % kWarp; }
uint32_t active_lanes() { return warp_of(s.current).live; }

void checked_read(const void* address, size_t size) {
  check_range<false>(address, size, __builtin_return_address(0));
}
void checked_write(void* address, size_t size) { check_range<true>(address, size, __builtin_return_address(0)); }
/** An atomic operation on global or shared memory, which does not race with another one. */
void checked_atomic(const void* address, size_t size) {
  const size_t offset = (size_t)((const char*)address - __bss_start);
  if (offset >= s.shared_bytes) check_range<true>(address, size, __builtin_return_address(0));
}
void fail(const char* what) { stop(LAUNCH_FAILED, "%s", what); }
void assertion(const char* condition, int line) {
  stop(ASSERTION_FAILED, "assertion `%s` failed, line %d", condition, line);
}

// The offset from an aligned address, so that the number is as aligned as the pointer.
uint32_t shared_address(const void* address) {
  if ((size_t)((const char*)address - __bss_start) >= s.shared_bytes)
    stop(ILLEGAL_ADDRESS, "%p is not in shared memory", address);
  return (uint32_t)((uintptr_t)address - ((uintptr_t)__bss_start & ~(uintptr_t)1023));
}
void* shared_pointer(uint32_t address) {
  char* pointer = (char*)((uintptr_t)__bss_start & ~(uintptr_t)1023) + address;
  if ((size_t)(pointer - __bss_start) >= s.shared_bytes)
    stop(ILLEGAL_ADDRESS, "%#x is not in shared memory", address);
  return pointer;
}

void start_copy(void* to, const void* from, int bytes, int filled) {
  Thread& thread = s.thread[s.current];
  if ((uintptr_t)to % (size_t)bytes || (filled && (uintptr_t)from % (size_t)bytes))
    stop(MISALIGNED_ADDRESS, "cp.async of %d bytes from %p to %p", bytes, from, to);
  if (thread.pending == kPendingCopies) stop(LAUNCH_FAILED, "more than %d cp.async pending", kPendingCopies);
  thread.copies[thread.pending++] = {to, from, bytes, filled, thread.groups};
}
void commit_copies() { s.thread[s.current].groups++; }
void await_copies(int groups_left) {
  Thread& thread = s.thread[s.current];
  int kept = 0;
  for (int i = 0; i < thread.pending; i++) {
    const Copy copy = thread.copies[i];
    // groups_left < 0: all copies, including those without a group.
    if (groups_left >= 0 && copy.group >= thread.groups - groups_left) {
      thread.copies[kept++] = copy;
      continue;
    }
    checked_read(copy.from, (size_t)copy.filled);
    checked_write(copy.to, (size_t)copy.bytes);
    memcpy(copy.to, copy.from, (size_t)copy.filled);
    s.fault->copied += (uint64_t)copy.filled;
    memset((char*)copy.to + copy.filled, 0, (size_t)(copy.bytes - copy.filled));
  }
  thread.pending = kept;
}

}  // namespace emulator

extern "C" {

// The calls that -fsanitize=thread inserts before every load and store.
#define ON_ACCESS(SIZE)                                                            \
  void __tsan_read##SIZE(void* address) { check<SIZE, false>(address); }           \
  void __tsan_write##SIZE(void* address) { check<SIZE, true>(address); }           \
  void __tsan_volatile_read##SIZE(void* address) { check<SIZE, false>(address); }  \
  void __tsan_volatile_write##SIZE(void* address) { check<SIZE, true>(address); }  \
  void __tsan_unaligned_read##SIZE(void* address) { check<SIZE, false>(address); } \
  void __tsan_unaligned_write##SIZE(void* address) { check<SIZE, true>(address); }
ON_ACCESS(1)
ON_ACCESS(2)
ON_ACCESS(4)
ON_ACCESS(8)
ON_ACCESS(16)
void __tsan_read_range(void* address, size_t size) { check_range<false>(address, size, __builtin_return_address(0)); }
void __tsan_write_range(void* address, size_t size) { check_range<true>(address, size, __builtin_return_address(0)); }
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}

// The calls that -fsanitize=alignment,bounds makes after a failed check.
struct SourcePlace {
  const char* file;
  uint32_t line, column;
};
struct TypeMismatch {
  SourcePlace place;
  void* type;
  uint8_t log_alignment, kind;
};
void __ubsan_handle_type_mismatch_v1_abort(TypeMismatch* data, void* address) {
  stop(MISALIGNED_ADDRESS, "uses %p, which is not a multiple of %d, line %u", address, 1 << data->log_alignment,
       data->place.line);
}
void __ubsan_handle_out_of_bounds_abort(SourcePlace* place, size_t index) {
  stop(ILLEGAL_ADDRESS, "index %zd is outside its array, line %u", (ssize_t)index, place->line);
}
void __ubsan_handle_builtin_unreachable(SourcePlace* place) {
  stop(LAUNCH_FAILED, "reached __builtin_unreachable, line %u", place->line);
}

char emulator_module_path[256] = "?";

__attribute__((visibility("default"))) void emulator_run(const Memory* memory, const Kernel* kernel, const char* name,
                                                         const Shape* shape, void** arguments, Fault* fault) {
  s.memory = memory;
  s.kernel = kernel;
  s.name = name;
  s.shape = *shape;
  s.arguments = arguments;
  s.fault = fault;
  s.threads = (int)(shape->block[0] * shape->block[1] * shape->block[2]);
  s.shared_bytes = (size_t)(_end - __bss_start);
  fault->outcome = FINISHED;
  fault->copied = 0;
  prepare();
  gridDim = dim3(shape->grid[0], shape->grid[1], shape->grid[2]);
  blockDim = dim3(shape->block[0], shape->block[1], shape->block[2]);
  if (setjmp(s.stop)) return;
  for (blockIdx.z = 0; blockIdx.z < gridDim.z; blockIdx.z++)
    for (blockIdx.y = 0; blockIdx.y < gridDim.y; blockIdx.y++)
      for (blockIdx.x = 0; blockIdx.x < gridDim.x; blockIdx.x++) run_block();
}
}
