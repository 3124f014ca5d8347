// Contexts as in cuda.h: a card's primary context begins when it is retained, and ends when its last reference is
// released or it is reset. It has one address for ever, stays current when it ends, and begins anew when it is retained
// again. Until then, calls fail with CUDA_ERROR_CONTEXT_IS_DESTROYED. An error that ended a context's work lasts until
// the context itself ends.

#include "contexts.h"

#include <map>
#include <vector>

#include "calls.h"
#include "card.h"
#include "memory.h"

using namespace emulator;

namespace {

struct Primary {
  CUctx_st context;
  int references = 0;
};
std::map<int, Primary>& primaries() {
  static auto* all = new std::map<int, Primary>;
  return *all;
}
Primary& primary_of(int device) {
  return primaries().try_emplace(device, Primary{CUctx_st(device)}).first->second;
}

/** What cuCtxCreate has made. */
std::set<Context*>& created() {
  static auto* all = new std::set<Context*>;
  return *all;
}

bool is_context(const Context* context) {
  for (const auto& [device, primary] : primaries())
    if (context == &primary.context) return true;
  return created().count(const_cast<Context*>(context)) > 0;
}

/** Each thread has a stack of contexts. The last one is current. */
std::vector<Context*>& stack() {
  thread_local std::vector<Context*> contexts;
  return contexts;
}

uint64_t lives = 0;
int primaries_begun = 0;

void begin(Context* context) {
  context->alive = true;
  context->life = ++lives;
  context->null_stream = create_stream(context, true);
}

void end(Context* context) {
  if (!context->alive) return;
  run_all(context);
  destroy_streams(context);
  for (const void* module : context->modules) unload((CUmodule)module);
  for (const auto* graphs : {&context->graphs, &context->executables})
    for (const void* graph : *graphs) ((Graph*)graph)->operations.clear();
  release_all(context);
  *context = CUctx_st(context->device);
}

}  // namespace

namespace emulator {

Context* current() { return stack().empty() ? nullptr : stack().back(); }

int obstacle() {
  if (!is_initialized()) return result::kNotInitialized;
  if (!current()) return result::kInvalidContext;
  return current()->alive ? current()->failure.code : result::kContextIsDestroyed;
}

}  // namespace emulator

/** For the emulated cuBLASLt: the life of the current context, or 0. */
FOR_EMULATOR uint64_t emulator_context() { return current() ? current()->life : 0; }
/** For tests: how many times a card's primary context has begun. */
FOR_EMULATOR int emulator_contexts_made() { return primaries_begun; }

API cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device) {
  NEEDS(is_initialized(), result::kNotInitialized);
  NEEDS(device >= 0 && device < device_count(), result::kInvalidDevice);
  Primary& primary = primary_of(device);
  if (!primary.context.alive) {
    begin(&primary.context);
    primaries_begun++;
  }
  primary.references++;
  *context = &primary.context;
  return kSuccess;
}
API cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  NEEDS(is_initialized(), result::kNotInitialized);
  NEEDS(device >= 0 && device < device_count(), result::kInvalidDevice);
  Primary& primary = primary_of(device);
  NEEDS(primary.references > 0, result::kInvalidContext);
  if (--primary.references == 0) end(&primary.context);
  return kSuccess;
}
/** Does not release it: the references are still counted. */
API cuDevicePrimaryCtxReset_v2(CUdevice device) {
  NEEDS(is_initialized(), result::kNotInitialized);
  NEEDS(device >= 0 && device < device_count(), result::kInvalidDevice);
  end(&primary_of(device).context);
  return kSuccess;
}
API cuDevicePrimaryCtxGetState(CUdevice device, unsigned int* flags, int* active) {
  NEEDS(is_initialized(), result::kNotInitialized);
  NEEDS(device >= 0 && device < device_count(), result::kInvalidDevice);
  *flags = 0;
  *active = primary_of(device).context.alive;
  return kSuccess;
}

API cuCtxCreate_v2(CUcontext* context, unsigned int, CUdevice device) {
  NEEDS(is_initialized(), result::kNotInitialized);
  NEEDS(device >= 0 && device < device_count(), result::kInvalidDevice);
  *context = new CUctx_st(device);
  begin(*context);
  created().insert(*context);
  stack().push_back(*context);
  return kSuccess;
}
API cuCtxDestroy_v2(CUcontext context) {
  NEEDS(is_initialized(), result::kNotInitialized);
  // A primary context is only released or reset.
  NEEDS(created().erase(context), result::kInvalidContext);
  end(context);
  if (current() == context) stack().pop_back();
  return kSuccess;
}
API cuCtxSetCurrent(CUcontext context) {
  NEEDS(is_initialized(), result::kNotInitialized);
  NEEDS(!context || is_context(context), result::kInvalidContext);
  if (!stack().empty()) stack().pop_back();
  if (context) stack().push_back(context);
  return kSuccess;
}
API cuCtxGetCurrent(CUcontext* context) {
  NEEDS(is_initialized(), result::kNotInitialized);
  *context = current();
  return kSuccess;
}
API cuCtxSynchronize() {
  NEEDS_CONTEXT;
  NOT_IN_CAPTURE;
  return code(run_all(current()));
}
