// Operations that the lanes of a warp do together: shuffles, votes, reductions. The lane that arrives last computes for
// all.

#include "threads.h"

namespace emulator {

namespace {

struct Shuffled {
  Shuffle kind;
  uint64_t value, result;
  int argument, width;
};

/** The lane that `lane` reads, as CUDA's programming guide defines it; `lane` itself if that is out of range. */
int source_lane(const Shuffled& s, int lane) {
  const int first = lane & ~(s.width - 1);
  switch (s.kind) {
    case INDEXED: return first + (s.argument & (s.width - 1));
    case UP: return lane - s.argument < first ? lane : lane - s.argument;
    case DOWN: return lane + s.argument >= first + s.width ? lane : lane + s.argument;
    // A lane beyond its own segment keeps its value; lower segments may be read.
    case XOR: return (lane ^ s.argument) >= first + s.width ? lane : lane ^ s.argument;
  }
  return lane;
}

void perform_shuffle(void* operands[32]) {
  for (int lane = 0; lane < 32; lane++) {
    Shuffled* mine = (Shuffled*)operands[lane];
    if (!mine) continue;
    const Shuffled* from = (const Shuffled*)operands[source_lane(*mine, lane)];
    if (!from) fail("shuffles from a lane that is not in the mask");
    mine->result = from->value;
  }
}

struct Voted {
  bool predicate;
  uint32_t result;
};
void perform_ballot(void* operands[32]) {
  uint32_t votes = 0;
  for (int lane = 0; lane < 32; lane++)
    if (operands[lane] && ((Voted*)operands[lane])->predicate) votes |= 1u << lane;
  for (int lane = 0; lane < 32; lane++)
    if (operands[lane]) ((Voted*)operands[lane])->result = votes;
}

struct Matched {
  uint64_t value;
  uint32_t result;
};
void perform_match(void* operands[32]) {
  for (int lane = 0; lane < 32; lane++) {
    Matched* mine = (Matched*)operands[lane];
    if (!mine) continue;
    mine->result = 0;
    for (int other = 0; other < 32; other++)
      if (operands[other] && ((Matched*)operands[other])->value == mine->value) mine->result |= 1u << other;
  }
}

struct Reduced {
  Reduction kind;
  uint32_t value, result;
};
uint32_t reduced(Reduction kind, uint32_t a, uint32_t b) {
  switch (kind) {
    case ADD: return a + b;
    case MIN: return a < b ? a : b;
    case MAX: return a > b ? a : b;
    case AND: return a & b;
    case OR: return a | b;
    case EXCLUSIVE_OR: return a ^ b;
  }
  return 0;
}
void perform_reduce(void* operands[32]) {
  const Reduced* first = nullptr;
  uint32_t sum = 0;
  for (int lane = 0; lane < 32; lane++) {
    const Reduced* mine = (const Reduced*)operands[lane];
    if (!mine) continue;
    sum = first ? reduced(mine->kind, sum, mine->value) : mine->value;
    first = mine;
  }
  for (int lane = 0; lane < 32; lane++)
    if (operands[lane]) ((Reduced*)operands[lane])->result = sum;
}

}  // namespace

uint64_t shuffle(Shuffle kind, uint32_t mask, uint64_t value, int argument, int width, int line) {
  if (width < 1 || width > 32 || (width & (width - 1))) fail("shuffles with a width that is not a power of two up to 32");
  static const char* const names[] = {"__shfl_sync", "__shfl_up_sync", "__shfl_down_sync", "__shfl_xor_sync"};
  Shuffled mine{kind, value, 0, argument, width};
  collective(names[kind], mask, &mine, perform_shuffle, line);
  return mine.result;
}

uint32_t ballot(uint32_t mask, bool predicate, int line) {
  Voted mine{predicate, 0};
  collective("a warp vote", mask, &mine, perform_ballot, line);
  return mine.result;
}

uint32_t match_any(uint32_t mask, uint64_t value, int line) {
  Matched mine{value, 0};
  collective("__match_any_sync", mask, &mine, perform_match, line);
  return mine.result;
}

uint32_t reduce(Reduction kind, uint32_t mask, uint32_t value, int line) {
  Reduced mine{kind, value, 0};
  collective("__reduce_sync", mask, &mine, perform_reduce, line);
  return mine.result;
}

}  // namespace emulator
