// See attention-panels.h. A task is one head of a run (attention-heads.h). Scores are computed in blocks of 32 keys x 32 queries,
// S^T = K Q^T, so each lane is a query: the softmax needs no sums across lanes, and none of the seven products needs a
// transpose of the probabilities P or of the gradients of the scores dS. Rounded to bf16, they are lines of the left operand in
// dV = P^T dO and dK = dS^T Q, and pairs of the right one in O^T = V^T P^T and dQ^T = K^T dS^T. Forward goes by blocks of
// queries, backward by blocks of keys. Statistics and sums are float, in an order that depends only on the segments.

#include "attention-panels.h"

#include <math.h>
#include <string.h>

#include <algorithm>

#include "attention-heads.h"
#include "gemm-bf16-pack.h"

namespace {

using gemm::kPanel, gemm::kStep, gemm::kStepSize, gemm::kTile, gemm::kTileLines, gemm::Operand, gemm::Order, gemm::Unit;
static_assert(kPanel == kStep, "a block of keys or queries is a panel of one product and a step of another");

constexpr int VECTORS = kPanel / VL;
/** The numbers of a block of scores, and of any other product of two panels. */
constexpr int64_t BLOCK = kPanel * kPanel;
/** A block of queries. */
using Queries = TileOf<VECTORS>;

int64_t panels_of(int64_t lines) { return (lines + kPanel - 1) / kPanel; }

bf16* take_numbers(int64_t count) { return reinterpret_cast<bf16*>(scratch.take(count / 2)); }

/** An operand of products, packed: [panel][step]. */
class Panels {
 public:
  /** Packs the rows of one head, [rows][size], in this thread's scratch memory. @param by_row whether a line is a row */
  Panels(Order order, const bf16* source, int64_t stride, int64_t rows, int64_t size, bool by_row)
      : steps_(panels_of(by_row ? size : rows)) {
    const Operand<bf16> operand{source, stride, by_row};
    const int64_t lines = by_row ? rows : size, depth = by_row ? size : rows;
    data_ = take_numbers(panels_of(lines) * steps_ * kStepSize);
    const auto pack =
        order == Order::by_line ? gemm::pack_step<Order::by_line, bf16> : gemm::pack_step<Order::by_pair, bf16>;
    for (int64_t panel = 0; panel < panels_of(lines); panel++)
      for (int64_t step = 0; step < steps_; step++)
        pack(data_ + (panel * steps_ + step) * kStepSize, operand, panel * kPanel, lines - panel * kPanel, step * kStep,
             depth - step * kStep);
  }
  static int64_t floats(int64_t rows, int64_t size) { return panels_of(rows) * panels_of(size) * kStepSize / 2; }

  int64_t steps() const { return steps_; }
  const bf16* at(int64_t panel, int64_t step = 0) const { return data_ + (panel * steps_ + step) * kStepSize; }

 private:
  int64_t steps_;
  bf16* data_;
};

/** Stores the lanes of vector v of two adjacent depths as pairs of a right operand. */
SIMD_INLINE void store_pairs(bf16* step, int64_t pair, int v, vf even, vf odd) {
  const int64_t lane = v * VL;
  bf16* const to = step + lane / kTileLines * kTile + (pair * kTileLines + lane % kTileLines) * 2;
  store_int((int32_t*)to, (vi)((vu)narrow_bits(even) >> 16) | (narrow_bits(odd) & (int32_t)0xffff0000));
}

/** Whether all queries attend to all keys of the block that starts at row `first_key` of the run. */
bool all_attend(const Queries& queries, int64_t first_key) {
  const int64_t key = first_key - queries.first_key;
  return queries.attended_by_all(key) && queries.attended_by_all(key + kPanel - 1);
}

/** Scales the products of a block of keys, replaces those of masked keys by -inf, and updates the largest of each lane. */
void mask(float* scores, const Queries& queries, int64_t first_key, float scale, vf largest[VECTORS]) {
  const bool whole = all_attend(queries, first_key);
  for (int v = 0; v < VECTORS; v++) {
    vf most = largest[v];
    for (int64_t key = 0; key < kPanel; key++) {
      float* const at = scores + key * kPanel + v * VL;
      vf score = load(at) * scale;
      if (!whole) score = queries.attending(v, first_key + key - queries.first_key) ? score : broadcast(-INFINITY);
      store(at, score);
      most = maximum(score, most);
    }
    largest[v] = most;
  }
}

/** Writes e^(score - largest), times its dropout factor, as a step of a right operand. Adds the exponentials to `sum`. */
void exponentiate(bf16* weights, const float* scores, const vf largest[VECTORS], const float* factors,
                  vf sum[VECTORS]) {
  for (int v = 0; v < VECTORS; v++) {
    const vf most = largest[v];
    vf total = sum[v];
    for (int64_t pair = 0; pair < kPanel / 2; pair++) {
      const int64_t at = 2 * pair * kPanel + v * VL;
      vf even = vexp(load(scores + at) - most), odd = vexp(load(scores + at + kPanel) - most);
      total = total + even + odd;
      if (factors) {
        even *= load(factors + at);
        odd *= load(factors + at + kPanel);
      }
      store_pairs(weights, pair, v, even, odd);
    }
    sum[v] = total;
  }
}

/** to[rows][columns] = factor * block[rows][kPanel]. */
void unpack(bf16* to, int64_t stride, const float* block, int64_t rows, int64_t columns, float factor) {
  for (int64_t row = 0; row < rows; row++)
    for (int64_t i = 0; i < columns; i += VL)
      store_columns(to + row * stride, load(block + row * kPanel + i) * factor, i, columns);
}

/** to[rows][columns] = the transpose of factors[row] * block[columns][row]. */
void unpack_transposed(bf16* to, int64_t stride, const float* block, int64_t rows, int64_t columns,
                       const vf factors[VECTORS]) {
  alignas(64) float scaled[BLOCK], transposed[BLOCK];
  for (int64_t column = 0; column < kPanel; column++)
    for (int v = 0; v < VECTORS; v++)
      store(scaled + column * kPanel + v * VL, load(block + column * kPanel + v * VL) * factors[v]);
  for (int64_t column = 0; column < kPanel; column += 4)
    for (int64_t row = 0; row < kPanel; row += 4)
      gemm::transpose_quads<kPanel>(transposed + row * kPanel + column, scaled + column * kPanel + row, kPanel);
  unpack(to, stride, transposed, rows, columns, 1.0f);
}

/** Calls work(panel, first column, columns) for the panels of a head's columns. */
template <class Work>
void each_panel(const Head& head, const Work& work) {
  for (int64_t panel = 0; panel < panels_of(head.size); panel++)
    work(panel, panel * kPanel, std::min(kPanel, head.size - panel * kPanel));
}

/** Forward of one task. */
class Forward {
 public:
  Forward(const Unit& unit, const Head& head, const Dropout& dropout, const bf16* qkv, int64_t channels, int64_t rows)
      : unit_(unit),
        head_(head),
        dropout_(dropout),
        room_(head, rows),
        queries_(Order::by_pair, qkv, 3 * channels, rows, head.size, true),
        keys_(Order::by_line, qkv + channels, 3 * channels, rows, head.size, true),
        values_(Order::by_line, qkv + 2 * channels, 3 * channels, rows, head.size, false) {}

  /** Computes a block of queries, out[queries][size]. Rows of out are `stride` apart. */
  void attend(bf16* out, int64_t stride, float* log_sum_exp, const Queries& queries) const {
    const int64_t own = queries.first / kPanel, from = queries.first_key / kPanel, blocks = own + 1 - from;
    vf largest[VECTORS], sum[VECTORS]{};
    for (vf& lanes : largest) lanes = broadcast(-INFINITY);
    for (int64_t block = 0; block < blocks; block++) {
      float* const scores = room_.scores + block * BLOCK;
      unit_.multiply(keys_.at(from + block), queries_.at(own), keys_.steps(), scores, false);
      mask(scores, queries, (from + block) * kPanel, head_.scale, largest);
    }
    for (int64_t block = 0; block < blocks; block++) {
      const int64_t first_key = queries.run + (from + block) * kPanel;
      if (dropout_.active)
        draw<VECTORS>(room_.factors, head_, queries.run + queries.first, first_key, kPanel, dropout_);
      exponentiate(room_.weights + block * kStepSize, room_.scores + block * BLOCK, largest,
                   dropout_.active ? room_.factors : nullptr, sum);
    }
    for (int64_t q = 0; q < queries.queries; q++) log_sum_exp[q] = largest[q / VL][q % VL] + logf(sum[q / VL][q % VL]);
    for (vf& lanes : sum) lanes = 1.0f / lanes;
    each_panel(head_, [&](int64_t panel, int64_t column, int64_t columns) {
      unit_.multiply(values_.at(panel, from), room_.weights, blocks, room_.result, false);
      unpack_transposed(out + column, stride, room_.result, queries.queries, columns, sum);
    });
  }

 private:
  struct Room {
    float *scores, *factors, *result;
    bf16* weights;

    Room(const Head& head, int64_t rows) {
      const int64_t blocks = panels_of(rows);
      scratch.reserve(3 * Panels::floats(rows, head.size) + (blocks + 2) * BLOCK + blocks * kStepSize / 2, 7);
      scores = scratch.take(blocks * BLOCK);
      factors = scratch.take(BLOCK);
      result = scratch.take(BLOCK);
      weights = take_numbers(blocks * kStepSize);
    }
  };

  const Unit& unit_;
  const Head& head_;
  const Dropout& dropout_;
  const Room room_;
  const Panels queries_, keys_, values_;
};

/** A block's probabilities after dropout and the gradients of its scores, as bf16. */
struct Differentiated {
  /** Steps of left operands: lines of queries. */
  bf16 *weights, *gradients;
  /** A step of a right operand. */
  bf16* gradient_pairs;
};

/** Computes a block from its scores and the gradients of its weights. `factors` is null without dropout. */
void differentiate(const Differentiated& to, const float* scores, const float* grad_weights, const Queries& queries,
                   int64_t first_key, float scale, const float* log_sum_exp, const float* delta, const float* factors) {
  const bool whole = all_attend(queries, first_key);
  for (int v = 0; v < VECTORS; v++) {
    const vf log_sums = load(log_sum_exp + v * VL), deltas = load(delta + v * VL);
    for (int64_t pair = 0; pair < kPanel / 2; pair++) {
      vf gradients[2];
#pragma GCC unroll 2
      for (int odd = 0; odd < 2; odd++) {
        const int64_t key = 2 * pair + odd, at = key * kPanel + v * VL;
        vf p = vexp(load(scores + at) * scale - log_sums);
        if (!whole) p = queries.attending(v, first_key + key - queries.first_key) ? p : vf{};
        vf weight = p, gradient = load(grad_weights + at);
        if (factors) {
          weight *= load(factors + at);
          gradient *= load(factors + at);
        }
        gradients[odd] = p * (gradient - deltas);
        store(to.weights + at, weight);
        store(to.gradients + at, gradients[odd]);
      }
      store_pairs(to.gradient_pairs, pair, v, gradients[0], gradients[1]);
    }
  }
}

/** Backward of one task. Rows of qkv and its gradient are 3 * channels apart, those of out and its gradient `channels`. */
class Backward {
 public:
  Backward(const Unit& unit, const Head& head, const Dropout& dropout, const bf16* qkv, const bf16* grad_out,
           int64_t channels, int64_t rows)
      : unit_(unit),
        head_(head),
        dropout_(dropout),
        channels_(channels),
        rows_(rows),
        room_(head, rows),
        queries_(Order::by_pair, qkv, 3 * channels, rows, head.size, true),
        queries_by_column_(Order::by_pair, qkv, 3 * channels, rows, head.size, false),
        keys_(Order::by_line, qkv + channels, 3 * channels, rows, head.size, true),
        keys_by_column_(Order::by_line, qkv + channels, 3 * channels, rows, head.size, false),
        values_(Order::by_line, qkv + 2 * channels, 3 * channels, rows, head.size, true),
        grads_(Order::by_pair, grad_out, channels, rows, head.size, true),
        grads_by_column_(Order::by_pair, grad_out, channels, rows, head.size, false) {}

  /** Prepares what the softmax of each query needs: its logSumExp, and delta, the product of out and its gradient. */
  void prepare(const bf16* out, const bf16* grad_out, const float* log_sum_exp) const {
    memset(room_.log_sum_exp, 0, (size_t)room_.rows * sizeof(float));
    memset(room_.delta, 0, (size_t)room_.rows * sizeof(float));
    memcpy(room_.log_sum_exp, log_sum_exp, (size_t)rows_ * sizeof(float));
    for (int64_t row = 0; row < rows_; row++) {
      vf sum{};
      for (int64_t i = 0; i < head_.size; i += VL)
        sum = multiply_add(load_columns(grad_out + row * channels_, i, head_.size),
                           load_columns(out + row * channels_, i, head_.size), sum);
      room_.delta[row] = horizontal_sum(sum);
    }
  }

  /** Writes the gradients of a block of keys and values, and adds to those of the queries up to `last_query`. */
  void attend(bf16* grad_qkv, int64_t first_key, int64_t last_query, const int32_t* starts, int64_t run) const {
    const int64_t own = first_key / kPanel, blocks = last_query / kPanel + 1 - own;
    for (int64_t block = 0; block < blocks; block++)
      differentiate_block(own, Queries(starts, run, (own + block) * kPanel, rows_), block * kStepSize);
    bf16* const grad_keys = grad_qkv + first_key * 3 * channels_ + channels_;
    const int64_t keys = std::min(kPanel, rows_ - first_key);
    each_panel(head_, [&](int64_t panel, int64_t column, int64_t columns) {
      unit_.multiply(room_.gradients, queries_by_column_.at(panel, own), blocks, room_.result, false);
      unpack(grad_keys + column, 3 * channels_, room_.result, keys, columns, head_.scale);
      unit_.multiply(room_.weights, grads_by_column_.at(panel, own), blocks, room_.result, false);
      unpack(grad_keys + channels_ + column, 3 * channels_, room_.result, keys, columns, 1.0f);
    });
  }

  /** Writes the gradients of the queries. */
  void finish(bf16* grad_qkv) const {
    vf scale[VECTORS];
    for (vf& lanes : scale) lanes = broadcast(head_.scale);
    for (int64_t first = 0; first < rows_; first += kPanel)
      each_panel(head_, [&](int64_t panel, int64_t column, int64_t columns) {
        unpack_transposed(grad_qkv + first * 3 * channels_ + column, 3 * channels_,
                          grad_queries(first / kPanel, panel), std::min(kPanel, rows_ - first), columns, scale);
      });
  }

 private:
  struct Room {
    int64_t rows;  // rounded up to whole blocks
    float *scores, *grad_weights, *factors, *result, *grad_queries, *log_sum_exp, *delta;
    bf16 *weights, *gradients, *gradient_pairs;

    Room(const Head& head, int64_t used_rows) : rows(panels_of(used_rows) * kPanel) {
      const int64_t packed = Panels::floats(used_rows, head.size), blocks = panels_of(used_rows);
      const int64_t sums = blocks * panels_of(head.size) * BLOCK;
      scratch.reserve(7 * packed + 4 * BLOCK + sums + 2 * rows + (2 * blocks + 1) * kStepSize / 2, 17);
      scores = scratch.take(BLOCK);
      grad_weights = scratch.take(BLOCK);
      factors = scratch.take(BLOCK);
      result = scratch.take(BLOCK);
      grad_queries = scratch.take(sums);
      log_sum_exp = scratch.take(rows);
      delta = scratch.take(rows);
      weights = take_numbers(blocks * kStepSize);
      gradients = take_numbers(blocks * kStepSize);
      gradient_pairs = take_numbers(kStepSize);
    }
  };

  /** The transposed gradients of a block of queries, for a panel of columns. */
  float* grad_queries(int64_t block, int64_t panel) const {
    return room_.grad_queries + (block * panels_of(head_.size) + panel) * BLOCK;
  }

  /** @param at where the block's steps of left operands are written */
  void differentiate_block(int64_t key_block, const Queries& queries, int64_t at) const {
    const int64_t block = queries.first / kPanel, first_key = key_block * kPanel;
    unit_.multiply(keys_.at(key_block), queries_.at(block), keys_.steps(), room_.scores, false);
    unit_.multiply(values_.at(key_block), grads_.at(block), values_.steps(), room_.grad_weights, false);
    if (dropout_.active)
      draw<VECTORS>(room_.factors, head_, queries.run + queries.first, queries.run + first_key, kPanel, dropout_);
    differentiate({room_.weights + at, room_.gradients + at, room_.gradient_pairs}, room_.scores, room_.grad_weights,
                  queries, first_key, head_.scale, room_.log_sum_exp + queries.first, room_.delta + queries.first,
                  dropout_.active ? room_.factors : nullptr);
    const bool first = key_block == queries.first_key / kPanel;
    for (int64_t panel = 0; panel < panels_of(head_.size); panel++)
      unit_.multiply(keys_by_column_.at(panel, key_block), room_.gradient_pairs, 1, grad_queries(block, panel), !first);
  }

  const Unit& unit_;
  const Head& head_;
  const Dropout& dropout_;
  const int64_t channels_, rows_;
  const Room room_;
  const Panels queries_, queries_by_column_, keys_, keys_by_column_, values_, grads_, grads_by_column_;
};

}  // namespace

void attention_on_unit(const gemm::Unit& unit, bf16* out, float* log_sum_exp, const bf16* qkv, const int32_t* starts,
                       const int32_t* ends, int64_t rows, int64_t channels, int64_t heads, float scale,
                       const Dropout& dropout) {
  share_heads(ends, rows, heads, [&](int64_t number, int64_t run, int64_t end) {
    const Head head(channels, heads, number, scale);
    const int64_t column = number * head.size;
    const Forward forward(unit, head, dropout, qkv + run * 3 * channels + column, channels, end - run);
    unit.begin();
    for (int64_t first = 0; first < end - run; first += kPanel)
      forward.attend(out + (run + first) * channels + column, channels, log_sum_exp + number * rows + run + first,
                     Queries(starts, run, first, end - run));
    unit.end();
  });
}

void attention_backward_on_unit(const gemm::Unit& unit, bf16* grad_qkv, const bf16* grad_out, const bf16* out,
                                const float* log_sum_exp, const bf16* qkv, const int32_t* starts, const int32_t* ends,
                                int64_t rows, int64_t channels, int64_t heads, float scale, const Dropout& dropout) {
  share_heads(ends, rows, heads, [&](int64_t number, int64_t run, int64_t end) {
    const Head head(channels, heads, number, scale);
    const int64_t at = run * channels + number * head.size, row = run * 3 * channels + number * head.size;
    const Backward backward(unit, head, dropout, qkv + row, grad_out + at, channels, end - run);
    backward.prepare(out + at, grad_out + at, log_sum_exp + number * rows + run);
    unit.begin();
    for (int64_t first = 0; first < end - run; first += kPanel) {
      const int64_t last_key = std::min(first + kPanel, end - run) - 1;
      backward.attend(grad_qkv + row, first, ends[run + last_key] - run - 1, starts, run);
    }
    unit.end();
    backward.finish(grad_qkv + row);
  });
}
