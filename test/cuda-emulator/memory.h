// Device memory in one range of addresses. Addresses are never reused, so a pointer to freed memory stays invalid.
// Guard zones lie between allocations. Pinned host memory is tracked as well.

#pragma once

#include <cstddef>
#include <cstdint>

#include "simt.h"

namespace emulator {

/** The memory that modules check loads and stores against. */
const Memory& device_memory();
/** Memory filled with NaN; null if the card has no more. It belongs to a card and to its owner, a context. */
void* allocate(size_t bytes, int device, const void* owner);
/** Whether the address was the start of an allocation. */
bool release(void* address);
size_t total_memory();
size_t used_memory(int device);
/** Whether [address, address + bytes) is allocated. */
bool is_allocated(const void* address, size_t bytes);
bool is_device_address(const void* address);
void describe(const void* address, char* text, size_t size);
/** The allocation that contains an address; false if there is none. */
bool allocation_of(const void* address, void** base, size_t* bytes);

/** Once it is released, an access to it stops the process, as it may without the emulator. */
void* allocate_pinned(size_t bytes, const void* owner);
bool release_pinned(void* address);
bool is_pinned(const void* address);

/** Releases all memory of an owner. */
void release_all(const void* owner);

}  // namespace emulator
