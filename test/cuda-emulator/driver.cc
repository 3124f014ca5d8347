// libcuda of the emulator: the driver's calls. Handles are pointers to our own objects and are checked. Environment
// variables, read at each call, make it misbehave:
//     CUDA_EMULATOR_DEVICES             number of cards (1)
//     CUDA_EMULATOR_COMPUTE_CAPABILITY  of the cards (9.0)
//     CUDA_EMULATOR_DRIVER_VERSION      as cuDriverGetVersion returns it (13000)
//     CUDA_EMULATOR_MEMORY              bytes of a card (4 GiB)
//     CUDA_EMULATOR_INIT_ERROR          what cuInit returns
//     CUDA_EMULATOR_GRAPHS              number of graphs that fit in its memory (unlimited)
//     CUDA_EMULATOR_LAUNCHED_GRAPHS     number of graphs that it has memory to launch (unlimited)
//     CUDA_EMULATOR_LOSE_AFTER          number of kernels after which the card is lost, with CUDA_EMULATOR_LOSE_WITH (999)

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cuda-types.h"
#include "memory.h"
#include "simt.h"
#include "streams.h"

using namespace emulator;

struct CUctx_st {
  int device;
};
struct CUfunc_st {
  const Kernel* kernel;
  std::string name;
  Run run;
  size_t dynamic_shared;
};
struct CUmod_st {
  void* library;
  std::string path;
  std::map<std::string, CUfunc_st> functions;
};

namespace {

#define API extern "C" __attribute__((visibility("default"))) CUresult CUDAAPI

int number_of(const char* variable, int otherwise) {
  const char* text = getenv(variable);
  return text ? atoi(text) : otherwise;
}
int device_count() { return number_of("CUDA_EMULATOR_DEVICES", 1); }

struct Driver {
  bool initialized = false;
  CUcontext current = nullptr;
  std::vector<std::unique_ptr<CUctx_st>> contexts;
  std::set<void*> modules, functions, events, graphs, executables, launched;
  int kernels = 0;
  uint64_t copied = 0;
  /** Retain count of each card's primary context. */
  std::map<int, int> retained;
  /** How many contexts were created. */
  int contexts_made = 0;
};
Driver& driver() {
  static auto* only = new Driver;
  return *only;
}

CUresult code(int number) { return (CUresult)number; }
constexpr CUresult kSuccess = (CUresult)0;

/** The error of a call that needs a context, or 0. */
int obstacle() {
  if (!driver().initialized) return result::kNotInitialized;
  if (!driver().current) return result::kInvalidContext;
  return failure().code;
}
#define NEEDS_CONTEXT \
  if (const int refused = obstacle()) return code(refused)
#define NEEDS(condition, error) \
  if (!(condition)) return code(error)
#define NOT_IN_CAPTURE \
  if (const int refused = refuse_while_capturing()) return code(refused)

CUcontext context_of(int device) {
  for (auto& context : driver().contexts)
    if (context->device == device) return context.get();
  driver().contexts.push_back(std::unique_ptr<CUctx_st>(new CUctx_st{device}));
  return driver().contexts.back().get();
}

/** The stream of a handle. CU_STREAM_PER_THREAD is treated like CU_STREAM_LEGACY and null, which is close enough. */
Stream* stream_of(CUstream handle) {
  if ((uintptr_t)handle <= 2) return null_stream();
  return is_stream((Stream*)handle) ? (Stream*)handle : nullptr;
}

/** 0, or the error if the device memory is not allocated when the operation runs. */
int touch(const void* address, size_t bytes, const char* what, std::string& detail) {
  if (is_allocated(address, bytes)) return 0;
  char place[256];
  describe(address, place, sizeof place);
  detail = std::string(what) + " of " + std::to_string(bytes) + " bytes: " + place;
  return ILLEGAL_ADDRESS;
}

int copy_now(void* to, const void* from, size_t bytes, const char* what, std::string& detail) {
  for (const void* address : {(const void*)to, from})
    if (is_device_address(address))
      if (const int bad = touch(address, bytes, what, detail)) return bad;
  memmove(to, from, bytes);
  return 0;
}

/** A copy whose addresses are valid when it is queued: both sides are where the call says. */
CUresult copy_async(void* to, const void* from, size_t bytes, const char* what, CUstream handle) {
  Stream* stream = stream_of(handle);
  NEEDS(stream, result::kInvalidHandle);
  if (bytes == 0) return kSuccess;
  const bool host_source = !is_device_address(from), host_target = !is_device_address(to);
  NEEDS(to && from, result::kInvalidValue);
  if (host_source && !is_pinned(from)) {  // pageable memory: copied to the driver's own memory before the call returns
    NEEDS(!stream->capture, result::kCaptureUnsupported);
    auto kept = std::make_shared<std::vector<char>>((const char*)from, (const char*)from + bytes);
    return code(ask(stream, {[=](std::string& detail) { return copy_now(to, kept->data(), bytes, what, detail); }}));
  }
  const int asked = ask(stream, {[=](std::string& detail) { return copy_now(to, from, bytes, what, detail); }});
  if (asked != 0) return code(asked);
  if (host_target && !is_pinned(to) && !stream->capture) return code(run_until(stream, stream->asked));
  return kSuccess;
}

template <class T>
CUresult fill_async(CUdeviceptr to, T value, size_t count, CUstream handle) {
  NEEDS_CONTEXT;
  Stream* stream = stream_of(handle);
  NEEDS(stream, result::kInvalidHandle);
  NEEDS(to % sizeof(T) == 0 && is_device_address((void*)to), result::kInvalidValue);
  const auto fill = [=](std::string& detail) {
    if (const int bad = touch((void*)to, count * sizeof(T), "memset", detail)) return bad;
    for (size_t i = 0; i < count; i++) ((T*)to)[i] = value;
    return 0;
  };
  return code(ask(stream, {fill}));
}

int compute_capability(int part) {
  const char* text = getenv("CUDA_EMULATOR_COMPUTE_CAPABILITY");
  const double version = text ? atof(text) : 9.0;
  return part == 0 ? (int)version : (int)(version * 10 + 0.5) % 10;
}

/** The most dynamic shared memory per block, from the programming guide's table of compute capabilities. */
size_t most_shared() {
  const int capability = compute_capability(0) * 10 + compute_capability(1);
  if (capability >= 120) return 99 << 10;
  if (capability >= 90) return 227 << 10;
  if (capability == 86 || capability == 89) return 99 << 10;
  if (capability >= 80) return 163 << 10;
  return capability == 75 ? 64 << 10 : 96 << 10;
}
constexpr size_t kSharedWithoutAsking = 48 << 10;

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

/** Writes the shared library to a separate file, so that each load has its own shared memory. */
void* open_image(const void* image, std::string& path) {
  // An image's length follows from its ELF header: the section headers come last.
  const auto* header = (const unsigned char*)image;
  if (memcmp(header, "\177ELF", 4) != 0) return nullptr;
  uint64_t sections;
  uint16_t size, count;
  memcpy(&sections, header + 40, 8);
  memcpy(&size, header + 58, 2);
  memcpy(&count, header + 60, 2);
  const size_t bytes = sections + (size_t)size * count;
  char name[] = "/tmp/cuda-emulator-module-XXXXXX";
  const int file = mkstemp(name);
  if (file < 0) return nullptr;
  path = name;
  const bool written = write(file, image, bytes) == (ssize_t)bytes;
  close(file);
  void* library = written ? dlopen(name, RTLD_NOW | RTLD_LOCAL) : nullptr;
  if (!library && written) fprintf(stderr, "CUDA emulator: %s\n", dlerror());
  return library;
}

}  // namespace

/** For the emulated cuBLASLt: queues an operation in a stream. */
extern "C" __attribute__((visibility("default"))) int emulator_ask(void* stream, const Operation* operation) {
  if (const int refused = obstacle()) return refused;
  Stream* into = stream_of((CUstream)stream);
  return into ? ask(into, *operation) : result::kInvalidHandle;
}
extern "C" __attribute__((visibility("default"))) int emulator_touch(const void* address, size_t bytes, const char* what,
                                                                     std::string* detail) {
  return touch(address, bytes, what, *detail);
}
/** For tests: bytes that all kernels have copied with cp.async so far, which shows whether they skipped work. */
extern "C" __attribute__((visibility("default"))) uint64_t emulator_copied_bytes() { return driver().copied; }
extern "C" __attribute__((visibility("default"))) int emulator_contexts_made() { return driver().contexts_made; }

// ---- Beginnings ----

API cuInit(unsigned int) {
  if (const int error = number_of("CUDA_EMULATOR_INIT_ERROR", 0)) return code(error);
  NEEDS(device_count() > 0, result::kNoDevice);
  driver().initialized = true;
  return kSuccess;
}
API cuDriverGetVersion(int* version) {
  *version = number_of("CUDA_EMULATOR_DRIVER_VERSION", 13000);
  return kSuccess;
}

API cuGetErrorName(CUresult error, const char** text) {
  switch ((int)error) {
    case 0: *text = "CUDA_SUCCESS"; break;
    case 1: *text = "CUDA_ERROR_INVALID_VALUE"; break;
    case 2: *text = "CUDA_ERROR_OUT_OF_MEMORY"; break;
    case 3: *text = "CUDA_ERROR_NOT_INITIALIZED"; break;
    case 46: *text = "CUDA_ERROR_DEVICE_UNAVAILABLE"; break;
    case 100: *text = "CUDA_ERROR_NO_DEVICE"; break;
    case 101: *text = "CUDA_ERROR_INVALID_DEVICE"; break;
    case 200: *text = "CUDA_ERROR_INVALID_IMAGE"; break;
    case 201: *text = "CUDA_ERROR_INVALID_CONTEXT"; break;
    case 209: *text = "CUDA_ERROR_NO_BINARY_FOR_GPU"; break;
    case 214: *text = "CUDA_ERROR_ECC_UNCORRECTABLE"; break;
    case 304: *text = "CUDA_ERROR_OPERATING_SYSTEM"; break;
    case 400: *text = "CUDA_ERROR_INVALID_HANDLE"; break;
    case 500: *text = "CUDA_ERROR_NOT_FOUND"; break;
    case 600: *text = "CUDA_ERROR_NOT_READY"; break;
    case 700: *text = "CUDA_ERROR_ILLEGAL_ADDRESS"; break;
    case 701: *text = "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES"; break;
    case 710: *text = "CUDA_ERROR_ASSERT"; break;
    case 716: *text = "CUDA_ERROR_MISALIGNED_ADDRESS"; break;
    case 719: *text = "CUDA_ERROR_LAUNCH_FAILED"; break;
    case 803: *text = "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"; break;
    case 900: *text = "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"; break;
    case 901: *text = "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED"; break;
    case 903: *text = "CUDA_ERROR_STREAM_CAPTURE_UNMATCHED"; break;
    case 904: *text = "CUDA_ERROR_STREAM_CAPTURE_UNJOINED"; break;
    case 906: *text = "CUDA_ERROR_STREAM_CAPTURE_IMPLICIT"; break;
    case 999: *text = "CUDA_ERROR_UNKNOWN"; break;
    default: *text = nullptr; return code(result::kInvalidValue);
  }
  return kSuccess;
}

/** The driver's text; for the error that ended the context, what the emulator saw. */
API cuGetErrorString(CUresult error, const char** text) {
  if (failure().code == (int)error && !failure().detail.empty()) {
    *text = failure().detail.c_str();
    return kSuccess;
  }
  switch ((int)error) {
    case 2: *text = "out of memory"; return kSuccess;
    case 100: *text = "no CUDA-capable device is detected"; return kSuccess;
    case 700: *text = "an illegal memory access was encountered"; return kSuccess;
    case 719: *text = "unspecified launch failure"; return kSuccess;
    default: return cuGetErrorName(error, text);
  }
}

// ---- Devices and contexts ----

API cuDeviceGetCount(int* count) {
  NEEDS(driver().initialized, result::kNotInitialized);
  *count = device_count();
  return kSuccess;
}
API cuDeviceGet(CUdevice* device, int ordinal) {
  NEEDS(driver().initialized, result::kNotInitialized);
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
API cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device) {
  NEEDS(driver().initialized, result::kNotInitialized);
  NEEDS(device >= 0 && device < device_count(), result::kInvalidDevice);
  *context = context_of(device);
  if (driver().retained[device]++ == 0) driver().contexts_made++;
  return kSuccess;
}
API cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  run_all();
  NEEDS(driver().retained[device] > 0, result::kInvalidContext);
  driver().retained[device]--;
  return kSuccess;
}
/** As on a real card, this clears an error that ended a context. */
API cuDevicePrimaryCtxReset_v2(CUdevice) {
  failure() = {};
  return kSuccess;
}
API cuCtxCreate_v2(CUcontext* context, unsigned int, CUdevice device) {
  NEEDS(driver().initialized, result::kNotInitialized);
  NEEDS(device >= 0 && device < device_count(), result::kInvalidDevice);
  driver().current = *context = context_of(device);
  return kSuccess;
}
API cuCtxDestroy_v2(CUcontext context) {
  run_all();
  if (driver().current == context) driver().current = nullptr;
  return kSuccess;
}
API cuCtxSetCurrent(CUcontext context) {
  NEEDS(driver().initialized, result::kNotInitialized);
  driver().current = context;
  return kSuccess;
}
API cuCtxGetCurrent(CUcontext* context) {
  *context = driver().current;
  return kSuccess;
}
API cuCtxSynchronize() {
  NEEDS_CONTEXT;
  NOT_IN_CAPTURE;
  return code(run_all());
}

// ---- Memory ----

API cuMemGetInfo_v2(size_t* unused, size_t* total) {
  NEEDS_CONTEXT;
  *total = total_memory();
  *unused = *total - used_memory();
  return kSuccess;
}
API cuMemAlloc_v2(CUdeviceptr* address, size_t bytes) {
  NEEDS_CONTEXT;
  NOT_IN_CAPTURE;
  NEEDS(bytes > 0, result::kInvalidValue);
  void* memory = allocate(bytes);
  NEEDS(memory, result::kOutOfMemory);
  *address = (CUdeviceptr)memory;
  return kSuccess;
}
API cuMemFree_v2(CUdeviceptr address) {
  if (address == 0) return kSuccess;
  NEEDS_CONTEXT;
  NOT_IN_CAPTURE;
  run_all();
  return code(release((void*)address) ? failure().code : result::kInvalidValue);
}
API cuMemHostAlloc(void** address, size_t bytes, unsigned int) {
  NEEDS_CONTEXT;
  NOT_IN_CAPTURE;
  *address = allocate_pinned(bytes);
  return code(*address ? 0 : result::kOutOfMemory);
}
API cuMemAllocHost_v2(void** address, size_t bytes) { return cuMemHostAlloc(address, bytes, 0); }
API cuMemFreeHost(void* address) {
  run_all();
  return code(release_pinned(address) ? 0 : result::kInvalidValue);
}
API cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void* from, size_t bytes, CUstream stream) {
  NEEDS_CONTEXT;
  NEEDS(is_device_address((void*)to), result::kInvalidValue);
  return copy_async((void*)to, from, bytes, "copy to the device", stream);
}
API cuMemcpyDtoHAsync_v2(void* to, CUdeviceptr from, size_t bytes, CUstream stream) {
  NEEDS_CONTEXT;
  NEEDS(is_device_address((void*)from), result::kInvalidValue);
  return copy_async(to, (void*)from, bytes, "copy from the device", stream);
}
API cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
  NEEDS_CONTEXT;
  NEEDS(is_device_address((void*)from) && is_device_address((void*)to), result::kInvalidValue);
  return copy_async((void*)to, (void*)from, bytes, "copy within the device", stream);
}
API cuMemcpyHtoD_v2(CUdeviceptr to, const void* from, size_t bytes) {
  NOT_IN_CAPTURE;
  const CUresult asked = cuMemcpyHtoDAsync_v2(to, from, bytes, nullptr);
  return asked != kSuccess ? asked : code(failure().code);
}
API cuMemcpyDtoH_v2(void* to, CUdeviceptr from, size_t bytes) {
  NOT_IN_CAPTURE;
  return cuMemcpyDtoHAsync_v2(to, from, bytes, nullptr);
}
API cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  NOT_IN_CAPTURE;
  return cuMemcpyDtoDAsync_v2(to, from, bytes, nullptr);
}
API cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t count, CUstream stream) {
  return fill_async(to, value, count, stream);
}
API cuMemsetD16Async(CUdeviceptr to, unsigned short value, size_t count, CUstream stream) {
  return fill_async(to, value, count, stream);
}
API cuMemsetD32Async(CUdeviceptr to, unsigned int value, size_t count, CUstream stream) {
  return fill_async(to, value, count, stream);
}
API cuMemsetD8_v2(CUdeviceptr to, unsigned char value, size_t count) { return fill_async(to, value, count, nullptr); }
API cuMemsetD32_v2(CUdeviceptr to, unsigned int value, size_t count) { return fill_async(to, value, count, nullptr); }

// ---- Modules and kernels ----

API cuModuleLoadData(CUmodule* module, const void* image) {
  NEEDS_CONTEXT;
  NOT_IN_CAPTURE;  // because it allocates
  std::string path;
  void* library = image ? open_image(image, path) : nullptr;
  const int* built_for = library ? (const int*)dlsym(library, "emulator_architecture") : nullptr;
  if (char* kept = library ? (char*)dlsym(library, "emulator_module_path") : nullptr)
    snprintf(kept, 256, "%s", path.c_str());
  if (!built_for && !path.empty()) unlink(path.c_str());
  NEEDS(built_for, result::kInvalidImage);
  // Machine code runs on its own major version, from its own minor version on.
  const bool runs = *built_for / 10 == compute_capability(0) && *built_for % 10 <= compute_capability(1);
  if (!runs) {
    dlclose(library);
    unlink(path.c_str());
    return code(result::kNoBinary);
  }
  // The file is kept until exit: it is read again to report the source line of an error.
  static const bool once = atexit([] {
    for (void* loaded : driver().modules) unlink(((CUmod_st*)loaded)->path.c_str());
  }) == 0;
  (void)once;
  *module = new CUmod_st{library, path, {}};
  driver().modules.insert(*module);
  return kSuccess;
}
API cuModuleLoadDataEx(CUmodule* module, const void* image, unsigned int, CUjit_option*, void**) {
  return cuModuleLoadData(module, image);
}
API cuModuleUnload(CUmodule module) {
  NEEDS(driver().modules.erase(module), result::kInvalidHandle);
  run_all();
  for (auto& function : module->functions) driver().functions.erase(&function.second);
  dlclose(module->library);
  unlink(module->path.c_str());
  delete module;
  return kSuccess;
}
API cuModuleGetFunction(CUfunction* function, CUmodule module, const char* name) {
  NEEDS_CONTEXT;
  NEEDS(driver().modules.count(module), result::kInvalidHandle);
  const auto* kernel = (const Kernel*)dlsym(module->library, ("emulator_kernel_" + std::string(name)).c_str());
  NEEDS(kernel, result::kNotFound);
  const Run run = (Run)dlsym(module->library, "emulator_run");
  auto& kept = module->functions.emplace(name, CUfunc_st{kernel, name, run, 0}).first->second;
  if (kept.dynamic_shared == 0) kept.dynamic_shared = kSharedWithoutAsking;
  *function = &kept;
  driver().functions.insert(&kept);
  return kSuccess;
}
API cuFuncGetAttribute(int* value, CUfunction_attribute which, CUfunction function) {
  NEEDS(driver().functions.count(function), result::kInvalidHandle);
  *value = (int)which == 0 ? function->kernel->max_threads : (int)which == 8 ? (int)function->dynamic_shared : 0;
  return kSuccess;
}
API cuFuncSetAttribute(CUfunction function, CUfunction_attribute which, int value) {
  NEEDS(driver().functions.count(function), result::kInvalidHandle);
  if ((int)which != 8) return kSuccess;  // MAX_DYNAMIC_SHARED_SIZE_BYTES
  NEEDS(value >= 0 && (size_t)value <= most_shared(), result::kInvalidValue);
  function->dynamic_shared = (size_t)value;
  return kSuccess;
}
API cuFuncSetCacheConfig(CUfunction, CUfunc_cache) { return kSuccess; }
API cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, CUfunction, int threads, size_t) {
  *blocks = threads > 0 ? 2048 / threads : 0;
  return kSuccess;
}

API cuLaunchKernel(CUfunction function, unsigned int grid_x, unsigned int grid_y, unsigned int grid_z,
                   unsigned int block_x, unsigned int block_y, unsigned int block_z, unsigned int shared_bytes,
                   CUstream handle, void** parameters, void** extra) {
  NEEDS_CONTEXT;
  NEEDS(driver().functions.count(function), result::kInvalidHandle);
  Stream* stream = stream_of(handle);
  NEEDS(stream, result::kInvalidHandle);
  NEEDS(grid_x && grid_y && grid_z && block_x && block_y && block_z, result::kInvalidValue);
  NEEDS(grid_x <= 2147483647u && grid_y <= 65535 && grid_z <= 65535, result::kInvalidValue);
  const uint64_t threads = (uint64_t)block_x * block_y * block_z;
  NEEDS(threads <= 1024 && block_z <= 64 && shared_bytes <= function->dynamic_shared, result::kInvalidValue);
  NEEDS((int)threads <= function->kernel->max_threads, result::kLaunchOutOfResources);
  const Kernel* kernel = function->kernel;
  NEEDS((parameters || kernel->parameters == 0) && !extra, result::kInvalidValue);
  // Parameters are copied when the launch is queued, also for a graph.
  auto values = std::make_shared<std::vector<std::vector<char>>>();
  for (int i = 0; i < kernel->parameters; i++)
    values->emplace_back((char*)parameters[i], (char*)parameters[i] + kernel->sizes[i]);
  const Shape shape{{grid_x, grid_y, grid_z}, {block_x, block_y, block_z}, shared_bytes};
  const auto launch = [=](std::string& detail) -> int {
    const int lose_after = number_of("CUDA_EMULATOR_LOSE_AFTER", -1);
    if (lose_after >= 0 && ++driver().kernels > lose_after) {
      detail = "the card was lost, as CUDA_EMULATOR_LOSE_AFTER says";
      return number_of("CUDA_EMULATOR_LOSE_WITH", 999);
    }
    void* arguments[kMaxParameters];
    for (size_t i = 0; i < values->size(); i++) arguments[i] = (*values)[i].data();
    Fault fault;
    function->run(&device_memory(), kernel, function->name.c_str(), &shape, arguments, &fault);
    driver().copied += fault.copied;
    detail = fault.outcome ? fault.text : "";
    return fault.outcome;
  };
  return code(ask(stream, {launch}));
}

// ---- Streams and events ----

API cuStreamCreate(CUstream* stream, unsigned int flags) {
  NEEDS_CONTEXT;
  *stream = (CUstream)create_stream(!(flags & 1));
  return kSuccess;
}
API cuStreamCreateWithPriority(CUstream* stream, unsigned int flags, int) { return cuStreamCreate(stream, flags); }
API cuStreamDestroy_v2(CUstream handle) {
  Stream* stream = stream_of(handle);
  NEEDS(stream && stream != null_stream(), result::kInvalidHandle);
  destroy_stream(stream);
  return kSuccess;
}
API cuStreamSynchronize(CUstream handle) {
  NEEDS_CONTEXT;
  Stream* stream = stream_of(handle);
  NEEDS(stream, result::kInvalidHandle);
  if (stream->capture) NOT_IN_CAPTURE;
  return code(run_until(stream, stream->asked));
}
API cuStreamQuery(CUstream handle) {
  NEEDS_CONTEXT;
  Stream* stream = stream_of(handle);
  NEEDS(stream, result::kInvalidHandle);
  if (stream->capture) NOT_IN_CAPTURE;
  const bool done = advance(stream);
  return failure().code ? code(failure().code) : code(done ? 0 : result::kNotReady);
}

API cuEventCreate(CUevent* event, unsigned int flags) {
  NEEDS_CONTEXT;
  auto* made = new Event;
  made->timed = !(flags & 2);  // CU_EVENT_DISABLE_TIMING
  *event = (CUevent)made;
  driver().events.insert(made);
  return kSuccess;
}
API cuEventDestroy_v2(CUevent event) {
  NEEDS(driver().events.erase(event), result::kInvalidHandle);
  run_all();
  delete (Event*)event;
  return kSuccess;
}
API cuEventRecord(CUevent event, CUstream handle) {
  NEEDS_CONTEXT;
  NEEDS(driver().events.count(event) && stream_of(handle), result::kInvalidHandle);
  return code(record_event((Event*)event, stream_of(handle)));
}
API cuStreamWaitEvent(CUstream handle, CUevent event, unsigned int) {
  NEEDS_CONTEXT;
  NEEDS(driver().events.count(event) && stream_of(handle), result::kInvalidHandle);
  return code(await_event(stream_of(handle), (Event*)event));
}
API cuEventSynchronize(CUevent handle) {
  NEEDS_CONTEXT;
  NEEDS(driver().events.count(handle), result::kInvalidHandle);
  NOT_IN_CAPTURE;
  Event* event = (Event*)handle;
  return event->stream ? code(run_until(event->stream, event->position)) : kSuccess;
}
API cuEventQuery(CUevent handle) {
  NEEDS_CONTEXT;
  NEEDS(driver().events.count(handle), result::kInvalidHandle);
  NOT_IN_CAPTURE;
  Event* event = (Event*)handle;
  if (!event->stream || event->stream->done >= event->position) return kSuccess;
  advance(event->stream);
  return code(failure().code ? failure().code : event->stream->done >= event->position ? 0 : result::kNotReady);
}
API cuEventElapsedTime_v2(float* milliseconds, CUevent start, CUevent end) {
  NEEDS_CONTEXT;
  NEEDS(driver().events.count(start) && driver().events.count(end), result::kInvalidHandle);
  const Event *from = (Event*)start, *to = (Event*)end;
  NEEDS(from->timed && from->stream && to->timed && to->stream, result::kInvalidHandle);
  NEEDS(!from->capture && !to->capture, result::kCapturedEvent);
  for (const Event* event : {from, to}) NEEDS(event->stream->done >= event->position, result::kNotReady);
  *milliseconds = (float)((to->microseconds - from->microseconds) / 1000);
  return kSuccess;
}
#undef cuEventElapsedTime
API cuEventElapsedTime(float* milliseconds, CUevent start, CUevent end) {
  return cuEventElapsedTime_v2(milliseconds, start, end);
}

// ---- Graphs ----

API cuStreamBeginCapture_v2(CUstream handle, CUstreamCaptureMode mode) {
  NEEDS_CONTEXT;
  NEEDS(stream_of(handle), result::kInvalidHandle);
  return code(begin_capture(stream_of(handle), (int)mode));
}
API cuStreamIsCapturing(CUstream handle, CUstreamCaptureStatus* status) {
  NEEDS(stream_of(handle), result::kInvalidHandle);
  *status = (CUstreamCaptureStatus)(stream_of(handle)->capture ? 1 : 0);
  return kSuccess;
}
API cuStreamEndCapture(CUstream handle, CUgraph* graph) {
  NEEDS(stream_of(handle), result::kInvalidHandle);
  Graph* captured;
  const int ended = end_capture(stream_of(handle), &captured);
  *graph = (CUgraph)captured;
  if (captured) driver().graphs.insert(captured);
  return code(ended);
}
API cuGraphInstantiateWithFlags(CUgraphExec* executable, CUgraph graph, unsigned long long) {
  NEEDS_CONTEXT;
  NEEDS(driver().graphs.count(graph), result::kInvalidHandle);
  const int most = number_of("CUDA_EMULATOR_GRAPHS", -1);
  NEEDS(most < 0 || (int)driver().executables.size() < most, result::kOutOfMemory);
  *executable = (CUgraphExec) new Graph(*(Graph*)graph);
  driver().executables.insert(*executable);
  return kSuccess;
}
API cuGraphInstantiate_v2(CUgraphExec* executable, CUgraph graph, CUgraphNode*, char*, size_t) {
  return cuGraphInstantiateWithFlags(executable, graph, 0);
}
API cuGraphGetNodes(CUgraph graph, CUgraphNode*, size_t* count) {
  NEEDS(driver().graphs.count(graph), result::kInvalidHandle);
  *count = ((Graph*)graph)->operations.size();
  return kSuccess;
}
API cuGraphUpload(CUgraphExec, CUstream) { return kSuccess; }
API cuGraphLaunch(CUgraphExec executable, CUstream handle) {
  NEEDS_CONTEXT;
  NEEDS(driver().executables.count(executable) && stream_of(handle), result::kInvalidHandle);
  const int most = number_of("CUDA_EMULATOR_LAUNCHED_GRAPHS", -1);
  auto& launched = driver().launched;
  NEEDS(most < 0 || launched.count(executable) || (int)launched.size() < most, result::kOutOfMemory);
  launched.insert(executable);
  const Graph graph = *(Graph*)executable;  // a copy, because it may be destroyed before it has run
  const auto replay = [graph](std::string& detail) {
    for (const Operation& operation : graph.operations)
      if (const int ended = operation.run(detail)) {
        detail += " (in a graph)";
        return ended;
      }
    return 0;
  };
  return code(ask(stream_of(handle), {replay, graph.microseconds()}));
}
API cuGraphExecDestroy(CUgraphExec executable) {
  NEEDS(driver().executables.erase(executable), result::kInvalidHandle);
  driver().launched.erase(executable);
  delete (Graph*)executable;
  return kSuccess;
}
API cuGraphDestroy(CUgraph graph) {
  NEEDS(driver().graphs.erase(graph), result::kInvalidHandle);
  delete (Graph*)graph;
  return kSuccess;
}
