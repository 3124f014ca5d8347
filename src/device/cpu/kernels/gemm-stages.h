// Splits a matrix product into work for threads: out[m,n] = op(a)[m,k] op(b)[k,n], row-major. Wide products go in stages of
// at most kStageRows x kStageColumns x kDepth (along k). For each stage, the threads pack both operands into panels and then
// compute tiles. Every element is the same chain of additions along k for every blocking and number of threads, so the bits
// depend only on the shape. Zeros are not skipped: NaN and infinity propagate.

#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include "gemm-narrow.h"
#include "gemm-pack.h"
#include "gemm-tile.h"
#include "team.h"

namespace gemm {
// Each source file has its own copy, and so its own buffers.
namespace {

/** The maximum depth of a stage: the channels of GPT-2 small, so that most results are written only once. */
constexpr int64_t kDepth = 768;
constexpr int64_t kStageRows = 2048;
constexpr int64_t kStageColumns = 768 / kTileColumns * kTileColumns;
/** Rows and columns of a job, which reads its panels of B from the L2 cache and one panel of A from the L1 cache. */
constexpr int64_t kJobRows = 32;
constexpr int64_t kJobColumns = 384 / kTileColumns * kTileColumns;
/** Runs that B is split into for a single row of A. Constant, because each run has its own sums. */
constexpr int64_t kRuns = 8;
/** Columns of a task that adds the sums of all runs. */
constexpr int64_t kSumColumns = 512;
/** The maximum number of rows of A that are multiplied without packing. Also in cpu-device.ts. */
constexpr int64_t kNarrowRows = 2 * kNarrowGroup;
/** Lines of a packing task. */
constexpr int64_t kPackRows = 64;
constexpr int64_t kPackColumns = 4 * kTileColumns;
/** The gap between panels, in floats, so that they do not all start in the same cache set. */
constexpr int64_t kPanelGap = 16;
/** The number of multiplications from which a second thread pays off. */
constexpr int64_t kWorthThreads = 1 << 18;
/** Elements of A that a task widens. */
constexpr int64_t kWidenPiece = 1 << 15;
constexpr int64_t kHugePage = 2 << 20;

/** Memory for the packed panels of one calling thread. Grows to the size of its largest product. */
class Buffer {
 public:
  ~Buffer() { std::free(data_); }

  float* of_size(int64_t floats) {
    if (floats > size_) {
      std::free(data_);
      const int64_t bytes = round_up(floats * sizeof(float), kHugePage);
      data_ = static_cast<float*>(std::aligned_alloc(kHugePage, bytes));
      if (data_ == nullptr) std::abort();
#ifdef MADV_HUGEPAGE
      madvise(data_, bytes, MADV_HUGEPAGE);
#endif
      size_ = bytes / sizeof(float);
    }
    return data_;
  }

 private:
  float* data_ = nullptr;
  int64_t size_ = 0;
};

/** The packed panels of one operand, for one stage. */
template <int WIDTH, class Element>
class Panels {
 public:
  Panels(const Operand<Element>& operand, int64_t depth, float* buffer)
      : operand_(operand), panel_size_(depth * WIDTH + kPanelGap), data_(buffer) {}

  /** Moves to the stage that starts at (line, from). Returns false if its panels are already packed. */
  bool turn_to(int64_t line, int64_t from) {
    if (line == line_ && from == from_) return false;
    line_ = line;
    from_ = from;
    return true;
  }

  void pack(int64_t offset, int64_t lines, int64_t depth) {
    pack_panels<WIDTH>(data_ + offset / WIDTH * panel_size_, panel_size_, operand_, line_ + offset, lines, from_,
                       depth);
  }

  const float* panel(int64_t offset) const { return data_ + offset / WIDTH * panel_size_; }

  /** The number of floats for `lines` lines. */
  static int64_t buffer_size(int64_t lines, int64_t depth) { return lines / WIDTH * (depth * WIDTH + kPanelGap); }

 private:
  const Operand<Element> operand_;
  const int64_t panel_size_;
  float* const data_;
  int64_t line_ = -1, from_ = -1;
};

/**
 * Computes one stage. Packs its panels, unless the previous stage packed the same ones, and computes its tiles.
 * @param kept see compute_tile; for all tiles of a stage, row by row.
 */
template <class Target, class A, class B>
void multiply_stage(const Target& target, Part part, Panels<kTileRows, A>& a, Panels<kTileColumns, B>& b, int64_t row,
                    int64_t rows, int64_t column, int64_t columns, int64_t from, int64_t depth, float* kept) {
  const int64_t a_tasks = a.turn_to(row, from) ? divide_up(rows, kPackRows) : 0;
  const int64_t b_tasks = b.turn_to(column, from) ? divide_up(columns, kPackColumns) : 0;
  team::share(a_tasks + b_tasks, [&](int64_t task) {
    const int64_t a_offset = task * kPackRows, b_offset = (task - a_tasks) * kPackColumns;
    if (task < a_tasks)
      a.pack(a_offset, std::min(kPackRows, rows - a_offset), depth);
    else
      b.pack(b_offset, std::min(kPackColumns, columns - b_offset), depth);
  });
  const int64_t tiles_across = divide_up(columns, kTileColumns);
  const int64_t job_rows = divide_up(rows, kJobRows), job_columns = divide_up(columns, kJobColumns);
  team::share(job_rows * job_columns, [&](int64_t job) {
    const int64_t i_begin = job % job_rows * kJobRows, j_begin = job / job_rows * kJobColumns;
    const int64_t i_end = std::min(rows, i_begin + kJobRows), j_end = std::min(columns, j_begin + kJobColumns);
    for (int64_t i = i_begin; i < i_end; i += kTileRows)
      for (int64_t j = j_begin; j < j_end; j += kTileColumns)
        compute_tile(target, part, row + i, column + j, std::min<int64_t>(kTileRows, i_end - i),
                     std::min<int64_t>(kTileColumns, j_end - j), depth, a.panel(i), b.panel(j),
                     kept == nullptr ? nullptr : kept + (i / kTileRows * tiles_across + j / kTileColumns) * kTileSums);
  });
}

thread_local Buffer buffer;

/**
 * Multiplies a single row of A by adjacent columns of B. Reading B sequentially is fastest, so each task is a run of rows
 * of B with its own sums. The sums are added in the order of the runs.
 */
template <class Target, class B>
void multiply_row(const Target& target, const Operand<float>& a, const Operand<B>& b, int64_t n, int64_t k) {
  const int64_t rows = divide_up(std::max<int64_t>(k, 1), kRuns), runs = divide_up(std::max<int64_t>(k, 1), rows);
  float* const sums = buffer.of_size(runs * n);
  team::share(runs, [&](int64_t run) {
    std::fill_n(sums + run * n, n, 0.0f);
    const int64_t end = std::min(k, (run + 1) * rows);
    add_rows(sums + run * n, a, b, run * rows, end, n);
  });
  team::share_pieces(n, kSumColumns, [&](int64_t begin, int64_t end) {
    for (int64_t run = 1; run < runs; run++)
      for (int64_t column = begin; column < end; column++) sums[column] += sums[run * n + column];
    store_sums(target, {true, true}, 0, begin, 1, end - begin, sums + begin, n);
  });
}

/**
 * Splits the columns of a product with few rows into strips of at most `widest`, of which every thread gets the same number.
 * @param multiply (column, columns, sums) computes sums[m, columns], kStrip floats apart.
 */
template <class Target, class Multiply>
void share_strips(const Target& target, int64_t m, int64_t k, int64_t widest, const Multiply& multiply) {
  const int64_t n = target.columns;
  const int64_t threads = m * n * k >= kWorthThreads ? team::helpers() + 1 : 1;
  const int64_t strip = round_up(divide_up(n, threads * divide_up(n, threads * widest)), VL);
  team::share(divide_up(n, strip), [&](int64_t number) {
    const int64_t column = number * strip, columns = std::min(strip, n - column);
    alignas(SIMD_BYTES) float sums[kNarrowRows * kStrip];
    multiply(column, columns, sums);
    store_sums(target, {true, true}, 0, column, m, columns, sums, kStrip);
  });
}

/** Multiplies few rows of A; see gemm-narrow.h. */
template <class Target, class B>
void multiply_narrow(const Target& target, const Operand<float>& a, const Operand<B>& b, int64_t m, int64_t k) {
  // Adjacent columns get wide strips, because long reads are fastest.
  share_strips(target, m, k, b.lines_contiguous ? kContiguousStrip : kStrip,
               [&](int64_t column, int64_t columns, float* sums) { narrow_strip(a, b, m, k, column, columns, sums); });
}

template <class Target, class A, class B>
void multiply_wide(const Target& target, const Operand<A>& a, const Operand<B>& b, int64_t m, int64_t n, int64_t k) {
  const int64_t parts = std::max<int64_t>(1, divide_up(k, kDepth));
  const int64_t depth = round_up(divide_up(k, parts), 16);
  const int64_t stage_rows = std::min(kStageRows, round_up(m, kTileRows));
  const int64_t stage_columns = std::min(kStageColumns, round_up(n, kTileColumns));
  const int64_t a_size = Panels<kTileRows, A>::buffer_size(stage_rows, depth);
  const int64_t b_size = Panels<kTileColumns, B>::buffer_size(stage_columns, depth);
  // A bf16 output cannot hold the sums of a part.
  const bool keeps = parts > 1 && !std::is_same_v<decltype(target.out), float*>;
  float* const panels = buffer.of_size(a_size + b_size + (keeps ? stage_rows * stage_columns : 0));
  Panels<kTileRows, A> a_panels(a, depth, panels);
  Panels<kTileColumns, B> b_panels(b, depth, panels + a_size);
  float* const kept = keeps ? panels + a_size + b_size : nullptr;
  for (int64_t column = 0; column < n; column += stage_columns)
    for (int64_t row = 0; row < m; row += stage_rows)
      for (int64_t part = 0; part < parts; part++)
        multiply_stage(target, {part == 0, part == parts - 1}, a_panels, b_panels, row, std::min(stage_rows, m - row),
                       column, std::min(stage_columns, n - column), part * depth, std::min(depth, k - part * depth),
                       kept);
}

/** A as the narrow path reads it: in float32. Few rows cost little beside B. */
inline Operand<float> widened(const Operand<float>& a, int64_t) { return a; }
inline Operand<float> widened(const Operand<bf16>& a, int64_t size) {
  thread_local Buffer wide;
  float* const data = wide.of_size(size);
  team::share_pieces(size, kWidenPiece, [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; at++) data[at] = widen(a.data[at]);
  });
  return {data, a.stride, a.lines_contiguous};
}

/** Whether A has few rows, which are multiplied without packing. The dot products of that path need contiguous rows of A. */
inline bool is_narrow(int64_t m, bool transpose_a, bool transpose_b) {
  return m == 1 || (m <= kNarrowRows && !(transpose_a && transpose_b));
}

/** The product for every shape. A is float or bf16, B also q8; the sums are float32. */
template <class B, class Target, class A>
void multiply(const Target& target, const A* a, Pointer<B> b, int64_t m, int64_t k, bool transpose_a, bool transpose_b) {
  const int64_t n = target.columns;
  const Operand<B> columns{b, transpose_b ? k : n, transpose_b};
  // A single row is contiguous, transposed or not.
  const Operand<A> rows{a, transpose_a ? m : k, !transpose_a || m == 1};
  if (m == 1 && !transpose_b)
    multiply_row(target, widened(rows, k), columns, n, k);
  else if (is_narrow(m, transpose_a, transpose_b))
    multiply_narrow(target, widened(rows, m * k), columns, m, k);
  else
    multiply_wide(target, rows, columns, m, n, k);
}

}  // namespace
}  // namespace gemm
