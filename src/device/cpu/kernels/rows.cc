// Gathers, scatters and sums rows, and sums whole buffers. Every sum is split into pieces whose number and order depend
// only on the shape, so any number of threads gives the same bits. Long sums use double.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "simd.h"
#include "team.h"

namespace {

constexpr int64_t kSlices = 256;
/** Sums of fewer elements use one thread. */
constexpr int64_t kWorthThreads = 1 << 15;
/** How many floats before they are added memory is asked for them: the processor does not do that across pages of 4 KB. */
constexpr int64_t kAhead = 256;
/** Rows of a task. */
constexpr int64_t kTaskRows = 16;

template <class Each>
void each_row(int64_t rows, const Each& each) {
  team::share_pieces(rows, kTaskRows, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) each(row);
  });
}

typedef double doubles __attribute__((vector_size(SIMD_BYTES)));

/** As many floats as there are doubles in a vector. GCC widens them half by half; one instruction does it. */
SIMD_INLINE doubles load_doubles(const float* p) {
  typedef float half __attribute__((vector_size(SIMD_BYTES / 2), aligned(4), may_alias));
#if defined(__AVX__) && !defined(__AVX512F__) && !defined(__clang__)
  return __builtin_ia32_cvtps2pd256(*reinterpret_cast<const half*>(p));
#elif defined(__AVX512F__) && !defined(__clang__)
  return __builtin_ia32_cvtps2pd512_mask(*reinterpret_cast<const half*>(p), doubles{}, (uint8_t)-1, 4);
#else
  return __builtin_convertvector(*reinterpret_cast<const half*>(p), doubles);
#endif
}

/** Sums term(x[at]) over a piece. Uses several accumulators, because a single one would be limited by addition latency. */
template <class Term>
double piece_sum(const float* x, int64_t size, Term term) {
  constexpr int kVectors = 8, kLanes = SIMD_BYTES / 8;
  doubles sum[kVectors] = {};
  int64_t at = 0;
  for (; at + kVectors * kLanes <= size; at += kVectors * kLanes) {
    for (int64_t line = 0; line < kVectors * kLanes; line += 16) __builtin_prefetch(x + at + kAhead + line);
    for (int vector = 0; vector < kVectors; vector++)
      sum[vector] += term(load_doubles(x + at + vector * kLanes));
  }
  double total = 0;
  for (; at < size; at++) total += term(static_cast<double>(x[at]));
  for (int vector = 1; vector < kVectors; vector++) sum[0] += sum[vector];
  for (int lane = 0; lane < kLanes; lane++) total += sum[0][lane];
  return total;
}

/** Sums term(x[at]) over kSlices slices of x, in parallel. */
template <class Term>
double sliced_sum(const float* x, int64_t size, Term term) {
  double partial[kSlices];
  const int64_t length = (size + kSlices * 16 - 1) / (kSlices * 16) * 16;
  team::share_pieces(kSlices, size > kWorthThreads ? 4 : kSlices, [&](int64_t from, int64_t to) {
    for (int64_t slice = from; slice < to; slice++) {
      const int64_t begin = std::min(size, slice * length), end = std::min(size, begin + length);
      partial[slice] = piece_sum(x + begin, end - begin, term);
    }
  });
  double total = 0;
  for (int64_t slice = 0; slice < kSlices; slice++) total += partial[slice];
  return total;
}

template <class Element>
void gather_rows(Element* out, const Element* x, const int32_t* index, int64_t rows, int64_t channels) {
  each_row(rows, [&](int64_t row) {
    memcpy(out + row * channels, x + index[row] * channels, channels * sizeof(Element));
  });
}

template <class Element>
void scatter_rows(Element* out, const Element* x, const int32_t* index, int64_t rows, int64_t out_rows,
                  int64_t channels) {
  each_row(out_rows, [&](int64_t row) { memset(out + row * channels, 0, channels * sizeof(Element)); });
  each_row(rows, [&](int64_t row) {
    memcpy(out + index[row] * channels, x + row * channels, channels * sizeof(Element));
  });
}

/**
 * Each group of rows has its own sum, which reduces rounding: fewer small numbers are added to large ones. A task is a part of
 * a group, which it reads in long pieces.
 */
constexpr int64_t kGroupRows = 64;
constexpr int64_t kPartColumns = 512;
/** Rows that are added before their sum is stored. */
constexpr int kRowsTogether = 8;

/** sum[columns] = the sums of rows begin..end-1 of x, whose rows are `stride` apart. */
template <class Element>
void sum_group(float* sum, const Element* x, int64_t begin, int64_t end, int64_t columns, int64_t stride) {
  std::fill(sum, sum + columns, 0.0f);
  const auto add = [&](int64_t row, auto count) {
    const Element* const from = x + row * stride;
    each_vector(columns, [&](int64_t column, auto part) EACH_VECTOR_INLINE {
      vf total = load(sum + column, part);
#pragma GCC unroll 8
      for (int r = 0; r < decltype(count)::value; r++) total += load(from + r * stride + column, part);
      store(sum + column, total, part);
    });
  };
  int64_t row = begin;
  for (; row + kRowsTogether <= end; row += kRowsTogether) add(row, std::integral_constant<int, kRowsTogether>{});
  for (; row < end; row++) add(row, std::integral_constant<int, 1>{});
}

template <class Element>
void sum_rows(float* out, const Element* x, int64_t rows, int64_t columns) {
  static thread_local std::vector<float> memory;  // reused by later calls from this thread
  const int64_t groups = (rows + kGroupRows - 1) / kGroupRows, parts = (columns + kPartColumns - 1) / kPartColumns;
  if (static_cast<int64_t>(memory.size()) < groups * columns) memory.resize(groups * columns);
  float* const sums = memory.data();  // [groups][columns]
  team::share(groups * parts, [&](int64_t task) {
    const int64_t group = task / parts, first = task % parts * kPartColumns;
    sum_group(sums + group * columns + first, x + first, group * kGroupRows, std::min(rows, (group + 1) * kGroupRows),
              std::min(kPartColumns, columns - first), columns);
  });
  team::share_pieces(columns, kPartColumns, [&](int64_t begin, int64_t end) {
    each_vector(end - begin, [&](int64_t column, auto part) EACH_VECTOR_INLINE {
      vf total{};
      for (int64_t group = 0; group < groups; group++) total += load(sums + group * columns + begin + column, part);
      store(out + begin + column, load(out + begin + column, part) + total, part);
    });
  });
}

}  // namespace

extern "C" {

/** The position of the first entry of index[size] outside [low, high), or -1. */
int64_t ct_first_outside(const int32_t* index, int64_t size, int32_t low, int32_t high) {
  bool inside = true;
  for (int64_t at = 0; at < size; at++) inside &= index[at] >= low && index[at] < high;
  if (inside) return -1;
  int64_t at = 0;
  while (index[at] >= low && index[at] < high) at++;
  return at;
}

/** out[rows, channels] = x[index[row]]. */
void ct_gather_rows(float* out, const float* x, const int32_t* index, int64_t rows, int64_t channels) {
  gather_rows(out, x, index, rows, channels);
}
void ct_gather_rows_bf16(bf16* out, const bf16* x, const int32_t* index, int64_t rows, int64_t channels) {
  gather_rows(out, x, index, rows, channels);
}

/** out[out_rows, channels] = 0, then out[index[row]] = x[row] for each row of x[rows, channels]. */
void ct_scatter_rows(float* out, const float* x, const int32_t* index, int64_t rows, int64_t out_rows,
                     int64_t channels) {
  scatter_rows(out, x, index, rows, out_rows, channels);
}
void ct_scatter_rows_bf16(bf16* out, const bf16* x, const int32_t* index, int64_t rows, int64_t out_rows,
                          int64_t channels) {
  scatter_rows(out, x, index, rows, out_rows, channels);
}

/** out[columns] += column sums of x[rows, columns]. */
void ct_sum_rows(float* out, const float* x, int64_t rows, int64_t columns) { sum_rows(out, x, rows, columns); }
void ct_sum_rows_bf16(float* out, const bf16* x, int64_t rows, int64_t columns) { sum_rows(out, x, rows, columns); }

/** out[0] += sum of x. */
void ct_sum(float* out, const float* x, int64_t size) {
  *out += static_cast<float>(sliced_sum(x, size, [](auto value) { return value; }));
}

/** out[0] += sum of squares of x. */
void ct_sum_of_squares(float* out, const float* x, int64_t size) {
  *out += static_cast<float>(sliced_sum(x, size, [](auto value) { return value * value; }));
}

}  // extern "C"
