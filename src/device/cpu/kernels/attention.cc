// Causal self-attention within packed segments, forward, backward and over a key-value cache. Knows nothing of layers.
// A unit of work is one head of a run of whole segments. It goes through the run in tiles of QT queries and keeps the
// scores of a tile against all its keys transposed, [key][query]: a lane is a query, so that the softmax needs no sum
// across lanes, and each of the seven products (two forward, five backward) is one micro-kernel without transpositions.
// Nothing is summed across units, so results do not depend on the number of threads. A key outside a query's segment
// has probability 0, but 0 * NaN is NaN: within a tile a NaN reaches its neighbours.

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include <new>

#include "philox.h"
#include "simd.h"

namespace {

// Register blocks: ROWS x MAX_VECTORS sums, with QUERY_VECTORS lanes-of-queries in a tile; QT is a multiple of ROWS.
#if defined(__AVX512F__)
constexpr int ROWS = 8, MAX_VECTORS = 3, QUERY_VECTORS = 2;
#elif defined(__aarch64__)
constexpr int ROWS = 4, MAX_VECTORS = 4, QUERY_VECTORS = 4;
#else
constexpr int ROWS = 4, MAX_VECTORS = 3, QUERY_VECTORS = 3;
#endif
constexpr int QT = QUERY_VECTORS * VL;
/** Short segments are taken together until a run has so many rows. */
constexpr int64_t RUN_ROWS = 128;

int64_t round_up(int64_t n, int64_t multiple) { return (n + multiple - 1) / multiple * multiple; }

/** Memory of one thread, which only grows: no call after the first of its size allocates. */
class Scratch {
 public:
  ~Scratch() { free(memory_); }
  /** Starts over, with room for so many floats and `parts` alignments. */
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

/** How the left matrix of a product lies: its steps (the summed index) or its rows are contiguous. */
enum Left { STEPS_CONTIGUOUS, ROWS_CONTIGUOUS };

/** c[ROWS][V vectors] = or += a[ROWS][steps] b[steps][V vectors]. */
template <int V, Left LEFT>
SIMD_INLINE void multiply_block(float* c, int64_t c_stride, const float* a, int64_t a_stride, const float* b,
                                int64_t b_stride, int64_t steps, bool accumulate) {
  vf sums[ROWS][V];
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) sums[r][v] = accumulate ? load(c + r * c_stride + v * VL) : vf{};
  for (int64_t step = 0; step < steps; step++) {
    vf right[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) right[v] = load(b + v * VL);
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; r++) {
      const vf left = broadcast(LEFT == STEPS_CONTIGUOUS ? a[r * a_stride] : a[r]);
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) sums[r][v] = multiply_add(left, right[v], sums[r][v]);
    }
    a += LEFT == STEPS_CONTIGUOUS ? 1 : a_stride;
    b += b_stride;
  }
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) store(c + r * c_stride + v * VL, sums[r][v]);
}

/** The same for any number of vectors, in blocks of nearly equal width. */
template <Left LEFT>
void multiply(float* c, int64_t c_stride, const float* a, int64_t a_stride, const float* b, int64_t b_stride,
              int64_t steps, int64_t vectors, bool accumulate) {
  for (int64_t blocks = (vectors + MAX_VECTORS - 1) / MAX_VECTORS; blocks > 0; blocks--) {
    const int64_t width = (vectors + blocks - 1) / blocks;
    switch (width) {
      case 1: multiply_block<1, LEFT>(c, c_stride, a, a_stride, b, b_stride, steps, accumulate); break;
      case 2: multiply_block<2, LEFT>(c, c_stride, a, a_stride, b, b_stride, steps, accumulate); break;
      case 3: multiply_block<3, LEFT>(c, c_stride, a, a_stride, b, b_stride, steps, accumulate); break;
      default: multiply_block<MAX_VECTORS, LEFT>(c, c_stride, a, a_stride, b, b_stride, steps, accumulate);
    }
    c += width * VL;
    b += width * VL;
    vectors -= width;
  }
}

/** The sizes and addresses of one head. */
struct Head {
  int64_t size;    // columns of a head
  int64_t padded;  // the same, rounded up to whole vectors
  int64_t number, heads;
  float scale;

  int64_t vectors() const { return padded / VL; }
};

/** target[rows][padded] = factor * source[rows][size], zeros beyond. */
void pack_rows(float* target, const Head& head, const float* source, int64_t source_stride, int64_t rows, float factor) {
  const int64_t whole = head.size / VL * VL, rest = head.size - whole;
  for (int64_t row = 0; row < rows; row++) {
    const float* from = source + row * source_stride;
    float* to = target + row * head.padded;
    for (int64_t i = 0; i < whole; i += VL) store(to + i, load(from + i) * factor);
    if (rest > 0) store(to + whole, load_first(from + whole, rest) * factor);
  }
}

/** target[rows][size] = factor * packed[rows][padded]. */
void unpack_rows(float* target, int64_t target_stride, const Head& head, const float* packed, int64_t rows, float factor) {
  const int64_t whole = head.size / VL * VL, rest = head.size - whole;
  for (int64_t row = 0; row < rows; row++) {
    const float* from = packed + row * head.padded;
    float* to = target + row * target_stride;
    for (int64_t i = 0; i < whole; i += VL) store(to + i, load(from + i) * factor);
    if (rest > 0) store_first(to + whole, load(from + whole) * factor, rest);
  }
}

/** Zeroes the ROWS rows that the micro-kernels may read past the end. */
void pad_rows(float* packed, const Head& head, int64_t rows) {
  memset(packed + rows * head.padded, 0, (size_t)(ROWS * head.padded) * sizeof(float));
}

/** target[size][QT] = transposed packed[queries][padded]; lanes without a query are zero. */
void transpose_queries(float* target, const Head& head, const float* packed, int64_t queries) {
  for (int64_t column = 0; column < head.size; column++) {
    float* to = target + column * QT;
    for (int64_t q = 0; q < queries; q++) to[q] = packed[q * head.padded + column];
    for (int64_t q = queries; q < QT; q++) to[q] = 0;
  }
}

/** Up to QT queries of a run and the keys that any of them attends to. Row numbers count from the run's start. */
struct Tile {
  int64_t run;    // the run's first row
  int64_t first;  // query
  int64_t queries;
  int64_t first_key, keys;
  /** Each lane's first key and own row. Lanes beyond the last query repeat it, so that they hold finite numbers. */
  vi start[QUERY_VECTORS], own[QUERY_VECTORS];
  /** Keys first_key + i with i in [all_from, all_to) are attended by every query. */
  int64_t all_from, all_to;

  Tile(const int32_t* starts, int64_t run_, int64_t first_, int64_t end) : run(run_), first(first_) {
    queries = end - first < QT ? end - first : QT;
    for (int v = 0; v < QUERY_VECTORS; v++)
      for (int lane = 0; lane < VL; lane++) {
        const int64_t q = first + (v * VL + lane < queries ? v * VL + lane : queries - 1);
        start[v][lane] = (int32_t)(starts[run + q] - run);
        own[v][lane] = (int32_t)q;
      }
    first_key = starts[run + first] - run;
    keys = first + queries - first_key;
    all_from = starts[run + first + queries - 1] - run - first_key;
    all_to = first + 1 - first_key;
  }

  bool attended_by_all(int64_t key) const { return key >= all_from && key < all_to; }
  /** Which lanes attend to the key. */
  vi attending(int v, int64_t key) const {
    const int32_t row = (int32_t)(first_key + key);
    return (start[v] <= row) & (own[v] >= row);
  }
};

/** out[keys rounded up to ROWS][QT] = rows[first_key..][padded] . queries[size][QT]: scores, or their gradients. */
void score(float* out, const Head& head, const Tile& tile, const float* rows, const float* transposed) {
  for (int64_t key = 0; key < tile.keys; key += ROWS)
    multiply<STEPS_CONTIGUOUS>(out + key * QT, QT, rows + (tile.first_key + key) * head.padded, head.padded, transposed,
                               QT, head.size, QUERY_VECTORS, false);
}

/** out[queries][padded] = sum over the keys of weights[key][query] * rows[first_key + key][padded]. */
void gather_keys(float* out, const Head& head, const Tile& tile, const int32_t* starts, const float* weights,
                 const float* rows) {
  for (int64_t q = 0; q < tile.queries; q += ROWS) {
    const int64_t last = q + ROWS < tile.queries ? q + ROWS - 1 : tile.queries - 1;
    const int64_t from = starts[tile.run + tile.first + q] - tile.run - tile.first_key;
    const int64_t to = tile.first + last + 1 - tile.first_key;
    multiply<ROWS_CONTIGUOUS>(out + q * head.padded, head.padded, weights + from * QT + q, QT,
                              rows + (tile.first_key + from) * head.padded, head.padded, to - from, head.vectors(), false);
  }
}

/** out[first_key + key][padded] += sum over the queries of weights[key][query] * rows[query][padded]. */
void scatter_keys(float* out, const Head& head, const Tile& tile, const float* weights, const float* rows) {
  for (int64_t key = 0; key < tile.keys; key += ROWS) {
    const int64_t own = tile.first_key + key - tile.first;  // the first query that may attend to one of these keys
    const int64_t from = own > 0 ? own : 0;
    multiply<STEPS_CONTIGUOUS>(out + (tile.first_key + key) * head.padded, head.padded, weights + key * QT + from, QT,
                               rows + from * head.padded, head.padded, tile.queries - from, head.vectors(), true);
  }
}

/** factors[keys][QT] of the tile's dropout. */
void draw(float* factors, const Head& head, const Tile& tile, const Dropout& dropout) {
  const int64_t first_column = tile.run + tile.first_key, end = first_column + tile.keys;
  const uint32_t heads = (uint32_t)head.heads;
  for (int64_t quad = first_column >> 2; quad * 4 < end; quad++)
    for (int v = 0; v < QUERY_VECTORS; v++) {
      const uint32_t row = (uint32_t)(tile.run + tile.first + v * VL) * heads + (uint32_t)head.number;
      vf drawn[4];
      dropout_factors_of_rows(drawn, dropout, row, heads, (uint32_t)quad);
      for (int j = 0; j < 4; j++) {
        const int64_t key = quad * 4 + j - first_column;
        if (key >= 0 && key < tile.keys) store(factors + key * QT + v * VL, drawn[j]);
      }
    }
}

/** scores -> e^(score - largest of the query), 0 where not attended; gives each lane's largest score and sum. */
void exponentials(float* scores, const Tile& tile, vf largest[QUERY_VECTORS], vf sum[QUERY_VECTORS]) {
  const vf least = broadcast(-INFINITY);
  for (int v = 0; v < QUERY_VECTORS; v++) {
    float* column = scores + v * VL;
    vf most = least;
    for (int64_t key = 0; key < tile.keys; key++) {
      vf s = load(column + key * QT);
      if (!tile.attended_by_all(key)) store(column + key * QT, s = tile.attending(v, key) ? s : least);
      most = maximum(s, most);
    }
    vf total{};
    for (int64_t key = 0; key < tile.keys; key++) {
      const vf e = vexp(load(column + key * QT) - most);
      total += e;
      store(column + key * QT, e);
    }
    largest[v] = most;
    sum[v] = total;
  }
}

/** scores -> probabilities (with dropout), gradients of those -> gradients of the scores. */
void differentiate(float* scores, float* gradients, const Tile& tile, const vf log_sum_exp[QUERY_VECTORS],
                   const vf delta[QUERY_VECTORS], const float* factors) {
  for (int64_t key = 0; key < tile.keys; key++)
    for (int v = 0; v < QUERY_VECTORS; v++) {
      const int64_t at = key * QT + v * VL;
      vf p = vexp(load(scores + at) - log_sum_exp[v]);
      if (!tile.attended_by_all(key)) p = tile.attending(v, key) ? p : vf{};
      vf dropped = p, gradient = load(gradients + at);
      if (factors) {
        dropped = p * load(factors + at);
        gradient *= load(factors + at);
      }
      store(scores + at, dropped);
      store(gradients + at, p * (gradient - delta[v]));
    }
  const size_t rest = (size_t)((round_up(tile.keys, ROWS) - tile.keys) * QT) * sizeof(float);
  memset(scores + tile.keys * QT, 0, rest);
  memset(gradients + tile.keys * QT, 0, rest);
}

/** The end of the run that starts at a row: whole segments, together at least RUN_ROWS rows where there are so many. */
int64_t run_end(const int32_t* ends, int64_t first, int64_t rows) {
  int64_t end = first;
  while (end < rows && end - first < RUN_ROWS) end = ends[end];
  return end;
}

/** Calls unit(head, first row, end row) for every head of every run, in parallel. */
template <class Unit>
void each_unit(const int32_t* ends, int64_t rows, int64_t heads, const Unit& unit) {
#pragma omp parallel
  for (int64_t first = 0; first < rows;) {
    const int64_t end = run_end(ends, first, rows);
#pragma omp for schedule(dynamic, 1) nowait
    for (int64_t head = 0; head < heads; head++) unit(head, first, end);
    first = end;
  }
}

}  // namespace

/** See `attention` of the device contract. */
extern "C" void ct_attention(float* out, float* log_sum_exp, const float* qkv, const int32_t* starts,
                             const int32_t* ends, int64_t rows, int64_t channels, int64_t heads, float scale,
                             float probability, int32_t site, const int32_t* counter) {
  const Dropout dropout = make_dropout(probability, site, counter);
  const int64_t size = channels / heads, stride = 3 * channels;
  each_unit(ends, rows, heads, [&](int64_t number, int64_t run, int64_t end) {
    const Head head{size, round_up(size, VL), number, heads, scale};
    const int64_t n = end - run, packed = (n + ROWS) * head.padded, scores_size = round_up(n, ROWS) * QT;
    scratch.reserve(2 * packed + 2 * scores_size + 2 * QT * head.padded + size * QT, 7);
    float* keys = scratch.take(packed);
    float* values = scratch.take(packed);
    float* queries = scratch.take(QT * head.padded);
    float* transposed = scratch.take(size * QT);
    float* scores = scratch.take(scores_size);
    float* factors = scratch.take(scores_size);
    float* result = scratch.take(QT * head.padded);

    const float* source = qkv + run * stride + number * size;
    pack_rows(keys, head, source + channels, stride, n, 1.0f);
    pack_rows(values, head, source + 2 * channels, stride, n, 1.0f);
    pad_rows(keys, head, n);
    for (int64_t first = 0; first < n; first += QT) {
      const Tile tile(starts, run, first, n);
      pack_rows(queries, head, source + first * stride, stride, tile.queries, scale);
      transpose_queries(transposed, head, queries, tile.queries);
      score(scores, head, tile, keys, transposed);
      vf largest[QUERY_VECTORS], sum[QUERY_VECTORS];
      exponentials(scores, tile, largest, sum);
      if (dropout.active) {
        draw(factors, head, tile, dropout);
        for (int64_t i = 0; i < tile.keys * QT; i += VL) store(scores + i, load(scores + i) * load(factors + i));
      }
      gather_keys(result, head, tile, starts, scores, values);
      for (int64_t q = 0; q < tile.queries; q++) {
        const int64_t row = run + first + q;
        const float total = sum[q / VL][q % VL];
        log_sum_exp[number * rows + row] = largest[q / VL][q % VL] + logf(total);
        unpack_rows(out + row * channels + number * size, channels, head, result + q * head.padded, 1, 1.0f / total);
      }
    }
  });
}

/** See `attentionBackward` of the device contract. */
extern "C" void ct_attention_backward(float* grad_qkv, const float* grad_out, const float* out,
                                      const float* log_sum_exp, const float* qkv, const int32_t* starts,
                                      const int32_t* ends, int64_t rows, int64_t channels, int64_t heads, float scale,
                                      float probability, int32_t site, const int32_t* counter) {
  const Dropout dropout = make_dropout(probability, site, counter);
  const int64_t size = channels / heads, stride = 3 * channels;
  each_unit(ends, rows, heads, [&](int64_t number, int64_t run, int64_t end) {
    const Head head{size, round_up(size, VL), number, heads, scale};
    const int64_t n = end - run, packed = (n + ROWS) * head.padded, scores_size = round_up(n, ROWS) * QT;
    scratch.reserve(4 * packed + 3 * scores_size + 3 * QT * head.padded + 2 * size * QT, 12);
    float* keys = scratch.take(packed);
    float* values = scratch.take(packed);
    float* grad_keys = scratch.take(packed);
    float* grad_values = scratch.take(packed);
    float* queries = scratch.take(QT * head.padded);
    float* grads = scratch.take(QT * head.padded);
    float* grad_queries = scratch.take(QT * head.padded);
    float* queries_transposed = scratch.take(size * QT);
    float* grads_transposed = scratch.take(size * QT);
    float* scores = scratch.take(scores_size);
    float* score_grads = scratch.take(scores_size);
    float* factors = scratch.take(scores_size);

    const float* source = qkv + run * stride + number * size;
    float* target = grad_qkv + run * stride + number * size;
    pack_rows(keys, head, source + channels, stride, n, 1.0f);
    pack_rows(values, head, source + 2 * channels, stride, n, 1.0f);
    pad_rows(keys, head, n);
    pad_rows(values, head, n);
    memset(grad_keys, 0, (size_t)packed * sizeof(float));
    memset(grad_values, 0, (size_t)packed * sizeof(float));
    for (int64_t first = 0; first < n; first += QT) {
      const Tile tile(starts, run, first, n);
      const int64_t at = (run + first) * channels + number * size;
      pack_rows(queries, head, source + first * stride, stride, tile.queries, scale);
      pack_rows(grads, head, grad_out + at, channels, tile.queries, 1.0f);
      transpose_queries(queries_transposed, head, queries, tile.queries);
      transpose_queries(grads_transposed, head, grads, tile.queries);
      vf sums[QUERY_VECTORS]{}, delta[QUERY_VECTORS]{};
      for (int64_t q = 0; q < tile.queries; q++) {
        sums[q / VL][q % VL] = log_sum_exp[number * rows + run + first + q];
        float dot = 0;
        for (int64_t i = 0; i < size; i++) dot += grads[q * head.padded + i] * out[at + q * channels + i];
        delta[q / VL][q % VL] = dot;
      }
      score(scores, head, tile, keys, queries_transposed);
      score(score_grads, head, tile, values, grads_transposed);
      if (dropout.active) draw(factors, head, tile, dropout);
      differentiate(scores, score_grads, tile, sums, delta, dropout.active ? factors : nullptr);
      scatter_keys(grad_values, head, tile, scores, grads);
      scatter_keys(grad_keys, head, tile, score_grads, queries);
      gather_keys(grad_queries, head, tile, starts, score_grads, keys);
      unpack_rows(target + first * stride, stride, head, grad_queries, tile.queries, scale);
    }
    unpack_rows(target + channels, stride, head, grad_keys, n, 1.0f);
    unpack_rows(target + 2 * channels, stride, head, grad_values, n, 1.0f);
  });
}
