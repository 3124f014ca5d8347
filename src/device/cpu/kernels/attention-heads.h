// What attention in float and on a unit for bf16 share: tasks and their memory, tiles of queries, and dropout. A task is one head
// of a run, which is one or more whole segments. Nothing is summed across tasks, so results do not depend on the number of
// threads. It knows nothing about how a task computes.

#pragma once

#include <stdint.h>
#include <stdlib.h>

#include <new>
#include <vector>

#include "philox.h"
#include "simd.h"
#include "team.h"

namespace {

constexpr int64_t round_up(int64_t n, int64_t multiple) { return (n + multiple - 1) / multiple * multiple; }

/** Short segments are joined until a run has this many rows. */
constexpr int64_t RUN_ROWS = 128;

/** The end of the run that starts at row `first`: whole segments with at least RUN_ROWS rows in all, if there are enough. */
int64_t run_end(const int32_t* ends, int64_t first, int64_t rows) {
  int64_t end = first;
  while (end < rows && end - first < RUN_ROWS) end = ends[end];
  return end;
}

/** Calls work(head, first row, end row) for every head of every run. */
template <class Work>
void share_heads(const int32_t* ends, int64_t rows, int64_t heads, const Work& work) {
  static thread_local std::vector<int64_t> memory;  // reused by later calls from this thread
  memory.clear();
  for (int64_t first = 0; first < rows; first = run_end(ends, first, rows)) memory.push_back(first);
  const int64_t runs = (int64_t)memory.size();
  memory.push_back(rows);
  const int64_t* const bounds = memory.data();
  team::share(runs * heads,
              [&](int64_t number) { work(number % heads, bounds[number / heads], bounds[number / heads + 1]); });
}

/** The scratch memory of one thread. It only grows, so only the first call of a given size allocates. */
class Scratch {
 public:
  ~Scratch() { free(memory_); }
  /** Discards all parts and makes room for `parts` parts of `floats` floats in total. */
  void reserve(int64_t floats, int parts) {
    const int64_t wanted = round_up((floats + parts * 16) * (int64_t)sizeof(float), 64);
    if (wanted > bytes_) {
      free(memory_);
      memory_ = (float*)aligned_alloc(64, (size_t)wanted);
      if (!memory_) throw std::bad_alloc();
      bytes_ = wanted;
    }
    next_ = memory_;
  }
  float* take(int64_t floats) {
    float* part = next_;
    next_ += round_up(floats, 16);
    return part;
  }

 private:
  float* memory_ = nullptr;
  float* next_ = nullptr;
  int64_t bytes_ = 0;
};
thread_local Scratch scratch;

/** One head of the layer. */
struct Head {
  int64_t size;    // columns of a head
  int64_t padded;  // size, rounded up to whole vectors
  int64_t number, heads;
  float scale;

  Head(int64_t channels, int64_t heads_, int64_t number_, float scale_)
      : size(channels / heads_), padded(round_up(size, VL)), number(number_), heads(heads_), scale(scale_) {}
  int64_t vectors() const { return padded / VL; }
};

/** Up to VECTORS * VL queries of a run, and the keys that any of them attends to. Row numbers count from the start of the run. */
template <int VECTORS>
struct TileOf {
  const int32_t* starts;  // of all rows; if null, every query attends from the start of the run
  int64_t run;            // the first row of the run
  int64_t first, queries;
  int64_t first_key, keys;
  /** The first key and the own row of each lane. Lanes beyond the last query repeat it, so their results are finite. */
  vi start[VECTORS], own[VECTORS];
  /** Every query attends to the keys first_key + i with i in [all_from, all_to). */
  int64_t all_from, all_to;

  TileOf(const int32_t* starts_, int64_t run_, int64_t first_, int64_t end) : starts(starts_), run(run_), first(first_) {
    queries = end - first < VECTORS * VL ? end - first : VECTORS * VL;
    for (int v = 0; v < VECTORS; v++)
      for (int lane = 0; lane < VL; lane++) {
        const int64_t q = first + (v * VL + lane < queries ? v * VL + lane : queries - 1);
        start[v][lane] = (int32_t)start_of(q);
        own[v][lane] = (int32_t)q;
      }
    first_key = start_of(first);
    keys = first + queries - first_key;
    all_from = start_of(first + queries - 1) - first_key;
    all_to = first + 1 - first_key;
  }

  /** The first row that a row attends to. */
  int64_t start_of(int64_t row) const { return starts ? starts[run + row] - run : 0; }

  bool attended_by_all(int64_t key) const { return key >= all_from && key < all_to; }
  /** The mask of lanes that attend to the key. */
  vi attending(int v, int64_t key) const {
    const int32_t row = (int32_t)(first_key + key);
    return (start[v] <= row) & (own[v] >= row);
  }
};

/**
 * The dropout factors of queries and keys, factors[keys][VECTORS * VL].
 * @param first_query, first_key rows of the layer
 */
template <int VECTORS>
void draw(float* factors, const Head& head, int64_t first_query, int64_t first_key, int64_t keys,
          const Dropout& dropout) {
  const int64_t end = first_key + keys;
  const uint32_t heads = (uint32_t)head.heads;
  for (int64_t octet = first_key >> 3; octet * 8 < end; octet++)
    for (int v = 0; v < VECTORS; v++) {
      const uint32_t row = (uint32_t)(first_query + v * VL) * heads + (uint32_t)head.number;
      vf drawn[8];
      dropout_factors_of_rows(drawn, dropout, row, heads, (uint32_t)octet);
      for (int j = 0; j < 8; j++) {
        const int64_t key = octet * 8 + j - first_key;
        if (key >= 0 && key < keys) store(factors + (key * VECTORS + v) * VL, drawn[j]);
      }
    }
}

}  // namespace
