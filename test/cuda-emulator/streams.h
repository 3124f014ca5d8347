// Streams that delay operations as long as a card could: an operation runs only when something waits for it. So a host
// that reads a result, or reuses a pinned buffer, without waiting sees the old bytes. Events, captures and graphs are
// lists of the same operations. Time is virtual: an operation advances the card's clock by a fixed duration when it runs.
// So the times between events do not depend on the machine.

#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace emulator {

/** Work that a stream queues. */
struct Operation {
  /** Returns 0, or the CUresult that ends the context; `detail` says why. */
  std::function<int(std::string& detail)> run;
  /** What it adds to the card's clock. Kernels, copies and memsets take one microsecond. */
  double microseconds = 1;
};

struct Capture;

struct Stream {
  std::deque<Operation> queue;
  uint64_t asked = 0, done = 0;
  bool blocking = true;  // with respect to the null stream
  Capture* capture = nullptr;
  bool unjoined = false;  // captured work that the capture's own stream has not waited for
};

struct Event {
  /** Whether it records the time: it was created without CU_EVENT_DISABLE_TIMING. */
  bool timed = true;
  Stream* stream = nullptr;
  uint64_t position = 0;
  /** The card's clock when it was reached. */
  double microseconds = 0;
  Capture* capture = nullptr;
};

struct Graph {
  std::vector<Operation> operations;
  double microseconds() const;
};

/** The error that ended the context, and its reason; 0 if there is none. */
struct Failure {
  int code = 0;
  std::string detail;
};
Failure& failure();

Stream* null_stream();
Stream* create_stream(bool blocking);
void destroy_stream(Stream*);
bool is_stream(const Stream*);
/** Queues an operation, or adds it to the graph that the stream captures. */
int ask(Stream*, Operation);
/** Runs the queue up to that position. */
int run_until(Stream*, uint64_t position);
/**
 * Runs only the next operation, so that a polling host makes progress.
 * @return whether all operations are done
 */
bool advance(Stream*);
int run_all();

int record_event(Event*, Stream*);
int await_event(Stream*, Event*);

int begin_capture(Stream*, int mode);
int end_capture(Stream*, Graph** graph);
/** 0, or the error of a call that is not allowed during a capture. Invalidates the capture. */
int refuse_while_capturing();

}  // namespace emulator
