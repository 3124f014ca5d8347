// Causal self-attention within packed segments, forward and backward, for heads of up to HEAD_SIZE channels (32, 64, 96
// or 128, set with -D; smaller heads are padded with zeros). A block owns some rows of one head (queries, or keys in
// attention_backward_keys) and iterates over the rows of the other side, COLUMNS at a time. Tiles without a common
// segment are skipped. Backward recomputes the probabilities from the saved log-sum-exp. No two blocks add to the same
// element, so the same inputs give the same bits. (Dao et al., "FlashAttention", 2022.)
//
// In a tile of scores, thread t holds rows t/8, t/8 + 16, ... and the four columns 4 (t%8) .. 4 (t%8) + 3, which is
// what one dropout draw covers. Rows of the other side lie in shared memory in the order 0, 4, 8, ..., 1, 5, ..., so
// that the eight threads of a row read from eight different sets of banks.
//
// attention: grid (ceil(rows / FORWARD_ROWS), heads). attention_backward_queries, attention_backward_keys: grid
// (ceil(rows / BACKWARD_ROWS), heads). All: block 128; dynamic shared memory as in attention-launches.ts.

#ifndef HEAD_SIZE
#define HEAD_SIZE 64
#endif

#define THREADS 128
/** Threads that share a row of a tile. */
#define ROW_THREADS 8
#define GROUPS (THREADS / ROW_THREADS)
#define COLUMNS 32
/** Floats from one row of probabilities to the next. */
#define WEIGHT_STRIDE (COLUMNS + 4)
/** Floats from one row of a head to the next. */
#define STRIDE (HEAD_SIZE + 4)
#define FORWARD_ROWS (HEAD_SIZE <= 64 ? 64 : 32)
#define BACKWARD_ROWS (HEAD_SIZE <= 96 ? 32 : 16)

extern __shared__ float4 shared_memory[];

/** One head's columns of a matrix. */
struct Head {
  int rows, size;
  /** Whether every pack is aligned. */
  bool whole;
};

/** @param aligned whether all matrices are aligned */
DEVICE Head make_head(bool aligned, long long rows, long long channels, long long heads) {
  Head head;
  head.rows = (int)rows;
  head.size = (int)(channels / heads);
  head.whole = channels % PACK == 0 && head.size % PACK == 0 && aligned;
  return head;
}

/**
 * Loads rows first .. first + count - 1 to shared memory; rows beyond the end become zero. INTERLEAVED is the row order
 * of the other side.
 */
template <bool INTERLEAVED>
DEVICE void load_rows(float* to, const scalar* from, long long stride, int first, int count, const Head& head) {
  const int packs = HEAD_SIZE / PACK;
  for (int i = threadIdx.x; i < count * packs; i += THREADS) {
    const int at = i / packs, column = i % packs * PACK;
    const int row = first + (INTERLEAVED ? at % ROW_THREADS * 4 + at / ROW_THREADS : at);
    float values[PACK];
    load(values, from + (row < head.rows ? row : 0) * stride, column, row < head.rows ? head.size : 0, head.whole);
    float4* const target = (float4*)(to + at * STRIDE + column);
#pragma unroll
    for (int part = 0; part < PACK / 4; part++)
      target[part] = make_float4(values[4 * part], values[4 * part + 1], values[4 * part + 2], values[4 * part + 3]);
  }
}

/** products[i][j] = own row i . column j. */
template <int M>
DEVICE void multiply(float (&products)[M][4], const float* own, const float* other) {
  const int group = threadIdx.x / ROW_THREADS, lane = threadIdx.x % ROW_THREADS;
#pragma unroll
  for (int i = 0; i < M; i++)
#pragma unroll
    for (int j = 0; j < 4; j++) products[i][j] = 0;
#pragma unroll 4
  for (int k = 0; k < HEAD_SIZE; k += 4) {
    float4 b[4];
#pragma unroll
    for (int j = 0; j < 4; j++) b[j] = *(const float4*)(other + (j * ROW_THREADS + lane) * STRIDE + k);
#pragma unroll
    for (int i = 0; i < M; i++) {
      const float4 a = *(const float4*)(own + (group + i * GROUPS) * STRIDE + k);
#pragma unroll
      for (int j = 0; j < 4; j++) {
        products[i][j] = fmaf(a.x, b[j].x, products[i][j]);
        products[i][j] = fmaf(a.y, b[j].y, products[i][j]);
        products[i][j] = fmaf(a.z, b[j].z, products[i][j]);
        products[i][j] = fmaf(a.w, b[j].w, products[i][j]);
      }
    }
  }
}

/** A thread's partial result for its rows: columns 4 (t%8) .. 4 (t%8) + 3 of every 32. */
template <int M>
struct Sums {
  float4 of[M][HEAD_SIZE / 32];
};

template <int M>
DEVICE void clear(Sums<M>& sums) {
#pragma unroll
  for (int i = 0; i < M; i++)
#pragma unroll
    for (int c = 0; c < HEAD_SIZE / 32; c++) sums.of[i][c] = make_float4(0, 0, 0, 0);
}

template <int M>
DEVICE void store_weights(float* weights, const float (&values)[M][4]) {
  const int group = threadIdx.x / ROW_THREADS, lane = threadIdx.x % ROW_THREADS;
#pragma unroll
  for (int i = 0; i < M; i++)
#pragma unroll
    for (int j = 0; j < 4; j++) weights[(group + i * GROUPS) * WEIGHT_STRIDE + j * ROW_THREADS + lane] = values[i][j];
}

/** sums of own row i += weights[i, column] * the other side's row `column`, over all columns. */
template <int M>
DEVICE void accumulate(Sums<M>& sums, const float* weights, const float* other) {
  const int group = threadIdx.x / ROW_THREADS, lane = threadIdx.x % ROW_THREADS;
#pragma unroll 2
  for (int column = 0; column < COLUMNS; column += 4) {
    float4 w[M];
#pragma unroll
    for (int i = 0; i < M; i++) w[i] = *(const float4*)(weights + (group + i * GROUPS) * WEIGHT_STRIDE + column);
#pragma unroll
    for (int u = 0; u < 4; u++)
#pragma unroll
      for (int c = 0; c < HEAD_SIZE / 32; c++) {
        const float4 v = *(const float4*)(other + (column + u) * STRIDE + c * 32 + lane * 4);
#pragma unroll
        for (int i = 0; i < M; i++) {
          const float weight = u == 0 ? w[i].x : u == 1 ? w[i].y : u == 2 ? w[i].z : w[i].w;
          sums.of[i][c].x = fmaf(weight, v.x, sums.of[i][c].x);
          sums.of[i][c].y = fmaf(weight, v.y, sums.of[i][c].y);
          sums.of[i][c].z = fmaf(weight, v.z, sums.of[i][c].z);
          sums.of[i][c].w = fmaf(weight, v.w, sums.of[i][c].w);
        }
      }
  }
}

DEVICE void store_four(float* to, const float (&values)[4]) {
  *(float4*)to = make_float4(values[0], values[1], values[2], values[3]);
}
template <class Narrow>
DEVICE void store_four(Narrow* to, const float (&values)[4]) {
  uint2 two;
  two.x = as_word(values, Narrow());
  two.y = as_word(values + 2, Narrow());
  *(uint2*)to = two;
}

/** row[size] = factor * this thread's columns of own row i. */
template <int M>
DEVICE void store_sums(scalar* row, const Sums<M>& sums, int i, float factor, const Head& head) {
#pragma unroll
  for (int c = 0; c < HEAD_SIZE / 32; c++) {
    const int column = c * 32 + threadIdx.x % ROW_THREADS * 4;
    const float4 sum = sums.of[i][c];
    const float values[4] = {sum.x * factor, sum.y * factor, sum.z * factor, sum.w * factor};
    if (head.whole && column < head.size) {
      store_four(row + column, values);
      continue;
    }
#pragma unroll
    for (int at = 0; at < 4; at++)
      if (column + at < head.size) narrow(row[column + at], values[at]);
  }
}

/** The sum over the threads that share a row. */
DEVICE float row_sum(float x) {
#pragma unroll
  for (int distance = 1; distance < ROW_THREADS; distance *= 2) x += __shfl_xor_sync(EVERY_LANE, x, distance);
  return x;
}
DEVICE float row_max(float x) {
#pragma unroll
  for (int distance = 1; distance < ROW_THREADS; distance *= 2)
    x = fmaxf(x, __shfl_xor_sync(EVERY_LANE, x, distance));
  return x;
}

#define MINUS_INFINITY __int_as_float((int)0xff800000u)

/** See `attention` in the device contract. */
extern "C" __global__ void __launch_bounds__(THREADS, 2)
    attention(scalar* out, float* log_sum_exp, const scalar* qkv, const int* starts, const int* ends, long long rows,
              long long channels, long long heads, float scale, float probability, int site, const int* counter) {
  const int M = FORWARD_ROWS / GROUPS;
  const Head head = make_head(aligned(qkv) && aligned(out), rows, channels, heads);
  const Dropout dropout = make_dropout(probability, site, counter);
  const int number = blockIdx.y, group = threadIdx.x / ROW_THREADS, lane = threadIdx.x % ROW_THREADS;
  // Later rows attend to more keys, so they start first.
  const int first = (int)(gridDim.x - 1 - blockIdx.x) * FORWARD_ROWS;
  const int end = min(first + FORWARD_ROWS, head.rows);
  float* const queries = (float*)shared_memory;
  float* const others = queries + FORWARD_ROWS * STRIDE;
  float* const weights = others + COLUMNS * STRIDE;
  const scalar* const source = qkv + number * head.size;

  load_rows<false>(queries, source, 3 * channels, first, FORWARD_ROWS, head);
  int start[M];
  float largest[M], total[M];
  Sums<M> sums;
  clear(sums);
#pragma unroll
  for (int i = 0; i < M; i++) {
    const int row = first + group + i * GROUPS;
    start[i] = row < end ? starts[row] : row + 1;
    largest[i] = MINUS_INFINITY;
    total[i] = 0;
  }
  for (int tile = starts[first] / COLUMNS * COLUMNS; tile < end; tile += COLUMNS) {
    __syncthreads();
    load_rows<true>(others, source + channels, 3 * channels, tile, COLUMNS, head);
    __syncthreads();
    float scores[M][4];
    multiply(scores, queries, others);
    __syncthreads();
    load_rows<true>(others, source + 2 * channels, 3 * channels, tile, COLUMNS, head);
    const int key = tile + lane * 4;
#pragma unroll
    for (int i = 0; i < M; i++) {
      const int row = first + group + i * GROUPS;
      float most = largest[i];
#pragma unroll
      for (int j = 0; j < 4; j++) {
        const bool met = key + j >= start[i] && key + j <= row;
        scores[i][j] = met ? scores[i][j] * scale : MINUS_INFINITY;
        most = fmaxf(most, scores[i][j]);
      }
      most = row_max(most);
      // No key attended to so far: any finite shift works.
      const float shift = most == MINUS_INFINITY ? 0 : most, shrink = expf(largest[i] - shift);
      largest[i] = most;
      total[i] *= shrink;
#pragma unroll
      for (int j = 0; j < 4; j++) {
        scores[i][j] = expf(scores[i][j] - shift);
        total[i] += scores[i][j];
      }
#pragma unroll
      for (int c = 0; c < HEAD_SIZE / 32; c++) {
        sums.of[i][c].x *= shrink;
        sums.of[i][c].y *= shrink;
        sums.of[i][c].z *= shrink;
        sums.of[i][c].w *= shrink;
      }
      if (dropout.active) {
        float factors[4];
        dropout_factors(factors, dropout, (unsigned)row * (unsigned)heads + number, (unsigned)key >> 2);
#pragma unroll
        for (int j = 0; j < 4; j++) scores[i][j] *= factors[j];
      }
    }
    store_weights(weights, scores);
    __syncthreads();
    accumulate(sums, weights, others);
  }
#pragma unroll
  for (int i = 0; i < M; i++) {
    const int row = first + group + i * GROUPS;
    const float sum = row_sum(total[i]);
    if (row >= end) continue;
    store_sums(out + row * channels + number * head.size, sums, i, 1 / sum, head);
    if (lane == 0) log_sum_exp[number * rows + row] = largest[i] + logf(sum);
  }
}

/** gradOut . out for own row i. All score gradients of a row share it. */
DEVICE float delta_of(const float* grads, const scalar* out, int row, long long channels, const Head& head) {
  const int lane = threadIdx.x % ROW_THREADS;
  float sum = 0;
  for (int column = lane * PACK; column < HEAD_SIZE; column += ROW_THREADS * PACK) {
    float values[PACK];
    load(values, out + (row < head.rows ? row : 0) * channels, column, row < head.rows ? head.size : 0,
         head.whole);
#pragma unroll
    for (int i = 0; i < PACK; i++) sum = fmaf(values[i], grads[column + i], sum);
  }
  return row_sum(sum);
}

/** The first launch of `attentionBackward` in the device contract: gradients of the queries, and deltas[H,R]. */
extern "C" __global__ void __launch_bounds__(THREADS, 2)
    attention_backward_queries(scalar* grad_qkv, float* deltas, const scalar* grad_out, const scalar* out,
                               const float* log_sum_exp, const scalar* qkv, const int* starts, const int* ends,
                               long long rows, long long channels, long long heads, float scale, float probability,
                               int site, const int* counter) {
  const int M = BACKWARD_ROWS / GROUPS;
  const bool whole = aligned(grad_qkv) && aligned(grad_out) && aligned(out) && aligned(qkv);
  const Head head = make_head(whole, rows, channels, heads);
  const Dropout dropout = make_dropout(probability, site, counter);
  const int number = blockIdx.y, group = threadIdx.x / ROW_THREADS, lane = threadIdx.x % ROW_THREADS;
  const int first = (int)(gridDim.x - 1 - blockIdx.x) * BACKWARD_ROWS;
  const int end = min(first + BACKWARD_ROWS, head.rows);
  float* const queries = (float*)shared_memory;
  float* const grads = queries + BACKWARD_ROWS * STRIDE;
  float* const others = grads + BACKWARD_ROWS * STRIDE;
  float* const weights = others + COLUMNS * STRIDE;
  const scalar* const source = qkv + number * head.size;

  load_rows<false>(queries, source, 3 * channels, first, BACKWARD_ROWS, head);
  load_rows<false>(grads, grad_out + number * head.size, channels, first, BACKWARD_ROWS, head);
  __syncthreads();
  int start[M];
  float log_sum[M], delta[M];
  Sums<M> sums;
  clear(sums);
#pragma unroll
  for (int i = 0; i < M; i++) {
    const int row = first + group + i * GROUPS;
    start[i] = row < end ? starts[row] : row + 1;
    log_sum[i] = row < end ? log_sum_exp[number * rows + row] : 0;
    delta[i] = delta_of(grads + (group + i * GROUPS) * STRIDE, out + number * head.size, row, channels, head);
    if (lane == 0 && row < end) deltas[number * rows + row] = delta[i];
  }
  for (int tile = starts[first] / COLUMNS * COLUMNS; tile < end; tile += COLUMNS) {
    float scores[M][4], grad_weights[M][4];
    __syncthreads();
    load_rows<true>(others, source + 2 * channels, 3 * channels, tile, COLUMNS, head);
    __syncthreads();
    multiply(grad_weights, grads, others);
    __syncthreads();
    load_rows<true>(others, source + channels, 3 * channels, tile, COLUMNS, head);
    __syncthreads();
    multiply(scores, queries, others);
    const int key = tile + lane * 4;
#pragma unroll
    for (int i = 0; i < M; i++) {
      const int row = first + group + i * GROUPS;
      float factors[4] = {1, 1, 1, 1};
      if (dropout.active)
        dropout_factors(factors, dropout, (unsigned)row * (unsigned)heads + number, (unsigned)key >> 2);
#pragma unroll
      for (int j = 0; j < 4; j++) {
        const bool met = key + j >= start[i] && key + j <= row;
        const float weight = expf(scores[i][j] * scale - log_sum[i]);
        scores[i][j] = met ? weight * (grad_weights[i][j] * factors[j] - delta[i]) : 0;
      }
    }
    store_weights(weights, scores);
    __syncwarp(EVERY_LANE);  // each row's weights are written and read by one warp
    accumulate(sums, weights, others);
  }
#pragma unroll
  for (int i = 0; i < M; i++) {
    const int row = first + group + i * GROUPS;
    if (row < end) store_sums(grad_qkv + row * 3 * channels + number * head.size, sums, i, scale, head);
  }
}

/**
 * Dropout factors for the scores of own key i (keys first + group + 16 i) with queries 4 lane .. 4 lane + 3. One draw
 * covers eight keys of one query, and four of them belong to the groups of this warp, so each group draws for one of
 * the four queries and shares the result.
 */
DEVICE void transposed_factors(float (&factors)[4], const Dropout& dropout, int key, int query, long long heads,
                               int number) {
  const int turn = threadIdx.x % WARP / ROW_THREADS, lane = threadIdx.x % ROW_THREADS;
  float drawn[4];
  dropout_factors(drawn, dropout, (unsigned)(query + turn) * (unsigned)heads + number, (unsigned)key >> 2);
#pragma unroll
  for (int j = 0; j < 4; j++)
#pragma unroll
    for (int of = 0; of < 4; of++) {
      const float factor = __shfl_sync(EVERY_LANE, drawn[of], j * ROW_THREADS + lane);
      if (of == turn) factors[j] = factor;
    }
}

/** The second launch: gradients of the block's own keys and values, from the queries that attend to them. */
extern "C" __global__ void __launch_bounds__(THREADS, 2)
    attention_backward_keys(scalar* grad_qkv, float* deltas, const scalar* grad_out, const scalar* out,
                            const float* log_sum_exp, const scalar* qkv, const int* starts, const int* ends,
                            long long rows, long long channels, long long heads, float scale, float probability,
                            int site, const int* counter) {
  const int M = BACKWARD_ROWS / GROUPS;
  const bool whole = aligned(grad_qkv) && aligned(grad_out) && aligned(out) && aligned(qkv);
  const Head head = make_head(whole, rows, channels, heads);
  const Dropout dropout = make_dropout(probability, site, counter);
  const int number = blockIdx.y, group = threadIdx.x / ROW_THREADS, lane = threadIdx.x % ROW_THREADS;
  const int first = (int)blockIdx.x * BACKWARD_ROWS, end = min(first + BACKWARD_ROWS, head.rows);
  float* const keys = (float*)shared_memory;
  float* const values = keys + BACKWARD_ROWS * STRIDE;
  float* const others = values + BACKWARD_ROWS * STRIDE;
  float* const weights = others + COLUMNS * STRIDE;
  float* const log_sums = weights + BACKWARD_ROWS * WEIGHT_STRIDE;
  float* const column_deltas = log_sums + COLUMNS;
  const scalar* const source = qkv + number * head.size;

  load_rows<false>(keys, source + channels, 3 * channels, first, BACKWARD_ROWS, head);
  load_rows<false>(values, source + 2 * channels, 3 * channels, first, BACKWARD_ROWS, head);
  int until[M];
  Sums<M> grad_keys, grad_values;
  clear(grad_keys);
  clear(grad_values);
#pragma unroll
  for (int i = 0; i < M; i++) {
    const int row = first + group + i * GROUPS;
    until[i] = row < end ? ends[row] : 0;
  }
  const int last = ends[end - 1];
  for (int tile = first / COLUMNS * COLUMNS; tile < last; tile += COLUMNS) {
    float scores[M][4], grad_weights[M][4], factors[M][4];
    __syncthreads();
    load_rows<true>(others, source, 3 * channels, tile, COLUMNS, head);
    if (threadIdx.x < COLUMNS) {
      const int row = tile + threadIdx.x;
      log_sums[threadIdx.x] = row < head.rows ? log_sum_exp[number * rows + row] : 0;
      column_deltas[threadIdx.x] = row < head.rows ? deltas[number * rows + row] : 0;
    }
    __syncthreads();
    multiply(scores, keys, others);
    __syncthreads();
    load_rows<true>(others, grad_out + number * head.size, channels, tile, COLUMNS, head);
    const int query = tile + lane * 4;
#pragma unroll
    for (int i = 0; i < M; i++) {
      const int key = first + group + i * GROUPS;
#pragma unroll
      for (int j = 0; j < 4; j++) factors[i][j] = 1;
      if (dropout.active) transposed_factors(factors[i], dropout, key, query, heads, number);
#pragma unroll
      for (int j = 0; j < 4; j++) {
        const bool met = query + j >= key && query + j < until[i];
        scores[i][j] = met ? expf(scores[i][j] * scale - log_sums[lane * 4 + j]) : 0;
        grad_weights[i][j] = scores[i][j] * factors[i][j];
      }
    }
    store_weights(weights, grad_weights);
    __syncthreads();
    accumulate(grad_values, weights, others);
    multiply(grad_weights, values, others);
#pragma unroll
    for (int i = 0; i < M; i++)
#pragma unroll
      for (int j = 0; j < 4; j++)
        scores[i][j] *= grad_weights[i][j] * factors[i][j] - column_deltas[lane * 4 + j];
    __syncthreads();
    load_rows<true>(others, source, 3 * channels, tile, COLUMNS, head);
    store_weights(weights, scores);
    __syncthreads();
    accumulate(grad_keys, weights, others);
  }
#pragma unroll
  for (int i = 0; i < M; i++) {
    const int row = first + group + i * GROUPS;
    if (row >= end) continue;
    scalar* const target = grad_qkv + row * 3 * channels + number * head.size;
    store_sums(target + channels, grad_keys, i, scale, head);
    store_sums(target + 2 * channels, grad_values, i, 1, head);
  }
}
