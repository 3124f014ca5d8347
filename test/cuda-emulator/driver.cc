// libcuda of the emulator: starting it, and what it says about its cards. The other calls are in contexts.cc and in the
// files *-calls.cc. Handles are pointers to our own objects and are checked.
//
// Environment variables, read at each call, make it misbehave:
//     CUDA_EMULATOR_DEVICES             number of cards (1)
//     CUDA_EMULATOR_COMPUTE_CAPABILITY  of the cards (9.0)
//     CUDA_EMULATOR_DRIVER_VERSION      as cuDriverGetVersion returns it (13000)
//     CUDA_EMULATOR_MEMORY              bytes of a card (4 GiB)
//     CUDA_EMULATOR_INIT_ERROR          what cuInit returns
//     CUDA_EMULATOR_GRAPHS              number of graphs that fit in its memory (unlimited)
//     CUDA_EMULATOR_LAUNCHED_GRAPHS     number of graphs that it has memory to launch (unlimited)
//     CUDA_EMULATOR_LOSE_AFTER          number of kernels after which the card is lost,
//     CUDA_EMULATOR_LOSE_WITH           with this error (999)

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "calls.h"
#include "card.h"
#include "memory.h"

using namespace emulator;

namespace {

bool initialized = false;

int attribute(int which) {
  switch (which) {
    case 1: return 1024;                        // MAX_THREADS_PER_BLOCK
    case 2: case 3: return 1024;                // MAX_BLOCK_DIM_X, Y
    case 4: return 64;                          // MAX_BLOCK_DIM_Z
    case 5: return 2147483647;                  // MAX_GRID_DIM_X
    case 6: case 7: return 65535;               // MAX_GRID_DIM_Y, Z
    case 8: return (int)kSharedWithoutAsking;   // MAX_SHARED_MEMORY_PER_BLOCK
    case 10: return 32;                         // WARP_SIZE
    case 12: return 65536;                      // MAX_REGISTERS_PER_BLOCK
    case 13: return 1000000;                    // CLOCK_RATE
    case 16: return 4;                          // MULTIPROCESSOR_COUNT
    case 38: return 1 << 20;                    // L2_CACHE_SIZE
    case 39: return 2048;                       // MAX_THREADS_PER_MULTIPROCESSOR
    case 75: return compute_capability(0);
    case 76: return compute_capability(1);
    case 81: return (int)most_shared() + 1024;  // MAX_SHARED_MEMORY_PER_MULTIPROCESSOR
    case 97: return (int)most_shared();         // MAX_SHARED_MEMORY_PER_BLOCK_OPTIN
    default: return 0;
  }
}

}  // namespace

namespace emulator {

bool is_initialized() { return initialized; }

int device_count() { return number_of("CUDA_EMULATOR_DEVICES", 1); }

int compute_capability(int part) {
  const char* text = getenv("CUDA_EMULATOR_COMPUTE_CAPABILITY");
  const double version = text ? atof(text) : 9.0;
  return part == 0 ? (int)version : (int)(version * 10 + 0.5) % 10;
}

// From the programming guide's table of compute capabilities.
size_t most_shared() {
  const int capability = compute_capability(0) * 10 + compute_capability(1);
  if (capability >= 120) return 99 << 10;
  if (capability >= 90) return 227 << 10;
  if (capability == 86 || capability == 89) return 99 << 10;
  if (capability >= 80) return 163 << 10;
  return capability == 75 ? 64 << 10 : 96 << 10;
}

}  // namespace emulator

API cuInit(unsigned int) {
  if (const int error = number_of("CUDA_EMULATOR_INIT_ERROR", 0)) return code(error);
  NEEDS(device_count() > 0, result::kNoDevice);
  initialized = true;
  return kSuccess;
}
API cuDriverGetVersion(int* version) {
  *version = number_of("CUDA_EMULATOR_DRIVER_VERSION", 13000);
  return kSuccess;
}

API cuDeviceGetCount(int* count) {
  NEEDS(initialized, result::kNotInitialized);
  *count = device_count();
  return kSuccess;
}
API cuDeviceGet(CUdevice* device, int ordinal) {
  NEEDS(initialized, result::kNotInitialized);
  NEEDS(ordinal >= 0 && ordinal < device_count(), result::kInvalidDevice);
  *device = ordinal;
  return kSuccess;
}
API cuDeviceGetName(char* name, int size, CUdevice device) {
  NEEDS(device >= 0 && device < device_count(), result::kInvalidDevice);
  snprintf(name, (size_t)size, "CUDA emulator");
  return kSuccess;
}
API cuDeviceGetUuid_v2(CUuuid* uuid, CUdevice device) {
  NEEDS(device >= 0 && device < device_count(), result::kInvalidDevice);
  memset(uuid, device + 1, sizeof *uuid);
  return kSuccess;
}
API cuDeviceTotalMem_v2(size_t* bytes, CUdevice device) {
  NEEDS(device >= 0 && device < device_count(), result::kInvalidDevice);
  *bytes = total_memory();
  return kSuccess;
}
API cuDeviceGetAttribute(int* value, CUdevice_attribute which, CUdevice device) {
  NEEDS(device >= 0 && device < device_count(), result::kInvalidDevice);
  *value = attribute((int)which);
  return kSuccess;
}
