// Streams that put off what they are asked for as long as a card could: an operation runs when somebody waits for it. So
// a host that reads a result, or reuses a pinned buffer, without waiting finds the old bytes. Events, capture and
// graphs are lists of the same operations.

#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace emulator {

/** Returns 0 or the CUresult that the context is left with; `detail` says why. */
using Operation = std::function<int(std::string& detail)>;

struct Capture;

struct Stream {
  std::deque<Operation> queue;
  uint64_t asked = 0, done = 0;
  bool blocking = true;  // with regard to the null stream
  Capture* capture = nullptr;
  bool unjoined = false;  // captured something that the capture's own stream has not waited for
};

struct Event {
  Stream* stream = nullptr;
  uint64_t position = 0;
  double milliseconds = 0;
  Capture* capture = nullptr;
};

struct Graph {
  std::vector<Operation> operations;
};

/** The error that ends a context, and why; 0 while all is well. */
struct Failure {
  int code = 0;
  std::string detail;
};
Failure& failure();

Stream* null_stream();
Stream* create_stream(bool blocking);
void destroy_stream(Stream*);
bool is_stream(const Stream*);
/** Asks for an operation: it is put off, or becomes part of the graph that the stream captures. */
int ask(Stream*, Operation);
/** Runs what was asked for up to that position. */
int run_until(Stream*, uint64_t position);
/** Runs the next operation only, so that a host that polls gets there. @return whether all is done */
bool advance(Stream*);
int run_all();

int record_event(Event*, Stream*);
int await_event(Stream*, Event*);

int begin_capture(Stream*, int mode);
int end_capture(Stream*, Graph** graph);
/** 0, or the error of a call that must not be made while anything is captured; spoils the capture. */
int refuse_while_capturing();

}  // namespace emulator
