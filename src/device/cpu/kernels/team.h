// The threads that share the work of a kernel. A decoding step is a hundred products of some hundred microseconds, in
// which a sleeping thread does not even wake up. So helpers stay awake for a moment after each piece of work, giving way
// to whoever else wants the processor; and one that comes late is not waited for: the caller has then done the work by
// itself. Knows nothing of what is shared. A task must not share anything itself.

#pragma once

#include <cstdint>

namespace team {

/** Helpers that the calls from now on may have, besides the calling thread. */
void set_helpers(int count);
int helpers();

using Task = void (*)(const void* context, int64_t number);

/** Runs tasks 0..tasks-1, each once, in no order; returns when all are done. */
void run(int64_t tasks, Task task, const void* context);

/** The same for anything that can be called with a number. */
template <class Work>
void share(int64_t tasks, const Work& work) {
  run(tasks, [](const void* context, int64_t number) { (*static_cast<const Work*>(context))(number); }, &work);
}

/** work(begin, end) for pieces of at most `piece` of 0..size-1. */
template <class Work>
void share_pieces(int64_t size, int64_t piece, const Work& work) {
  share((size + piece - 1) / piece, [&](int64_t number) {
    const int64_t begin = number * piece;
    work(begin, begin + piece < size ? begin + piece : size);
  });
}

}  // namespace team
