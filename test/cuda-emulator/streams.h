// Streams that delay operations as long as a card could: an operation runs only when something waits for it. So a host
// that reads a result, or reuses a pinned buffer, without waiting sees the old bytes. Events, captures and graphs are
// lists of the same operations. Time is virtual: an operation advances the card's clock by a fixed duration when it
// runs, so the times between events do not depend on the machine.

#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

struct CUctx_st;

namespace emulator {

using Context = CUctx_st;

/** Work that a stream queues. */
struct Operation {
  /** Returns 0, or the CUresult that ends the context; `detail` says why. */
  std::function<int(std::string& detail)> run;
  /** What it adds to the card's clock. Kernels, copies and memsets take one microsecond. */
  double microseconds = 1;
};

struct Capture;

/** Never freed, so that work which waits for a stream can ask whether it is still there. */
struct Stream {
  /** Null once the stream is destroyed. */
  Context* context;
  bool blocking;  // with respect to the null stream
  std::deque<Operation> queue = {};
  uint64_t asked = 0, done = 0;
  Capture* capture = nullptr;
  bool unjoined = false;  // captured work that the capture's own stream has not waited for
};

struct Event {
  /** Whether it records the time: it was created without CU_EVENT_DISABLE_TIMING. */
  bool timed = true;
  /** How often it was recorded, and the last record that was reached. */
  uint64_t recorded = 0, reached = 0;
  /** The last record: its stream and the position there, or the capture. */
  Stream* stream = nullptr;
  uint64_t position = 0;
  Capture* capture = nullptr;
  /** The card's clock when it was reached. */
  double microseconds = 0;
};

/** Also an executable graph. */
struct Graph {
  std::vector<Operation> operations;
  double microseconds() const;
};

/** The error that ended a context's work, and its reason; 0 if there is none. */
struct Failure {
  int code = 0;
  std::string detail;
};

Stream* create_stream(Context*, bool blocking);
/** Runs what is queued in it first. */
void destroy_stream(Stream*);
void destroy_streams(Context*);
/** Queues an operation, or adds it to the graph that the stream captures. */
int ask(Stream*, Operation);
/** Runs the queue up to that position. */
int run_until(Stream*, uint64_t position);
/**
 * Runs only the next operation, so that a polling host makes progress.
 * @return whether all operations are done
 */
bool advance(Stream*);
/** Runs everything that is queued in a context. */
int run_all(Context*);

int record_event(Event*, Stream*);
int await_event(Stream*, Event*);
bool is_pending(const Event*);

int begin_capture(Stream*, int mode);
int end_capture(Stream*, Graph** graph);
/** 0, or the error of a call that is not allowed during a capture. Invalidates the capture. */
int refuse_while_capturing();

}  // namespace emulator
