// The driver's calls for memory: allocations, copies, memsets.

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "calls.h"
#include "memory.h"

using namespace emulator;

namespace {

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

}  // namespace

FOR_EMULATOR int emulator_touch(const void* address, size_t bytes, const char* what, std::string* detail) {
  return touch(address, bytes, what, *detail);
}

API cuMemGetInfo_v2(size_t* unused, size_t* total) {
  NEEDS_CONTEXT;
  *total = total_memory();
  *unused = *total - used_memory(current()->device);
  return kSuccess;
}
API cuMemAlloc_v2(CUdeviceptr* address, size_t bytes) {
  NEEDS_CONTEXT;
  NOT_IN_CAPTURE;
  NEEDS(bytes > 0, result::kInvalidValue);
  void* memory = allocate(bytes, current()->device, current());
  NEEDS(memory, result::kOutOfMemory);
  *address = (CUdeviceptr)memory;
  return kSuccess;
}
API cuMemFree_v2(CUdeviceptr address) {
  if (address == 0) return kSuccess;
  NEEDS_CONTEXT;
  NOT_IN_CAPTURE;
  run_all(current());
  return code(release((void*)address) ? current()->failure.code : result::kInvalidValue);
}
API cuMemHostAlloc(void** address, size_t bytes, unsigned int) {
  NEEDS_CONTEXT;
  NOT_IN_CAPTURE;
  NEEDS(bytes > 0, result::kInvalidValue);
  *address = allocate_pinned(bytes, current());
  return code(*address ? 0 : result::kOutOfMemory);
}
API cuMemAllocHost_v2(void** address, size_t bytes) { return cuMemHostAlloc(address, bytes, 0); }
API cuMemFreeHost(void* address) {
  NEEDS_CONTEXT;
  run_all(current());
  return code(release_pinned(address) ? current()->failure.code : result::kInvalidValue);
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
  return asked != kSuccess ? asked : code(current()->failure.code);
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

