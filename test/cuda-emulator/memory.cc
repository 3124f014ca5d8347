// See memory.h. CUDA_EMULATOR_MEMORY sets the card's bytes (4 GiB by default).

#include "memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

namespace emulator {
namespace {

constexpr size_t kArenaBytes = (size_t)1 << 38, kAlignment = 512, kGuard = 512;
/** The granularity of large allocations on a card. */
constexpr size_t kPage = 2 << 20;

struct Allocation {
  size_t bytes;
  bool live;
};

struct Arena {
  Memory memory;
  uint8_t* shadow;
  size_t next = kGuard, used = 0;
  std::map<uintptr_t, Allocation> allocations;
  std::map<uintptr_t, size_t> pinned;

  static void* reserve(size_t bytes) {
    void* range = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (range == MAP_FAILED) {
      perror("the CUDA emulator cannot reserve its range of addresses");
      abort();
    }
    return range;
  }
  Arena() {
    shadow = (uint8_t*)reserve(kArenaBytes / 8 + 4096);
    char* stacks = (char*)reserve(kMaxThreads * kStackBytes);
    for (int i = 0; i < kMaxThreads; i++) mprotect(stacks + (size_t)i * kStackBytes, 4096, PROT_NONE);
    memory = {(uint8_t*)reserve(kArenaBytes), kArenaBytes, shadow, emulator::describe, stacks};
  }
};

Arena& arena() {
  static Arena* only = new Arena;  // never destroyed: Node may unload us in any order
  return *only;
}

std::map<uintptr_t, Allocation>::iterator before(const void* address) {
  auto after = arena().allocations.upper_bound((uintptr_t)address);
  return after == arena().allocations.begin() ? arena().allocations.end() : --after;
}

/** The bytes of card memory that an allocation uses. */
size_t charge(size_t bytes) {
  const size_t unit = bytes >= kPage / 2 ? kPage : kAlignment;
  return (bytes + unit - 1) / unit * unit;
}

}  // namespace

const Memory& device_memory() { return arena().memory; }

size_t total_memory() {
  const char* bytes = getenv("CUDA_EMULATOR_MEMORY");
  return bytes ? strtoull(bytes, nullptr, 10) : (size_t)4 << 30;
}
size_t used_memory() { return arena().used; }

void* allocate(size_t bytes) {
  Arena& a = arena();
  const size_t size = charge(bytes);
  if (size > total_memory() || a.used + size > total_memory() || a.next + size + kGuard > kArenaBytes) return nullptr;
  uint8_t* address = a.memory.arena + a.next;
  memset(address, 0xff, bytes);
  memset(a.shadow + a.next / 8, 8, bytes / 8);
  if (bytes % 8) a.shadow[(a.next + bytes) / 8] = bytes % 8;
  a.allocations[(uintptr_t)address] = {bytes, true};
  a.next += size + kGuard;
  a.used += size;
  return address;
}

bool release(void* address) {
  Arena& a = arena();
  const auto found = a.allocations.find((uintptr_t)address);
  if (found == a.allocations.end() || !found->second.live) return false;
  const size_t bytes = found->second.bytes, offset = (size_t)((uint8_t*)address - a.memory.arena);
  found->second.live = false;
  a.used -= charge(bytes);
  memset(a.shadow + offset / 8, 0, (bytes + 7) / 8);
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  const uintptr_t from = ((uintptr_t)address + page - 1) / page * page, to = ((uintptr_t)address + bytes) / page * page;
  if (to > from) madvise((void*)from, to - from, MADV_DONTNEED);
  return true;
}

bool is_device_address(const void* address) {
  return (size_t)((const uint8_t*)address - arena().memory.arena) < kArenaBytes;
}

bool allocation_of(const void* address, void** base, size_t* bytes) {
  const auto found = before(address);
  if (found == arena().allocations.end() || !found->second.live) return false;
  if ((uintptr_t)address >= found->first + found->second.bytes) return false;
  *base = (void*)found->first;
  *bytes = found->second.bytes;
  return true;
}

bool is_allocated(const void* address, size_t bytes) {
  void* base;
  size_t whole;
  return bytes == 0 ||
         (allocation_of(address, &base, &whole) && (uintptr_t)address + bytes <= (uintptr_t)base + whole);
}

void describe(const void* address, char* text, size_t size) {
  if (!is_device_address(address)) {
    const char* kind = is_pinned(address) ? "in pinned host memory" : "in no memory of the device";
    snprintf(text, size, "%s", address ? kind : "a null pointer");
    return;
  }
  const auto found = before(address);
  if (found == arena().allocations.end()) {
    snprintf(text, size, "before the first allocation");
    return;
  }
  const size_t offset = (uintptr_t)address - found->first, bytes = found->second.bytes;
  if (!found->second.live && offset < bytes)
    snprintf(text, size, "at byte %zu of an allocation of %zu bytes that was freed", offset, bytes);
  else if (offset >= bytes)
    snprintf(text, size, "%zu bytes past the end of an allocation of %zu bytes%s", offset - bytes, bytes,
             found->second.live ? "" : " that was freed");
  else
    snprintf(text, size, "at byte %zu of an allocation of %zu bytes", offset, bytes);
}

void* allocate_pinned(size_t bytes) {
  void* address = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
  if (address) {
    memset(address, 0xff, bytes);
    arena().pinned[(uintptr_t)address] = bytes;
  }
  return address;
}

bool release_pinned(void* address) {
  if (!arena().pinned.erase((uintptr_t)address)) return false;
  free(address);
  return true;
}

bool is_pinned(const void* address) {
  auto after = arena().pinned.upper_bound((uintptr_t)address);
  if (after == arena().pinned.begin()) return false;
  --after;
  return (uintptr_t)address < after->first + after->second;
}

}  // namespace emulator
