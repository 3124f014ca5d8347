// Splits a product of bf16 matrices into work for threads, on a unit that multiplies panels. Like gemm-stages.h, it goes by
// stages of at most kStageRows x kStageColumns x kStageDepth, packs both operands of a stage, and then computes 32 x 32 results
// at a time. Blocks of a panel of B, 16 KB, stay in the L1 cache, while a job's panels of A come from the L2 cache. A unit
// goes on with the sums of the depths before, so the bits depend only on k, for every blocking and number of threads.

#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "gemm-bf16-pack.h"
#include "gemm-bf16-units.h"
#include "gemm-stages.h"
#include "gemm-tile.h"
#include "stream.h"
#include "team.h"

namespace gemm {
namespace {

constexpr int64_t kPanelSums = kPanel * kPanel;
/** Steps of a block, and the numbers of one panel in it. */
constexpr int64_t kBlockSteps = 8;
constexpr int64_t kBlockDepth = kBlockSteps * kStep;
constexpr int64_t kBlockSize = kBlockSteps * kStepSize;
constexpr int64_t kUnitStageRows = 2048;
constexpr int64_t kUnitStageColumns = 1024;
constexpr int64_t kUnitStageDepth = 1024;
/** Panels of a packing task: two rows of B are read 128 bytes at a time. */
constexpr int64_t kPackPanels = 2;
/** Panels of A of a job: 512 rows, 1 MB. Panels of B: the first one has to wait for its first block. */
constexpr int64_t kJobRowPanels = 16;
constexpr int64_t kJobColumnPanels = 2;
/** The number of jobs for each thread, as long as there are rows to split. */
constexpr int64_t kJobsPerThread = 4;
/** A bf16 output of at least this size is written past the caches: it would not stay in them. */
constexpr int64_t kStreamedBytes = 1 << 20;

/** Memory for all panels of B, which outlives the product. */
struct KeptPanels {
  /** packed_size numbers; null if the panels are not kept. */
  bf16* panels;
  /** Whether it holds them already. */
  bool packed;
};

/** The numbers of an operand's panels. */
constexpr int64_t packed_size(int64_t lines, int64_t depth) { return round_up(lines, kPanel) * round_up(depth, kStep); }

/**
 * The packed panels of one operand, by block, then by panel: those of one stage, or those of all stages, by depth. A stage of the
 * latter is packed when it is visited first.
 */
template <Order ORDER, class Element>
class BlockPanels {
 public:
  /** @param panels how many `data` has room for: those of a stage, or of all lines */
  BlockPanels(const Operand<Element>& operand, int64_t panels, bf16* data) : operand_(operand), panels_(panels), data_(data) {}
  BlockPanels(const Operand<Element>& operand, int64_t panels, const KeptPanels& kept)
      : operand_(operand), panels_(panels), data_(kept.panels), holds_all_(true), packed_(kept.packed) {}

  /** Moves to the stage that starts at (line, from). Returns whether it must be packed. @param visited whether it was before */
  bool turn_to(int64_t line, int64_t lines, int64_t from, int64_t depth, bool visited) {
    if (line == line_ && from == from_) return false;
    line_ = line;
    lines_ = lines;
    from_ = from;
    depth_ = depth;
    return !holds_all_ || !(packed_ || visited);
  }

  void pack(int64_t begin, int64_t end) {
    for (int64_t depth = 0; depth < depth_; depth += kStep)
      for (int64_t panel = begin; panel < end; panel++)
        pack_step<ORDER>(block(depth / kBlockDepth, panel) + depth % kBlockDepth * kPanel, operand_,
                         line_ + panel * kPanel, lines_ - panel * kPanel, from_ + depth, depth_ - depth);
  }

  /** The steps of a block of this stage. */
  int64_t steps(int64_t number) const { return std::min(kBlockSteps, divide_up(depth_, kStep) - number * kBlockSteps); }

  bf16* block(int64_t number, int64_t panel) const {
    bf16* const stage = holds_all_ ? data_ + from_ * panels_ * kPanel : data_;
    const int64_t first = holds_all_ ? line_ / kPanel : 0;
    return stage + number * panels_ * kBlockSize + (first + panel) * steps(number) * kStepSize;
  }

 private:
  const Operand<Element> operand_;
  const int64_t panels_;
  bf16* const data_;
  const bool holds_all_ = false, packed_ = false;
  int64_t line_ = -1, lines_ = 0, from_ = -1, depth_ = 0;
};

template <class Out, class Element>
bool is_streamed(const Target<Out, Element>& target, int64_t rows) {
  if (!kCanStream || std::is_same_v<Out, float> || target.accumulate) return false;
  const bool whole_lines = target.columns % kPanel == 0 && reinterpret_cast<uintptr_t>(target.out) % 64 == 0 &&
                           (target.epilogue != Epilogue::bias_activation ||
                            reinterpret_cast<uintptr_t>(target.pre_activation) % 64 == 0);
  return whole_lines && rows * target.columns * static_cast<int64_t>(sizeof(bf16)) >= kStreamedBytes;
}

/** Stores a panel's sums like store_sums, but past the caches. The target is_streamed. */
inline void stream_sums(const Target<bf16, bf16>& target, int64_t row, int64_t column, int64_t rows,
                        const float* sums) {
  const StoreRow<bf16, bf16> store_one = row_storer(target, {true, true});
  const bool saves = target.epilogue == Epilogue::bias_activation;
  alignas(64) bf16 out[kPanel], saved[kPanel];
  for (int64_t i = 0; i < rows; i++) {
    const int64_t start = (row + i) * target.columns + column;
    store_one(out, saves ? saved : target.pre_activation + start, target.bias + column, kPanel, sums + i * kPanel, false);
    stream_line(target.out + start, out);
    if (saves) stream_line(target.pre_activation + start, saved);
  }
}

/** One stage: rows, columns and depths from..from+depth of the product. */
struct Stage {
  int64_t row, rows, column, columns, depth;
  Part part;
};

template <class Out, class Element>
class PanelProduct {
 public:
  PanelProduct(const Unit& unit, const Target<Out, Element>& target, int64_t rows)
      : unit_(unit), target_(target), streams_(is_streamed(target, rows)) {}

  /**
   * Computes the panels of A first..end with one panel of B.
   * @param kept where the sums of a panel of A are kept between stages, `kept_stride` floats apart; null if there is one stage.
   */
  template <class A, class B>
  void multiply(const Stage& stage, const BlockPanels<Order::by_line, A>& a, const BlockPanels<Order::by_pair, B>& b,
                int64_t first, int64_t end, int64_t b_panel, float* kept, int64_t kept_stride) const {
    alignas(64) float own[kJobRowPanels * kPanelSums];
    const int64_t steps = divide_up(stage.depth, kStep), blocks = std::max<int64_t>(1, divide_up(steps, kBlockSteps));
    const int64_t column = stage.column + b_panel * kPanel, columns = std::min(kPanel, stage.columns - b_panel * kPanel);
    for (int64_t block = 0; block < blocks; block++) {
      const bool last = stage.part.last && block == blocks - 1;
      const bf16* next = nullptr;
      if (block + 1 < blocks)
        next = b.block(block + 1, b_panel);
      else if ((b_panel + 1) * kPanel < stage.columns)
        next = b.block(0, b_panel + 1);
      for (int64_t panel = first; panel < end; panel++) {
        const int64_t row = stage.row + panel * kPanel, rows = std::min(kPanel, stage.rows - panel * kPanel);
        float* const sums = kept == nullptr ? own + (panel - first) * kPanelSums : kept + panel * kept_stride;
        if (last && !streams_) expect_results(target_, row, column, rows, columns);
        if (next != nullptr) prefetch(next, panel - first, end - first);
        unit_.multiply(a.block(block, panel), b.block(block, b_panel), b.steps(block), sums, block > 0 || !stage.part.first);
        if (last) store(row, column, rows, columns, sums);
      }
    }
  }

 private:
  /** Prefetches the piece `number` of a block, which is split into `pieces`. */
  static void prefetch(const bf16* block, int64_t number, int64_t pieces) {
    constexpr int64_t kLine = 64 / sizeof(bf16), kLines = kBlockSize / kLine;
    for (int64_t line = kLines * number / pieces; line < kLines * (number + 1) / pieces; line++)
      __builtin_prefetch(block + line * kLine);
  }

  void store(int64_t row, int64_t column, int64_t rows, int64_t columns, const float* sums) const {
    if constexpr (std::is_same_v<Out, bf16>)
      if (streams_) return stream_sums(target_, row, column, rows, sums);
    store_sums(target_, {true, true}, row, column, rows, columns, sums, kPanel);
  }

  const Unit& unit_;
  const Target<Out, Element>& target_;
  const bool streams_;
};

/** Packs and computes one stage. @param kept the sums of all its panels, panel of A by panel of A; null if there is one stage. */
template <class Product, class A, class B>
void multiply_panel_stage(const Unit& unit, const Product& product, const Stage& stage, int64_t from,
                          BlockPanels<Order::by_line, A>& a, BlockPanels<Order::by_pair, B>& b, float* kept) {
  const int64_t a_panels = divide_up(stage.rows, kPanel), b_panels = divide_up(stage.columns, kPanel);
  const bool packs_a = a.turn_to(stage.row, stage.rows, from, stage.depth, false);
  const bool packs_b = b.turn_to(stage.column, stage.columns, from, stage.depth, stage.row > 0);
  const int64_t a_tasks = packs_a ? divide_up(a_panels, kPackPanels) : 0;
  const int64_t b_tasks = packs_b ? divide_up(b_panels, kPackPanels) : 0;
  team::share(a_tasks + b_tasks, [&](int64_t task) {
    const int64_t first = (task < a_tasks ? task : task - a_tasks) * kPackPanels;
    if (task < a_tasks)
      a.pack(first, std::min(a_panels, first + kPackPanels));
    else
      b.pack(first, std::min(b_panels, first + kPackPanels));
  });
  // Threads take adjacent jobs, which have the same rows of A.
  const int64_t column_jobs = divide_up(b_panels, kJobColumnPanels);
  const int64_t wanted = divide_up(kJobsPerThread * (team::helpers() + 1), column_jobs);
  const int64_t row_jobs = std::max(divide_up(a_panels, kJobRowPanels), std::min(a_panels, wanted));
  team::share(row_jobs * column_jobs, [&](int64_t job) {
    const int64_t number = job / column_jobs, first = job % column_jobs * kJobColumnPanels;
    unit.begin();
    for (int64_t b_panel = first; b_panel < std::min(b_panels, first + kJobColumnPanels); b_panel++)
      product.multiply(stage, a, b, a_panels * number / row_jobs, a_panels * (number + 1) / row_jobs, b_panel,
                       kept == nullptr ? nullptr : kept + b_panel * kPanelSums, b_panels * kPanelSums);
    unit.end();
    finish_streaming();
  });
}

/**
 * The product on a unit that multiplies panels. Operands that are not in bf16 are rounded to it.
 * @param kept_b where the panels of B are kept for later products
 */
template <class Out, class Element, class A, class B>
void multiply_panels(const Unit& unit, const Target<Out, Element>& target, const Operand<A>& a, const Operand<B>& b, int64_t m,
                     int64_t n, int64_t k, const KeptPanels& kept_b) {
  const int64_t parts = std::max<int64_t>(1, divide_up(k, kUnitStageDepth));
  const int64_t depth = round_up(divide_up(k, parts), kStep);
  const int64_t stage_rows = std::min(kUnitStageRows, round_up(m, kPanel));
  const int64_t stage_columns = std::min(kUnitStageColumns, round_up(n, kPanel));
  const bool keeps = kept_b.panels != nullptr;
  // In floats, of which each holds two bf16 numbers.
  const int64_t a_size = packed_size(stage_rows, depth) / 2, b_size = keeps ? 0 : packed_size(stage_columns, depth) / 2;
  float* const room = buffer.of_size(a_size + b_size + (parts > 1 ? stage_rows * stage_columns : 0));
  BlockPanels<Order::by_line, A> a_panels(a, stage_rows / kPanel, reinterpret_cast<bf16*>(room));
  auto b_panels = keeps ? BlockPanels<Order::by_pair, B>(b, divide_up(n, kPanel), kept_b)
                        : BlockPanels<Order::by_pair, B>(b, stage_columns / kPanel, reinterpret_cast<bf16*>(room + a_size));
  float* const kept = parts > 1 ? room + a_size + b_size : nullptr;
  const PanelProduct<Out, Element> product(unit, target, m);
  for (int64_t column = 0; column < n; column += stage_columns)
    for (int64_t row = 0; row < m; row += stage_rows)
      for (int64_t part = 0; part < parts; part++)
        multiply_panel_stage(unit, product,
                             {row, std::min(stage_rows, m - row), column, std::min(stage_columns, n - column),
                              std::min(depth, k - part * depth), {part == 0, part == parts - 1}},
                             part * depth, a_panels, b_panels, kept);
}

}  // namespace
}  // namespace gemm
