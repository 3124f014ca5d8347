// The driver's calls for streams, events and graphs.

#include <string>

#include "calls.h"

using namespace emulator;

/** CU_STREAM_PER_THREAD is treated like CU_STREAM_LEGACY and null, which is close enough. */
Stream* emulator::stream_of(CUstream handle) {
  if ((uintptr_t)handle <= 2) return current()->null_stream;
  return current()->streams.count(handle) ? (Stream*)handle : nullptr;
}

/** For the emulated cuBLASLt: queues an operation in a stream. */
FOR_EMULATOR int emulator_ask(void* stream, const Operation* operation) {
  if (const int refused = obstacle()) return refused;
  Stream* into = stream_of((CUstream)stream);
  return into ? ask(into, *operation) : result::kInvalidHandle;
}

API cuStreamCreate(CUstream* stream, unsigned int flags) {
  NEEDS_CONTEXT;
  *stream = (CUstream)create_stream(current(), !(flags & 1));
  return kSuccess;
}
API cuStreamCreateWithPriority(CUstream* stream, unsigned int flags, int) { return cuStreamCreate(stream, flags); }
API cuStreamDestroy_v2(CUstream handle) {
  NEEDS_CONTEXT;
  Stream* stream = stream_of(handle);
  NEEDS(stream && stream != current()->null_stream, result::kInvalidHandle);
  destroy_stream(stream);
  return kSuccess;
}
API cuStreamSynchronize(CUstream handle) {
  NEEDS_CONTEXT;
  Stream* stream = stream_of(handle);
  NEEDS(stream, result::kInvalidHandle);
  if (stream->capture) NOT_IN_CAPTURE;
  return code(run_until(stream, stream->asked));
}
API cuStreamQuery(CUstream handle) {
  NEEDS_CONTEXT;
  Stream* stream = stream_of(handle);
  NEEDS(stream, result::kInvalidHandle);
  if (stream->capture) NOT_IN_CAPTURE;
  const bool done = advance(stream);
  const int failed = current()->failure.code;
  return code(failed ? failed : done ? 0 : result::kNotReady);
}

API cuEventCreate(CUevent* event, unsigned int flags) {
  NEEDS_CONTEXT;
  auto* made = new Event;
  made->timed = !(flags & 2);  // CU_EVENT_DISABLE_TIMING
  *event = (CUevent)made;
  current()->events.insert(made);
  return kSuccess;
}
API cuEventDestroy_v2(CUevent event) {
  NEEDS_CONTEXT;
  NEEDS(current()->events.erase(event), result::kInvalidHandle);
  return kSuccess;
}
API cuEventRecord(CUevent event, CUstream handle) {
  NEEDS_CONTEXT;
  NEEDS(current()->events.count(event) && stream_of(handle), result::kInvalidHandle);
  return code(record_event((Event*)event, stream_of(handle)));
}
API cuStreamWaitEvent(CUstream handle, CUevent event, unsigned int) {
  NEEDS_CONTEXT;
  NEEDS(current()->events.count(event) && stream_of(handle), result::kInvalidHandle);
  return code(await_event(stream_of(handle), (Event*)event));
}
API cuEventSynchronize(CUevent handle) {
  NEEDS_CONTEXT;
  NEEDS(current()->events.count(handle), result::kInvalidHandle);
  NOT_IN_CAPTURE;
  const Event* event = (Event*)handle;
  NEEDS(!event->capture, result::kCapturedEvent);
  if (is_pending(event)) run_until(event->stream, event->position);
  return code(current()->failure.code);
}
API cuEventQuery(CUevent handle) {
  NEEDS_CONTEXT;
  NEEDS(current()->events.count(handle), result::kInvalidHandle);
  NOT_IN_CAPTURE;
  const Event* event = (Event*)handle;
  NEEDS(!event->capture, result::kCapturedEvent);
  if (!is_pending(event)) return kSuccess;
  advance(event->stream);
  const int failed = current()->failure.code;
  return code(failed ? failed : is_pending(event) ? result::kNotReady : 0);
}
API cuEventElapsedTime_v2(float* milliseconds, CUevent start, CUevent end) {
  NEEDS_CONTEXT;
  NEEDS(current()->events.count(start) && current()->events.count(end), result::kInvalidHandle);
  const Event *from = (Event*)start, *to = (Event*)end;
  NEEDS(from->timed && from->stream && to->timed && to->stream, result::kInvalidHandle);
  NEEDS(!from->capture && !to->capture, result::kCapturedEvent);
  NEEDS(!is_pending(from) && !is_pending(to), result::kNotReady);
  *milliseconds = (float)((to->microseconds - from->microseconds) / 1000);
  return kSuccess;
}
#undef cuEventElapsedTime
API cuEventElapsedTime(float* milliseconds, CUevent start, CUevent end) {
  return cuEventElapsedTime_v2(milliseconds, start, end);
}

API cuStreamBeginCapture_v2(CUstream handle, CUstreamCaptureMode mode) {
  NEEDS_CONTEXT;
  NEEDS(stream_of(handle), result::kInvalidHandle);
  return code(begin_capture(stream_of(handle), (int)mode));
}
API cuStreamIsCapturing(CUstream handle, CUstreamCaptureStatus* status) {
  NEEDS_CONTEXT;
  NEEDS(stream_of(handle), result::kInvalidHandle);
  *status = (CUstreamCaptureStatus)(stream_of(handle)->capture ? 1 : 0);
  return kSuccess;
}
API cuStreamEndCapture(CUstream handle, CUgraph* graph) {
  NEEDS_CONTEXT;
  NEEDS(stream_of(handle), result::kInvalidHandle);
  Graph* captured;
  const int ended = end_capture(stream_of(handle), &captured);
  *graph = (CUgraph)captured;
  if (captured) current()->graphs.insert(captured);
  return code(ended);
}
API cuGraphInstantiateWithFlags(CUgraphExec* executable, CUgraph graph, unsigned long long) {
  NEEDS_CONTEXT;
  NEEDS(current()->graphs.count(graph), result::kInvalidHandle);
  const int most = number_of("CUDA_EMULATOR_GRAPHS", -1);
  NEEDS(most < 0 || (int)current()->executables.size() < most, result::kOutOfMemory);
  *executable = (CUgraphExec) new Graph(*(Graph*)graph);
  current()->executables.insert(*executable);
  return kSuccess;
}
API cuGraphInstantiate_v2(CUgraphExec* executable, CUgraph graph, CUgraphNode*, char*, size_t) {
  return cuGraphInstantiateWithFlags(executable, graph, 0);
}
API cuGraphGetNodes(CUgraph graph, CUgraphNode* nodes, size_t* count) {
  NEEDS_CONTEXT;
  NEEDS(current()->graphs.count(graph), result::kInvalidHandle);
  auto& operations = ((Graph*)graph)->operations;
  if (nodes)
    for (size_t i = 0; i < *count; i++) nodes[i] = i < operations.size() ? (CUgraphNode)&operations[i] : nullptr;
  *count = nodes && *count < operations.size() ? *count : operations.size();
  return kSuccess;
}
API cuGraphUpload(CUgraphExec executable, CUstream handle) {
  NEEDS_CONTEXT;
  NEEDS(current()->executables.count(executable) && stream_of(handle), result::kInvalidHandle);
  return kSuccess;
}
API cuGraphLaunch(CUgraphExec executable, CUstream handle) {
  NEEDS_CONTEXT;
  NEEDS(current()->executables.count(executable) && stream_of(handle), result::kInvalidHandle);
  const int most = number_of("CUDA_EMULATOR_LAUNCHED_GRAPHS", -1);
  auto& launched = current()->launched;
  NEEDS(most < 0 || launched.count(executable) || (int)launched.size() < most, result::kOutOfMemory);
  launched.insert(executable);
  const Graph graph = *(Graph*)executable;  // a copy, because it may be destroyed before it has run
  const auto replay = [graph](std::string& detail) {
    for (const Operation& operation : graph.operations)
      if (const int ended = operation.run(detail)) {
        detail += " (in a graph)";
        return ended;
      }
    return 0;
  };
  return code(ask(stream_of(handle), {replay, graph.microseconds()}));
}
API cuGraphExecDestroy(CUgraphExec executable) {
  NEEDS_CONTEXT;
  NEEDS(current()->executables.erase(executable), result::kInvalidHandle);
  current()->launched.erase(executable);
  ((Graph*)executable)->operations.clear();
  return kSuccess;
}
API cuGraphDestroy(CUgraph graph) {
  NEEDS_CONTEXT;
  NEEDS(current()->graphs.erase(graph), result::kInvalidHandle);
  ((Graph*)graph)->operations.clear();
  return kSuccess;
}
