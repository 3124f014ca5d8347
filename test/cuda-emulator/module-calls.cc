// The driver's calls for modules and kernels.

#include <dlfcn.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "calls.h"
#include "card.h"
#include "memory.h"
#include "simt.h"

using namespace emulator;

struct CUfunc_st {
  CUmodule module;
  const Kernel* kernel;
  std::string name;
  Run run;
  size_t dynamic_shared;
};
/** Never freed. `library` is null once it is unloaded. */
struct CUmod_st {
  void* library;
  std::string path;
  std::map<std::string, CUfunc_st> functions;
};

namespace {

/** Those that ran while the card could be lost. */
int launched_kernels = 0;
uint64_t copied_bytes = 0;

/** The images of the loaded modules. */
std::set<std::string>& files() {
  static auto* all = new std::set<std::string>;
  return *all;
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

void emulator::unload(CUmodule module) {
  dlclose(module->library);
  module->library = nullptr;
  unlink(module->path.c_str());
  files().erase(module->path);
}

/** For tests: bytes that all kernels have copied with cp.async so far, which shows whether they skipped work. */
FOR_EMULATOR uint64_t emulator_copied_bytes() { return copied_bytes; }

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
  // The file is kept until the module is unloaded: it is read again to report the source line of an error.
  files().insert(path);
  static const bool once = atexit([] {
    for (const std::string& file : files()) unlink(file.c_str());
  }) == 0;
  (void)once;
  *module = new CUmod_st{library, path, {}};
  current()->modules.insert(*module);
  return kSuccess;
}
API cuModuleLoadDataEx(CUmodule* module, const void* image, unsigned int, CUjit_option*, void**) {
  return cuModuleLoadData(module, image);
}
API cuModuleUnload(CUmodule module) {
  NEEDS_CONTEXT;
  NEEDS(current()->modules.erase(module), result::kInvalidHandle);
  run_all(current());
  for (auto& function : module->functions) current()->functions.erase(&function.second);
  unload(module);
  return kSuccess;
}
API cuModuleGetFunction(CUfunction* function, CUmodule module, const char* name) {
  NEEDS_CONTEXT;
  NEEDS(current()->modules.count(module), result::kInvalidHandle);
  const auto* kernel = (const Kernel*)dlsym(module->library, ("emulator_kernel_" + std::string(name)).c_str());
  NEEDS(kernel, result::kNotFound);
  const Run run = (Run)dlsym(module->library, "emulator_run");
  const CUfunc_st function_of{module, kernel, name, run, kSharedWithoutAsking};
  auto& kept = module->functions.emplace(name, function_of).first->second;
  *function = &kept;
  current()->functions.insert(&kept);
  return kSuccess;
}
API cuFuncGetAttribute(int* value, CUfunction_attribute which, CUfunction function) {
  NEEDS_CONTEXT;
  NEEDS(current()->functions.count(function), result::kInvalidHandle);
  *value = (int)which == 0 ? function->kernel->max_threads : (int)which == 8 ? (int)function->dynamic_shared : 0;
  return kSuccess;
}
API cuFuncSetAttribute(CUfunction function, CUfunction_attribute which, int value) {
  NEEDS_CONTEXT;
  NEEDS(current()->functions.count(function), result::kInvalidHandle);
  if ((int)which != 8) return kSuccess;  // MAX_DYNAMIC_SHARED_SIZE_BYTES
  NEEDS(value >= 0 && (size_t)value <= most_shared(), result::kInvalidValue);
  function->dynamic_shared = (size_t)value;
  return kSuccess;
}
API cuFuncSetCacheConfig(CUfunction function, CUfunc_cache) {
  NEEDS_CONTEXT;
  NEEDS(current()->functions.count(function), result::kInvalidHandle);
  return kSuccess;
}
API cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, CUfunction function, int threads, size_t) {
  NEEDS_CONTEXT;
  NEEDS(current()->functions.count(function), result::kInvalidHandle);
  *blocks = threads > 0 ? 2048 / threads : 0;
  return kSuccess;
}

API cuLaunchKernel(CUfunction function, unsigned int grid_x, unsigned int grid_y, unsigned int grid_z,
                   unsigned int block_x, unsigned int block_y, unsigned int block_z, unsigned int shared_bytes,
                   CUstream handle, void** parameters, void** extra) {
  NEEDS_CONTEXT;
  NEEDS(current()->functions.count(function), result::kInvalidHandle);
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
    if (!function->module->library) {
      detail = "kernel " + function->name + ": its module was unloaded";
      return ILLEGAL_ADDRESS;
    }
    const int lose_after = number_of("CUDA_EMULATOR_LOSE_AFTER", -1);
    if (lose_after >= 0 && ++launched_kernels > lose_after) {
      detail = "the card was lost, as CUDA_EMULATOR_LOSE_AFTER says";
      return number_of("CUDA_EMULATOR_LOSE_WITH", 999);
    }
    void* arguments[kMaxParameters];
    for (size_t i = 0; i < values->size(); i++) arguments[i] = (*values)[i].data();
    Fault fault;
    function->run(&device_memory(), kernel, function->name.c_str(), &shape, arguments, &fault);
    copied_bytes += fault.copied;
    detail = fault.outcome ? fault.text : "";
    return fault.outcome;
  };
  return code(ask(stream, {launch}));
}

