// Causal self-attention within packed segments: forward, backward, and with a key-value cache. It knows nothing about
// layers. A task is one head of a run (attention-heads.h), packed once and then processed in tiles of queries
// (attention-tile.h). Backward recomputes the probabilities from the stored logSumExp. Element is the type of the layer's
// inputs and outputs: float or bf16. Packed rows, scores and probabilities are always float here; attention-panels.cc computes
// with bf16 ones, where a unit for them is faster. (Dao et al., "FlashAttention", 2022.)

#include "attention-heads.h"
#include "attention-panels.h"
#include "attention-tile.h"
#include "team.h"

namespace {

/** The packed rows of one task, and memory for one of its tiles. It uses this thread's scratch memory. */
struct Workspace {
  float *keys, *values, *queries, *queries_transposed, *scores, *factors, *result;
  /** Gradients, used only in backward. */
  float *grad_keys, *grad_values, *grads, *grads_transposed, *grad_scores;

  Workspace(const Head& head, int64_t rows, bool backward) {
    const int64_t packed = (rows + ROWS) * head.padded, column = round_up(rows, ROWS) * QT, block = QT * head.padded;
    scratch.reserve((backward ? 4 : 2) * packed + (backward ? 3 : 2) * column + (backward ? 5 : 3) * block, 12);
    keys = scratch.take(packed);
    values = scratch.take(packed);
    queries = scratch.take(block);
    queries_transposed = scratch.take(block);
    scores = scratch.take(column);
    factors = scratch.take(column);
    result = scratch.take(block);
    if (!backward) return;
    grad_keys = scratch.take(packed);
    grad_values = scratch.take(packed);
    grads = scratch.take(block);
    grads_transposed = scratch.take(block);
    grad_scores = scratch.take(column);
    memset(grad_keys, 0, (size_t)packed * sizeof(float));
    memset(grad_values, 0, (size_t)packed * sizeof(float));
  }

  template <class Element>
  void pack(const Head& head, const Element* key_rows, const Element* value_rows, int64_t stride, int64_t rows) const {
    pack_rows(keys, head, key_rows, stride, rows, 1.0f);
    pack_rows(values, head, value_rows, stride, rows, 1.0f);
    pad_rows(keys, head, rows);
    pad_rows(values, head, rows);
  }
};

/** Computes the scores of a tile with its keys. Query rows are `stride` apart. */
template <class Element>
void score_queries(const Element* query_rows, int64_t stride, const Head& head, const Tile& tile,
                   const Workspace& space) {
  pack_rows(space.queries, head, query_rows, stride, tile.queries, head.scale);
  transpose_queries(space.queries_transposed, head, space.queries, tile.queries);
  score(space.scores, head, tile, space.keys, space.queries_transposed);
}

/** Writes out[queries][size] of one tile, with rows out_stride apart, and log_sum_exp[queries] unless it is null. */
template <class Element>
void attend(Element* out, int64_t out_stride, float* log_sum_exp, const Element* query_rows, int64_t stride,
            const Head& head, const Tile& tile, const Workspace& space, const Dropout& dropout) {
  score_queries(query_rows, stride, head, tile, space);
  vf largest[QUERY_VECTORS], sum[QUERY_VECTORS];
  exponentials(space.scores, tile, largest, sum);
  if (dropout.active) {
    draw(space.factors, head, tile, dropout);
    for (int64_t i = 0; i < tile.keys * QT; i += VL)
      store(space.scores + i, load(space.scores + i) * load(space.factors + i));
  }
  gather_keys(space.result, head, tile, space.scores, space.values);
  for (int64_t q = 0; q < tile.queries; q++) {
    const float total = sum[q / VL][q % VL];
    if (log_sum_exp) log_sum_exp[q] = largest[q / VL][q % VL] + logf(total);
    unpack_rows(out + q * out_stride, out_stride, head, space.result + q * head.padded, 1, 1.0f / total);
  }
}

template <class Element>
void attention(Element* out, float* log_sum_exp, const Element* qkv, const int32_t* starts, const int32_t* ends,
               int64_t rows, int64_t channels, int64_t heads, float scale, const Dropout& dropout) {
  const int64_t stride = 3 * channels;
  share_heads(ends, rows, heads, [&](int64_t number, int64_t run, int64_t end) {
    const Head head(channels, heads, number, scale);
    const Workspace space(head, end - run, false);
    const Element* source = qkv + run * stride + number * head.size;
    space.pack(head, source + channels, source + 2 * channels, stride, end - run);
    for (int64_t first = 0; first < end - run; first += QT)
      attend(out + (run + first) * channels + number * head.size, channels, log_sum_exp + number * rows + run + first,
             source + first * stride, stride, head, Tile(starts, run, first, end - run), space, dropout);
  });
}

/**
 * Writes grad_queries of one tile, and adds to the gradients of keys and values in the workspace. Rows of out and grad_out
 * are `channels` apart, rows of queries and their gradients 3 * channels.
 */
template <class Element>
void attend_backward(Element* grad_queries, const Element* grad_out, const Element* out, const float* log_sum_exp,
                     const Element* query_rows, int64_t channels, const Head& head, const Tile& tile,
                     const Workspace& space, const Dropout& dropout) {
  score_queries(query_rows, 3 * channels, head, tile, space);
  pack_rows(space.grads, head, grad_out, channels, tile.queries, 1.0f);
  transpose_queries(space.grads_transposed, head, space.grads, tile.queries);
  score(space.grad_scores, head, tile, space.values, space.grads_transposed);
  vf log_sums[QUERY_VECTORS]{}, delta[QUERY_VECTORS]{};
  for (int64_t q = 0; q < tile.queries; q++) {
    vf dot{};
    for (int64_t i = 0; i < head.size; i += VL)
      dot = multiply_add(load(space.grads + q * head.padded + i), load_columns(out + q * channels, i, head.size), dot);
    delta[q / VL][q % VL] = horizontal_sum(dot);
    log_sums[q / VL][q % VL] = log_sum_exp[q];
  }
  if (dropout.active) draw(space.factors, head, tile, dropout);
  differentiate(space.scores, space.grad_scores, tile, log_sums, delta, dropout.active ? space.factors : nullptr);
  scatter_keys(space.grad_values, head, tile, space.scores, space.grads);
  scatter_keys(space.grad_keys, head, tile, space.grad_scores, space.queries);
  gather_keys(space.result, head, tile, space.grad_scores, space.keys);
  unpack_rows(grad_queries, 3 * channels, head, space.result, tile.queries, head.scale);
}

template <class Element>
void attention_backward(Element* grad_qkv, const Element* grad_out, const Element* out, const float* log_sum_exp,
                        const Element* qkv, const int32_t* starts, const int32_t* ends, int64_t rows, int64_t channels,
                        int64_t heads, float scale, const Dropout& dropout) {
  const int64_t stride = 3 * channels;
  share_heads(ends, rows, heads, [&](int64_t number, int64_t run, int64_t end) {
    const Head head(channels, heads, number, scale);
    const Workspace space(head, end - run, true);
    const Element* source = qkv + run * stride + number * head.size;
    Element* target = grad_qkv + run * stride + number * head.size;
    space.pack(head, source + channels, source + 2 * channels, stride, end - run);
    for (int64_t first = 0; first < end - run; first += QT) {
      const int64_t at = (run + first) * channels + number * head.size;
      attend_backward(target + first * stride, grad_out + at, out + at, log_sum_exp + number * rows + run + first,
                      source + first * stride, channels, head, Tile(starts, run, first, end - run), space, dropout);
    }
    unpack_rows(target + channels, stride, head, space.grad_keys, end - run, 1.0f);
    unpack_rows(target + 2 * channels, stride, head, space.grad_values, end - run, 1.0f);
  });
}

/** The number of new positions from which packing the cache into tiles pays off: for a prompt, not for single tokens. */
constexpr int64_t PROMPT_POSITIONS = 8;

/** The cached positions of one sequence. `data` holds one entry per sequence, [capacity][channels]. */
template <class Element>
struct CachedPositions {
  const Element* data;
  const int32_t* owners;
  int64_t capacity, channels;

  const Element* at(int64_t position) const { return data + (owners[position] * capacity + position) * channels; }

  /** Packs the first `count` positions. Consecutive positions with the same owner are packed together. */
  void pack(float* target, const Head& head, int64_t count) const {
    for (int64_t from = 0, to; from < count; from = to) {
      for (to = from + 1; to < count && owners[to] == owners[from]; to++) {}
      pack_rows(target + from * head.padded, head, at(from), channels, to - from, 1.0f);
    }
    pad_rows(target, head, count);
  }
};

/** The dot product of x[size] and y[size]. */
template <class Element>
float dot(const Element* x, const Element* y, int64_t size) {
  vf sum{};
  for (int64_t i = 0; i < size; i += VL) sum = multiply_add(load_columns(x, i, size), load_columns(y, i, size), sum);
  return horizontal_sum(sum);
}

/** y[size] += weight * x[size]. */
template <class Element>
void add_scaled(float* y, const Element* x, float weight, int64_t size) {
  const vf factor = broadcast(weight);
  for (int64_t i = 0; i < size; i += VL)
    store_columns(y, multiply_add(factor, load_columns(x, i, size), load_columns(y, i, size)), i, size);
}

/** scores[count] = e^(score - largest), padded with zeros to a whole vector. @returns their sum. */
inline float exponentials(float* scores, int64_t count, float* largest) {
  for (int64_t key = count; key < round_up(count, VL); key++) scores[key] = -INFINITY;
  vf most = broadcast(-INFINITY), sum{};
  for (int64_t key = 0; key < count; key += VL) most = maximum(load(scores + key), most);
  *largest = horizontal_max(most);
  for (int64_t key = 0; key < count; key += VL) {
    const vf e = vexp(load(scores + key) - *largest);
    store(scores + key, e);
    sum += e;
  }
  return horizontal_sum(sum);
}

/** Positions of a task: few enough to give all threads work, and each task still reads one long piece of memory. */
constexpr int64_t SPAN = 32;
static_assert(SPAN % VL == 0, "a span is whole vectors");

/**
 * The partial result of one query for a span of positions, before it is combined with other spans: for each head, the
 * largest score, the sum of e^(score - largest), and the values weighted by those exponentials. All heads of a position are
 * read together and sequentially, because memory bandwidth is the limit.
 */
struct Partial {
  float *largest, *sums, *values, *scores;

  Partial(float* memory, int64_t heads, int64_t channels)
      : largest(memory), sums(memory + heads), values(memory + 2 * heads), scores(values + channels) {}

  static int64_t floats(int64_t heads, int64_t channels) { return round_up(2 * heads + channels + heads * SPAN, 16); }

  template <class Element>
  void attend(const Element* query, const CachedPositions<Element>& all_keys,
              const CachedPositions<Element>& all_values, int64_t from, int64_t count, int64_t heads, int64_t size, float scale) {
    for (int64_t key = 0; key < count; key++) {
      const Element* const row = all_keys.at(from + key);
      for (int64_t head = 0; head < heads; head++)
        scores[head * SPAN + key] = dot(query + head * size, row + head * size, size) * scale;
    }
    for (int64_t head = 0; head < heads; head++)
      sums[head] = exponentials(scores + head * SPAN, count, &largest[head]);
    memset(values, 0, (size_t)(heads * size) * sizeof(float));
    for (int64_t key = 0; key < count; key++) {
      const Element* const row = all_values.at(from + key);
      for (int64_t head = 0; head < heads; head++)
        add_scaled(values + head * size, row + head * size, scores[head * SPAN + key], size);
    }
  }
};

/** Combines the partial results of one query, in the order of its spans, into out[channels]. */
template <class Element>
void combine(Element* out, float* memory, int64_t spans, int64_t heads, int64_t size) {
  const int64_t channels = heads * size, stride = Partial::floats(heads, channels);
  const auto part = [&](int64_t span) { return Partial(memory + span * stride, heads, channels); };
  for (int64_t head = 0; head < heads; head++) {
    float largest = -INFINITY, total = 0.0f;
    for (int64_t span = 0; span < spans; span++) largest = fmaxf(largest, part(span).largest[head]);
    for (int64_t span = 0; span < spans; span++) {
      // The weight of the span takes the place of its largest score.
      float& weight = part(span).largest[head];
      weight = expf(weight - largest);
      total = multiply_add(weight, part(span).sums[head], total);
    }
    for (int64_t i = 0; i < size; i += VL) {
      vf sum{};
      for (int64_t span = 0; span < spans; span++)
        sum = multiply_add(broadcast(part(span).largest[head]), load_columns(part(span).values + head * size, i, size),
                           sum);
      store_columns(out + head * size, sum / total, i, size);
    }
  }
}

/** Attention of few new positions per sequence, as in decoding. Shapes as in ct_attention_cached. */
template <class Element>
void attend_reply(Element* out, const Element* qkv, Element* keys, Element* values, const int32_t* lengths,
                  const int32_t* all_owners, int64_t batch, int64_t new_positions, int64_t capacity, int64_t channels,
                  int64_t heads, float scale) {
  const int64_t size = channels / heads, rows = batch * new_positions, stride = Partial::floats(heads, channels);
  int64_t longest = 0;
  for (int64_t row = 0; row < rows; row++) {
    const int64_t sequence = row / new_positions, position = lengths[sequence] + row % new_positions;
    const int64_t own = (all_owners[sequence * capacity + position] * capacity + position) * channels;
    memcpy(keys + own, qkv + (row * 3 + 1) * channels, (size_t)channels * sizeof(Element));
    memcpy(values + own, qkv + (row * 3 + 2) * channels, (size_t)channels * sizeof(Element));
    longest = position + 1 > longest ? position + 1 : longest;
  }
  const int64_t spans = (longest + SPAN - 1) / SPAN;
  scratch.reserve(rows * spans * stride, 1);
  float* const partials = scratch.take(rows * spans * stride);
  const auto positions_of = [&](int64_t row) { return lengths[row / new_positions] + row % new_positions + 1; };
  team::share(rows * spans, [&](int64_t task) {
    const int64_t row = task / spans, from = task % spans * SPAN, left = positions_of(row) - from;
    if (left <= 0) return;
    const int32_t* const owners = all_owners + row / new_positions * capacity;
    Partial(partials + task * stride, heads, channels)
        .attend(qkv + row * 3 * channels, CachedPositions<Element>{keys, owners, capacity, channels},
                CachedPositions<Element>{values, owners, capacity, channels}, from, left < SPAN ? left : SPAN, heads,
                size, scale);
  });
  for (int64_t row = 0; row < rows; row++)
    combine(out + row * channels, partials + row * spans * stride, (positions_of(row) + SPAN - 1) / SPAN, heads, size);
}

template <class Element>
void attention_cached(Element* out, const Element* qkv, Element* keys, Element* values, const int32_t* lengths,
                      const int32_t* all_owners, int64_t batch, int64_t new_positions, int64_t capacity,
                      int64_t channels, int64_t heads, float scale) {
  if (new_positions < PROMPT_POSITIONS)
    return attend_reply(out, qkv, keys, values, lengths, all_owners, batch, new_positions, capacity, channels, heads,
                        scale);
  const int64_t size = channels / heads;
  team::share(batch * heads, [&](int64_t task) {
    const int64_t sequence = task / heads, column = task % heads * size, filled = lengths[sequence];
    const int64_t positions = filled + new_positions;
    const int32_t* const owners = all_owners + sequence * capacity;
    Element* own_keys = keys + owners[filled] * capacity * channels + column;
    Element* own_values = values + owners[filled] * capacity * channels + column;
    const Element* row = qkv + sequence * new_positions * 3 * channels + column;
    Element* result = out + sequence * new_positions * channels + column;
    for (int64_t i = 0; i < new_positions; i++) {
      const Element* const added = row + i * 3 * channels;
      memcpy(own_keys + (filled + i) * channels, added + channels, (size_t)size * sizeof(Element));
      memcpy(own_values + (filled + i) * channels, added + 2 * channels, (size_t)size * sizeof(Element));
    }
    const CachedPositions<Element> past_keys{keys + column, owners, capacity, channels};
    const CachedPositions<Element> past_values{values + column, owners, capacity, channels};
    const Head head(channels, heads, task % heads, scale);
    const Workspace space(head, positions, false);
    past_keys.pack(space.keys, head, positions);
    past_values.pack(space.values, head, positions);
    for (int64_t i = 0; i < new_positions; i += QT)
      attend(result + i * channels, channels, nullptr, row + i * 3 * channels, 3 * channels, head,
             Tile(nullptr, 0, filled + i, positions), space, Dropout{});
  });
}

/** Multiplies bf16 rows in training; null: they are widened. */
thread_local const gemm::Unit* attention_unit = nullptr;

}  // namespace

extern "C" {

/** Sets the unit (UnitKind) of later attention from this thread. One that this library lacks means widening. */
void ct_use_bf16_unit_in_attention(int32_t kind) { attention_unit = gemm::unit_of(static_cast<gemm::UnitKind>(kind)); }

/** See `attention` in the device contract. */
void ct_attention(float* out, float* log_sum_exp, const float* qkv, const int32_t* starts, const int32_t* ends,
                  int64_t rows, int64_t channels, int64_t heads, float scale, float probability, int32_t site,
                  const int32_t* counter) {
  attention(out, log_sum_exp, qkv, starts, ends, rows, channels, heads, scale,
            make_dropout(probability, site, counter));
}
void ct_attention_bf16(bf16* out, float* log_sum_exp, const bf16* qkv, const int32_t* starts, const int32_t* ends,
                       int64_t rows, int64_t channels, int64_t heads, float scale, float probability, int32_t site,
                       const int32_t* counter) {
  const Dropout dropout = make_dropout(probability, site, counter);
  if (attention_unit)
    attention_on_unit(*attention_unit, out, log_sum_exp, qkv, starts, ends, rows, channels, heads, scale, dropout);
  else
    attention(out, log_sum_exp, qkv, starts, ends, rows, channels, heads, scale, dropout);
}

/** See `attentionBackward` in the device contract. */
void ct_attention_backward(float* grad_qkv, const float* grad_out, const float* out, const float* log_sum_exp,
                           const float* qkv, const int32_t* starts, const int32_t* ends, int64_t rows,
                           int64_t channels, int64_t heads, float scale, float probability, int32_t site,
                           const int32_t* counter) {
  attention_backward(grad_qkv, grad_out, out, log_sum_exp, qkv, starts, ends, rows, channels, heads, scale,
                     make_dropout(probability, site, counter));
}
void ct_attention_backward_bf16(bf16* grad_qkv, const bf16* grad_out, const bf16* out, const float* log_sum_exp,
                                const bf16* qkv, const int32_t* starts, const int32_t* ends, int64_t rows,
                                int64_t channels, int64_t heads, float scale, float probability, int32_t site,
                                const int32_t* counter) {
  const Dropout dropout = make_dropout(probability, site, counter);
  if (attention_unit)
    attention_backward_on_unit(*attention_unit, grad_qkv, grad_out, out, log_sum_exp, qkv, starts, ends, rows, channels,
                               heads, scale, dropout);
  else
    attention_backward(grad_qkv, grad_out, out, log_sum_exp, qkv, starts, ends, rows, channels, heads, scale, dropout);
}

/** See `attentionCached` in the device contract. Requires lengths[b] + new_positions <= capacity. */
void ct_attention_cached(float* out, const float* qkv, float* keys, float* values, const int32_t* lengths,
                         const int32_t* owners, int64_t batch, int64_t new_positions, int64_t capacity,
                         int64_t channels, int64_t heads, float scale) {
  attention_cached(out, qkv, keys, values, lengths, owners, batch, new_positions, capacity, channels, heads, scale);
}
void ct_attention_cached_bf16(bf16* out, const bf16* qkv, bf16* keys, bf16* values, const int32_t* lengths,
                              const int32_t* owners, int64_t batch, int64_t new_positions, int64_t capacity,
                              int64_t channels, int64_t heads, float scale) {
  attention_cached(out, qkv, keys, values, lengths, owners, batch, new_positions, capacity, channels, heads, scale);
}

}  // extern "C"
