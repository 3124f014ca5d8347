// Threads that share the short pieces of work that decoding is made of: a product of a single row takes some hundred
// microseconds, in which a sleeping thread does not even wake up. So helpers stay awake for a moment after each piece,
// giving way to whoever else wants the processor, and one that comes late is not waited for: the caller has then done
// the work by itself. Knows nothing of what is shared. Long work, as in training, goes through OpenMP instead.

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

}  // namespace team
