// What the files with the driver's calls share: how a call is declared, and checks that end it with an error.

#pragma once

#include <cstdlib>

#include "contexts.h"
#include "cuda-types.h"
#include "streams.h"

#define API extern "C" __attribute__((visibility("default"))) CUresult CUDAAPI
/** A function that only the other emulated libraries and the tests call. */
#define FOR_EMULATOR extern "C" __attribute__((visibility("default")))

#define NEEDS_CONTEXT \
  if (const int refused = emulator::obstacle()) return emulator::code(refused)
#define NEEDS(condition, error) \
  if (!(condition)) return emulator::code(error)
#define NOT_IN_CAPTURE \
  if (const int refused = emulator::refuse_while_capturing()) return emulator::code(refused)

namespace emulator {

inline CUresult code(int number) { return (CUresult)number; }
constexpr CUresult kSuccess = (CUresult)0;

/** A number from the environment. */
inline int number_of(const char* variable, int otherwise) {
  const char* text = getenv(variable);
  return text ? atoi(text) : otherwise;
}

/** From stream-calls.cc: the stream of a handle in the current context, or null. */
Stream* stream_of(CUstream handle);
/** From module-calls.cc: for the end of a context. */
void unload(CUmodule module);

}  // namespace emulator
