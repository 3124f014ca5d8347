// See streams.h.

#include "streams.h"

#include <cstdio>
#include <set>

#include "cuda-types.h"

namespace emulator {

struct Capture {
  Graph* graph;
  Stream* origin;
  int mode;
  bool spoiled = false;
  std::set<Stream*> streams;
};

namespace {

// A longer queue starts to run by itself, as on a card, whose queue is limited.
constexpr size_t kMostPutOff = 1024;

std::set<Stream*>& streams() {
  static auto* all = new std::set<Stream*>;
  return *all;
}
std::set<Capture*>& captures() {
  static auto* all = new std::set<Capture*>;
  return *all;
}

/** Microseconds that the card has worked. */
double clock_now = 0;

void run_next(Stream* stream) {
  Operation operation = std::move(stream->queue.front());
  stream->queue.pop_front();
  // A failed context does nothing more.
  if (failure().code == 0) {
    std::string detail;
    const int code = operation.run(detail);
    clock_now += operation.microseconds;
    if (code != 0 && failure().code == 0) {
      failure() = {code, detail};
      fprintf(stderr, "CUDA emulator: %s\n", detail.c_str());
    }
  }
  stream->done++;
}

void forget(Capture* capture) {
  for (Stream* stream : capture->streams) {
    stream->capture = nullptr;
    stream->unjoined = false;
  }
  captures().erase(capture);
  // Events may still point to the capture, so it is not freed; it is small.
}

}  // namespace

Failure& failure() {
  static auto* only = new Failure;
  return *only;
}

double Graph::microseconds() const {
  double sum = 0;
  for (const Operation& operation : operations) sum += operation.microseconds;
  return sum;
}

Stream* null_stream() {
  static Stream* only = create_stream(true);
  return only;
}
Stream* create_stream(bool blocking) {
  auto* stream = new Stream;
  stream->blocking = blocking;
  streams().insert(stream);
  return stream;
}
void destroy_stream(Stream* stream) {
  run_until(stream, stream->asked);
  streams().erase(stream);
  delete stream;
}
bool is_stream(const Stream* stream) { return streams().count(const_cast<Stream*>(stream)) > 0; }

int ask(Stream* stream, Operation operation) {
  if (stream->capture) {
    if (stream->capture->spoiled) return result::kCaptureInvalidated;
    stream->capture->graph->operations.push_back(std::move(operation));
    stream->unjoined = stream != stream->capture->origin;
    return 0;
  }
  if (stream == null_stream()) {
    for (Capture* capture : captures())
      if (capture->origin->blocking) {
        capture->spoiled = true;
        return result::kCaptureImplicit;
      }
    // The null stream waits for all blocking streams, and they for it. It is brought up to date at once.
    for (Stream* other : streams())
      if (other->blocking && other != stream) run_until(other, other->asked);
  }
  stream->queue.push_back(std::move(operation));
  stream->asked++;
  if (stream == null_stream() || stream->queue.size() > kMostPutOff) run_until(stream, stream->asked);
  return failure().code;
}

int run_until(Stream* stream, uint64_t position) {
  while (stream->done < position && !stream->queue.empty()) run_next(stream);
  return failure().code;
}

bool advance(Stream* stream) {
  if (!stream->queue.empty()) run_next(stream);
  return stream->queue.empty();
}

int run_all() {
  const std::set<Stream*> all = streams();
  for (Stream* stream : all) run_until(stream, stream->asked);
  return failure().code;
}

int record_event(Event* event, Stream* stream) {
  if (stream->capture) {
    event->capture = stream->capture;
    event->stream = stream;
    return 0;
  }
  event->capture = nullptr;
  const auto stamp = [event](std::string&) {
    event->microseconds = clock_now;
    return 0;
  };
  const int code = ask(stream, {stamp, 0});
  event->stream = stream;
  event->position = stream->asked;
  return code;
}

int await_event(Stream* stream, Event* event) {
  if (!event->stream) return 0;
  if (event->capture) {
    if (stream->capture && stream->capture != event->capture) return result::kInvalidValue;
    if (!captures().count(event->capture)) return result::kInvalidValue;
    // The capture's operations are in the order in which they were queued, which satisfies every dependency.
    stream->capture = event->capture;
    stream->capture->streams.insert(stream);
    if (stream == stream->capture->origin) event->stream->unjoined = false;
    return 0;
  }
  if (stream->capture) return result::kInvalidValue;
  Stream* other = event->stream;
  const uint64_t position = event->position;
  const auto wait = [=](std::string&) { return is_stream(other) ? run_until(other, position) : 0; };
  return ask(stream, {wait, 0});
}

int begin_capture(Stream* stream, int mode) {
  if (stream == null_stream()) return result::kCaptureUnsupported;
  if (stream->capture) return result::kInvalidValue;
  auto* capture = new Capture{new Graph, stream, mode, false, {stream}};
  captures().insert(capture);
  stream->capture = capture;
  return 0;
}

int end_capture(Stream* stream, Graph** graph) {
  *graph = nullptr;
  Capture* capture = stream->capture;
  if (!capture) return result::kInvalidValue;
  if (capture->origin != stream) return result::kCaptureUnmatched;
  int code = capture->spoiled ? result::kCaptureInvalidated : 0;
  for (const Stream* other : capture->streams)
    if (code == 0 && other->unjoined) code = result::kCaptureUnjoined;
  if (code == 0)
    *graph = capture->graph;
  else
    delete capture->graph;
  forget(capture);
  return code;
}

int refuse_while_capturing() {
  int code = 0;
  for (Capture* capture : captures())
    if (capture->mode != 2) {  // CU_STREAM_CAPTURE_MODE_RELAXED
      capture->spoiled = true;
      code = result::kCaptureUnsupported;
    }
  return code;
}

}  // namespace emulator
