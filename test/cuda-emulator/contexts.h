// The contexts of the emulated cards. A context owns everything that was created in it: memory, modules, streams,
// events and graphs. When it ends, these are gone, and their handles are refused. Nothing is ever created at the
// address of something old, so that an old handle is never taken for a new one.

#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "streams.h"

/** The driver's own type of a context: what a CUcontext points to. It is never freed. */
struct CUctx_st {
  explicit CUctx_st(int of) : device(of) {}
  int device;
  bool alive = false;
  /** Another number each time that it begins. */
  uint64_t life = 0;
  emulator::Failure failure;
  emulator::Stream* null_stream = nullptr;
  std::set<const void*> streams, modules, functions, events, graphs, executables, launched;
};

namespace emulator {

using Context = CUctx_st;

/** The calling thread's context, dead or alive; null if it has none. */
Context* current();
/** The error of a call that needs a context, or 0. */
int obstacle();

}  // namespace emulator
