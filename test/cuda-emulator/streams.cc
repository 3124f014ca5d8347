// See streams.h.

#include "streams.h"

#include <cstdio>
#include <set>

#include "contexts.h"
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

std::set<Capture*>& captures() {
  static auto* all = new std::set<Capture*>;
  return *all;
}

/** Microseconds that the card has worked. */
double clock_now = 0;

std::vector<Stream*> streams_of(const Context* context) {
  std::vector<Stream*> all;
  for (const void* stream : context->streams) all.push_back((Stream*)stream);
  return all;
}

void run_next(Stream* stream) {
  Operation operation = std::move(stream->queue.front());
  stream->queue.pop_front();
  Failure& failure = stream->context->failure;
  // A failed context does nothing more.
  if (failure.code == 0) {
    std::string detail;
    const int code = operation.run(detail);
    clock_now += operation.microseconds;
    if (code != 0 && failure.code == 0) {
      failure = {code, detail};
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

double Graph::microseconds() const {
  double sum = 0;
  for (const Operation& operation : operations) sum += operation.microseconds;
  return sum;
}

Stream* create_stream(Context* context, bool blocking) {
  auto* stream = new Stream{context, blocking};
  context->streams.insert(stream);
  return stream;
}
void destroy_stream(Stream* stream) {
  run_until(stream, stream->asked);
  if (Capture* capture = stream->capture) {
    capture->spoiled = true;
    if (stream == capture->origin) forget(capture);
    capture->streams.erase(stream);
  }
  stream->context->streams.erase(stream);
  stream->context = nullptr;
}
void destroy_streams(Context* context) {
  while (!context->streams.empty()) destroy_stream((Stream*)*context->streams.begin());
}

int ask(Stream* stream, Operation operation) {
  if (stream->capture) {
    if (stream->capture->spoiled) return result::kCaptureInvalidated;
    stream->capture->graph->operations.push_back(std::move(operation));
    stream->unjoined = stream != stream->capture->origin;
    return 0;
  }
  Context* context = stream->context;
  if (stream == context->null_stream) {
    for (Capture* capture : captures())
      if (capture->origin->blocking && capture->origin->context == context) {
        capture->spoiled = true;
        return result::kCaptureImplicit;
      }
    // The null stream waits for all blocking streams, and they for it. It is brought up to date at once.
    for (Stream* other : streams_of(context))
      if (other->blocking && other != stream) run_until(other, other->asked);
  }
  stream->queue.push_back(std::move(operation));
  stream->asked++;
  if (stream == context->null_stream || stream->queue.size() > kMostPutOff) run_until(stream, stream->asked);
  return context->failure.code;
}

int run_until(Stream* stream, uint64_t position) {
  while (stream->done < position && !stream->queue.empty()) run_next(stream);
  return stream->context->failure.code;
}

bool advance(Stream* stream) {
  if (!stream->queue.empty()) run_next(stream);
  return stream->queue.empty();
}

int run_all(Context* context) {
  for (Stream* stream : streams_of(context)) run_until(stream, stream->asked);
  return context->failure.code;
}

int record_event(Event* event, Stream* stream) {
  event->capture = stream->capture;
  event->stream = stream;
  if (stream->capture) return 0;
  const uint64_t record = ++event->recorded;
  const auto reach = [event, record](std::string&) {
    if (record > event->reached) {  // not already reached in another stream, by a later record
      event->reached = record;
      event->microseconds = clock_now;
    }
    return 0;
  };
  event->position = stream->asked + 1;
  return ask(stream, {reach, 0});
}

bool is_pending(const Event* event) { return !event->capture && event->reached < event->recorded; }

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
  if (!is_pending(event)) return 0;
  Stream* other = event->stream;
  const uint64_t position = event->position;
  const auto wait = [=](std::string&) {
    if (other->context) run_until(other, position);
    return 0;
  };
  return ask(stream, {wait, 0});
}

int begin_capture(Stream* stream, int mode) {
  if (stream == stream->context->null_stream) return result::kCaptureUnsupported;
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
