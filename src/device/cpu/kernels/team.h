// The threads that share the work of a kernel. A decoding step consists of about a hundred matrix products of about a
// hundred microseconds each, which is less than it takes to wake a sleeping thread. So helper threads stay awake for a
// moment after each job, yielding the processor to other threads. The caller does not wait for a late helper: it does the
// remaining tasks itself. This file knows nothing about the work. A task must not call `run` or `share`.

#pragma once

#include <cstdint>

namespace team {

/** Sets the number of helper threads for later calls from this thread, in addition to the thread itself. */
void set_helpers(int count);
int helpers();

using Task = void (*)(const void* context, int64_t number);

/** Runs tasks 0..tasks-1 once each, in any order. Returns when all are done. */
void run(int64_t tasks, Task task, const void* context);

/** Calls work(number) for numbers 0..tasks-1; see `run`. */
template <class Work>
void share(int64_t tasks, const Work& work) {
  run(tasks, [](const void* context, int64_t number) { (*static_cast<const Work*>(context))(number); }, &work);
}

/** Calls work(begin, end) for pieces of 0..size-1 of at most `piece` each. */
template <class Work>
void share_pieces(int64_t size, int64_t piece, const Work& work) {
  share((size + piece - 1) / piece, [&](int64_t number) {
    const int64_t begin = number * piece;
    work(begin, begin + piece < size ? begin + piece : size);
  });
}

}  // namespace team
