// The device's memory, all in one range of addresses that is never used twice, so that a pointer kept after its memory
// was freed points to nothing. Between allocations lie guard zones. Pinned host memory is known as well.

#pragma once

#include <cstddef>
#include <cstdint>

#include "simt.h"

namespace emulator {

/** What modules check loads and stores against. */
const Memory& device_memory();
/** Filled with NaN. Null where the card has no more. */
void* allocate(size_t bytes);
/** Whether the address was an allocation's begin. */
bool release(void* address);
size_t total_memory();
size_t used_memory();
/** Whether [address, address + bytes) may be touched. */
bool is_allocated(const void* address, size_t bytes);
bool is_device_address(const void* address);
void describe(const void* address, char* text, size_t size);
/** The allocation that an address lies in: false where there is none. */
bool allocation_of(const void* address, void** base, size_t* bytes);

void* allocate_pinned(size_t bytes);
bool release_pinned(void* address);
bool is_pinned(const void* address);

}  // namespace emulator
