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
  int device;
  /** Null once it is released. */
  const void* owner;
};

struct Arena {
  Memory memory;
  uint8_t* shadow;
  size_t next = kGuard;
  std::map<int, size_t> used;  // by device
  std::map<uintptr_t, Allocation> allocations;
  std::map<uintptr_t, Allocation> pinned;

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
size_t used_memory(int device) { return arena().used[device]; }

void* allocate(size_t bytes, int device, const void* owner) {
  Arena& a = arena();
  const size_t size = charge(bytes);
  if (size > total_memory() || a.used[device] + size > total_memory()) return nullptr;
  if (a.next + size + kGuard > kArenaBytes) return nullptr;
  uint8_t* address = a.memory.arena + a.next;
  memset(address, 0xff, bytes);
  memset(a.shadow + a.next / 8, 8, bytes / 8);
  if (bytes % 8) a.shadow[(a.next + bytes) / 8] = bytes % 8;
  a.allocations[(uintptr_t)address] = {bytes, device, owner};
  a.next += size + kGuard;
  a.used[device] += size;
  return address;
}

bool release(void* address) {
  Arena& a = arena();
  const auto found = a.allocations.find((uintptr_t)address);
  if (found == a.allocations.end() || !found->second.owner) return false;
  const size_t bytes = found->second.bytes, offset = (size_t)((uint8_t*)address - a.memory.arena);
  found->second.owner = nullptr;
  a.used[found->second.device] -= charge(bytes);
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
  if (found == arena().allocations.end() || !found->second.owner) return false;
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
  if (!found->second.owner && offset < bytes)
    snprintf(text, size, "at byte %zu of an allocation of %zu bytes that was freed", offset, bytes);
  else if (offset >= bytes)
    snprintf(text, size, "%zu bytes past the end of an allocation of %zu bytes%s", offset - bytes, bytes,
             found->second.owner ? "" : " that was freed");
  else
    snprintf(text, size, "at byte %zu of an allocation of %zu bytes", offset, bytes);
}

void* allocate_pinned(size_t bytes, const void* owner) {
  void* address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) return nullptr;
  memset(address, 0xff, bytes);
  arena().pinned[(uintptr_t)address] = {bytes, 0, owner};
  return address;
}

bool release_pinned(void* address) {
  const auto found = arena().pinned.find((uintptr_t)address);
  if (found == arena().pinned.end() || !found->second.owner) return false;
  found->second.owner = nullptr;
  // The addresses stay reserved.
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
  mmap(address, found->second.bytes, PROT_NONE, kFlags, -1, 0);
  return true;
}

bool is_pinned(const void* address) {
  auto after = arena().pinned.upper_bound((uintptr_t)address);
  if (after == arena().pinned.begin()) return false;
  --after;
  return after->second.owner && (uintptr_t)address < after->first + after->second.bytes;
}

void release_all(const void* owner) {
  for (const auto& [address, allocation] : arena().allocations)
    if (allocation.owner == owner) release((void*)address);
  for (const auto& [address, allocation] : arena().pinned)
    if (allocation.owner == owner) release_pinned((void*)address);
}

}  // namespace emulator
