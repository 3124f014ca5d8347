// The attention of attention.cu on tensor cores (sm_80 and later), for bf16 and half, and for heads of exactly
// HEAD_SIZE channels (set with -D, a multiple of 16). Every pointer must be aligned to 16 bytes. Kernels and parameters
// are the same. (Dao, "FlashAttention-2", 2023.)
//
// A block owns 64 rows of one head. Each warp owns 16 of them and keeps them in registers. The rows of the other side
// (keys and values, or queries and gradients) pass through shared memory, COLUMNS at a time; the next tile is copied
// while the current one is processed. Probabilities go from the result of one product to the operand of the next
// without leaving their registers: of a 16 x 8 result, lane l holds rows l/4 and l/4 + 8 in columns 2 (l%4) and 2 (l%4)
// + 1. (PTX ISA, "Matrix Fragments for mma.m16n8k16".) Exponentials use base 2.
//
// All kernels: grid (ceil(rows / 64), heads), block 128; dynamic shared memory as in attention-launches.ts.

#ifndef HEAD_SIZE
#define HEAD_SIZE 64
#endif

#define THREADS 128
#define OWN_ROWS 64
/** Rows of the other side per tile. Two matrices of them, double-buffered, must fit in 48 KiB. */
#define COLUMNS (HEAD_SIZE <= 80 ? 64 : 32)
/** Elements from one row to the next: 16 bytes more than a row, so that eight consecutive rows use different banks. */
#define STRIDE (HEAD_SIZE + 8)
/** Bytes of one matrix of the other side, in one tile. */
#define TILE_BYTES (COLUMNS * STRIDE * 2)
/** The number of 16-column fragments in a head's row. */
#define SIXTEENS (HEAD_SIZE / 16)
#define EIGHTS (HEAD_SIZE / 8)

#define LOG2_E 1.4426950408889634f
#define LN_2 0.6931471805599453f
#define MINUS_INFINITY __int_as_float((int)0xff800000u)

extern __shared__ uint4 shared_memory[];

/* Instructions. -------------------------------------------------------------------------------------------------- */

DEVICE void copy_async(unsigned to, const scalar* from, bool there) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(there ? 16 : 0));
}
DEVICE void commit_copies() { asm volatile("cp.async.commit_group;"); }
DEVICE void await_copies() { asm volatile("cp.async.wait_all;" ::: "memory"); }

DEVICE void load_fragment(unsigned (&to)[4], unsigned row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(row));
}
DEVICE void load_transposed(unsigned (&to)[4], unsigned row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(row));
}

/** sums[16,8] += a[16,16] b[16,8]. */
DEVICE void multiply_add(float (&sums)[4], const unsigned (&a)[4], unsigned b0, unsigned b1, bf16) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%10, %11, %12, %13};"
      : "=f"(sums[0]), "=f"(sums[1]), "=f"(sums[2]), "=f"(sums[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1), "f"(sums[0]), "f"(sums[1]), "f"(sums[2]),
        "f"(sums[3]));
}
DEVICE void multiply_add(float (&sums)[4], const unsigned (&a)[4], unsigned b0, unsigned b1, half) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%10, %11, %12, %13};"
      : "=f"(sums[0]), "=f"(sums[1]), "=f"(sums[2]), "=f"(sums[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1), "f"(sums[0]), "f"(sums[1]), "f"(sums[2]),
        "f"(sums[3]));
}

DEVICE unsigned pair(float low, float high, bf16) {
  unsigned both;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
  return both;
}
DEVICE unsigned pair(float low, float high, half) {
  unsigned both;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
  return both;
}

DEVICE float power_of_2(float x) {
  float power;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x));
  return power;
}

/* Tiles. --------------------------------------------------------------------------------------------------------- */

/** Starts copying rows first .. first + count - 1 of one head to shared memory; rows beyond the end become zero. */
DEVICE void copy_rows(unsigned to, const scalar* from, long long stride, int first, int count, int rows) {
  for (int i = threadIdx.x; i < count * EIGHTS; i += THREADS) {
    const int at = i / EIGHTS, column = i % EIGHTS * 8, row = first + at;
    copy_async(to + (at * STRIDE + column) * 2, from + (long long)min(row, rows - 1) * stride + column, row < rows);
  }
}

/** Loads this warp's 16 of the block's 64 rows through shared memory at `through`, which is free again afterwards. */
DEVICE void own_rows(unsigned (&own)[SIXTEENS][4], unsigned through, const scalar* from, long long stride, int first,
                     int rows) {
  copy_rows(through, from, stride, first, OWN_ROWS, rows);
  await_copies();
  __syncthreads();
  const int lane = threadIdx.x % WARP, row = threadIdx.x / WARP * 16 + lane % 16, column = lane / 16 * 8;
#pragma unroll
  for (int k = 0; k < SIXTEENS; k++) load_fragment(own[k], through + (row * STRIDE + k * 16 + column) * 2);
  __syncthreads();
}

/** products[16 own rows, 16] = own rows . rows from .. from + 15 of a tile. */
DEVICE void multiply_rows(float (&products)[2][4], const unsigned (&own)[SIXTEENS][4], unsigned tile, int from) {
  const int lane = threadIdx.x % WARP, row = from + lane / 16 * 8 + lane % 8, column = lane / 8 % 2 * 8;
#pragma unroll
  for (int half_of = 0; half_of < 2; half_of++)
#pragma unroll
    for (int i = 0; i < 4; i++) products[half_of][i] = 0;
#pragma unroll
  for (int k = 0; k < SIXTEENS; k++) {
    unsigned b[4];
    load_fragment(b, tile + (row * STRIDE + k * 16 + column) * 2);
    multiply_add(products[0], own[k], b[0], b[1], scalar());
    multiply_add(products[1], own[k], b[2], b[3], scalar());
  }
}

/** sums[16 own rows, HEAD_SIZE] += weights[16, 16] . rows from .. from + 15 of a tile. */
DEVICE void add_rows(float (&sums)[EIGHTS][4], const float (&weights)[2][4], unsigned tile, int from) {
  const int lane = threadIdx.x % WARP, row = from + lane % 16, column = lane / 16 * 8;
  const unsigned a[4] = {
      pair(weights[0][0], weights[0][1], scalar()), pair(weights[0][2], weights[0][3], scalar()),
      pair(weights[1][0], weights[1][1], scalar()), pair(weights[1][2], weights[1][3], scalar())};
#pragma unroll
  for (int n = 0; n < SIXTEENS; n++) {
    unsigned b[4];
    load_transposed(b, tile + (row * STRIDE + n * 16 + column) * 2);
    multiply_add(sums[2 * n], a, b[0], b[1], scalar());
    multiply_add(sums[2 * n + 1], a, b[2], b[3], scalar());
  }
}

DEVICE void clear(float (&sums)[EIGHTS][4]) {
#pragma unroll
  for (int n = 0; n < EIGHTS; n++)
#pragma unroll
    for (int i = 0; i < 4; i++) sums[n][i] = 0;
}

/** row[HEAD_SIZE] = factor * this lane's elements of its upper (lower = 0) or lower (lower = 1) row. */
DEVICE void store_row(scalar* row, const float (&sums)[EIGHTS][4], int lower, float factor) {
#pragma unroll
  for (int n = 0; n < EIGHTS; n++)
    *(unsigned*)(row + n * 8 + threadIdx.x % 4 * 2) =
        pair(sums[n][2 * lower] * factor, sums[n][2 * lower + 1] * factor, scalar());
}

/** The sum over the four lanes that share a row. */
DEVICE float row_sum(float x) {
  x += __shfl_xor_sync(EVERY_LANE, x, 1);
  return x + __shfl_xor_sync(EVERY_LANE, x, 2);
}
DEVICE float row_max(float x) {
  x = fmaxf(x, __shfl_xor_sync(EVERY_LANE, x, 1));
  return fmaxf(x, __shfl_xor_sync(EVERY_LANE, x, 2));
}

/* Dropout. ------------------------------------------------------------------------------------------------------- */

/** One bit for each of the eight keys from `key` on: set if dropout keeps it for this query. */
DEVICE unsigned kept_keys(const Dropout& dropout, int query, int key, long long heads) {
  return kept_columns(dropout, (unsigned)query * (unsigned)heads + blockIdx.y, (unsigned)key >> 3);
}

/**
 * factors[16,16] for the queries from `query` on (this lane's upper row) and the keys from `key` on. Four lanes share
 * two queries; each draws half of the keys of one of the two.
 */
DEVICE void factors_of_queries(float (&factors)[2][4], const Dropout& dropout, int query, int key, long long heads) {
  const int turn = threadIdx.x % 4;
  unsigned bits = kept_keys(dropout, query + turn % 2 * 8, key + turn / 2 * 8, heads) << turn * 8;
  bits |= __shfl_xor_sync(EVERY_LANE, bits, 1);
  bits |= __shfl_xor_sync(EVERY_LANE, bits, 2);
  bits >>= turn * 2;
#pragma unroll
  for (int n = 0; n < 2; n++)
#pragma unroll
    for (int i = 0; i < 4; i++) factors[n][i] = bits >> (n * 16 + i / 2 * 8 + i % 2) & 1 ? dropout.scale : 0;
}

/**
 * factors[16,16] for keys (`key` is this lane's upper row) and the queries from `query` on. Eight lanes, one row apart,
 * share four queries; each draws half of the keys of one query, the first four lanes the upper half.
 */
DEVICE void factors_of_keys(float (&factors)[2][4], const Dropout& dropout, int key, int query, long long heads) {
  const int row = threadIdx.x % WARP / 4, turn = row % 4;
  const int drawn = query + turn / 2 * 8 + threadIdx.x % 4 * 2 + turn % 2;
  unsigned bits = kept_keys(dropout, drawn, key - row + row / 4 * 8, heads) << turn * 8;
  bits |= __shfl_xor_sync(EVERY_LANE, bits, 4);
  bits |= __shfl_xor_sync(EVERY_LANE, bits, 8);
  const unsigned others = __shfl_xor_sync(EVERY_LANE, bits, 16);
  const unsigned halves[2] = {(row < 4 ? bits : others) >> row, (row < 4 ? others : bits) >> row};
#pragma unroll
  for (int n = 0; n < 2; n++)
#pragma unroll
    for (int i = 0; i < 4; i++) factors[n][i] = halves[i / 2] >> (n * 16 + i % 2 * 8) & 1 ? dropout.scale : 0;
}

/* Kernels. ------------------------------------------------------------------------------------------------------- */

/** See `attention` in the device contract. */
extern "C" __global__ void __launch_bounds__(THREADS)
    attention(scalar* out, float* log_sum_exp, const scalar* qkv, const int* starts, const int* ends, long long rows,
              long long channels, long long heads, float scale, float probability, int site, const int* counter) {
  const Dropout dropout = make_dropout(probability, site, counter);
  const long long stride = 3 * channels;
  const int count = (int)rows, pairs = threadIdx.x % 4 * 2;
  // Later rows attend to more keys, so they start first.
  const int first = (int)(gridDim.x - 1 - blockIdx.x) * OWN_ROWS, end = min(first + OWN_ROWS, count);
  const int warp_first = first + threadIdx.x / WARP * 16, row = warp_first + threadIdx.x % WARP / 4;
  const scalar* const queries = qkv + blockIdx.y * HEAD_SIZE;
  const unsigned shared = (unsigned)__cvta_generic_to_shared(shared_memory);

  unsigned own[SIXTEENS][4];
  own_rows(own, shared + 2 * TILE_BYTES, queries, stride, first, count);
  float sums[EIGHTS][4], largest[2], total[2];
  int start[2];
  clear(sums);
#pragma unroll
  for (int lower = 0; lower < 2; lower++) {
    start[lower] = row + lower * 8 < end ? starts[row + lower * 8] : count;
    largest[lower] = MINUS_INFINITY;
    total[lower] = 0;
  }
  // The first key that the warp's rows attend to.
  const int warp_start = warp_first < end ? starts[warp_first] : count;

  int tile = starts[first] / COLUMNS * COLUMNS;
  unsigned keys = shared, next_keys = shared + 2 * TILE_BYTES;
  copy_rows(keys, queries + channels, stride, tile, COLUMNS, count);
  copy_rows(keys + TILE_BYTES, queries + 2 * channels, stride, tile, COLUMNS, count);
  for (; tile < end; tile += COLUMNS) {
    await_copies();
    __syncthreads();
    const unsigned values = keys + TILE_BYTES;
    if (tile + COLUMNS < end) {
      copy_rows(next_keys, queries + channels, stride, tile + COLUMNS, COLUMNS, count);
      copy_rows(next_keys + TILE_BYTES, queries + 2 * channels, stride, tile + COLUMNS, COLUMNS, count);
    }
    if (tile < warp_first + 16 && tile + COLUMNS > warp_start) {
      float scores[COLUMNS / 16][2][4];
#pragma unroll
      for (int n = 0; n < COLUMNS / 16; n++) multiply_rows(scores[n], own, keys, n * 16);
      const bool all_met = tile >= start[1] && tile + COLUMNS - 1 <= row;
      float most[2] = {largest[0], largest[1]};
#pragma unroll
      for (int n = 0; n < COLUMNS / 8; n++)
#pragma unroll
        for (int i = 0; i < 4; i++) {
          const int key = tile + n * 8 + pairs + i % 2, lower = i / 2;
          float& score = scores[n / 2][n % 2][i];
          const bool met = all_met || (key >= start[lower] && key <= row + lower * 8);
          score = met ? score * (scale * LOG2_E) : MINUS_INFINITY;
          most[lower] = fmaxf(most[lower], score);
        }
      float shift[2];
#pragma unroll
      for (int lower = 0; lower < 2; lower++) {
        most[lower] = row_max(most[lower]);
        // No key attended to so far: any finite shift works.
        shift[lower] = most[lower] == MINUS_INFINITY ? 0 : most[lower];
        const float shrink = power_of_2(largest[lower] - shift[lower]);
        largest[lower] = most[lower];
        total[lower] *= shrink;
#pragma unroll
        for (int n = 0; n < EIGHTS; n++) {
          sums[n][2 * lower] *= shrink;
          sums[n][2 * lower + 1] *= shrink;
        }
      }
#pragma unroll
      for (int n = 0; n < COLUMNS / 16; n++) {
#pragma unroll
        for (int i = 0; i < 8; i++) {
          float& score = scores[n][i / 4][i % 4];
          score = power_of_2(score - shift[i % 4 / 2]);
          total[i % 4 / 2] += score;
        }
        if (dropout.active) {
          float factors[2][4];
          factors_of_queries(factors, dropout, row, tile + n * 16, heads);
#pragma unroll
          for (int i = 0; i < 8; i++) scores[n][i / 4][i % 4] *= factors[i / 4][i % 4];
        }
        add_rows(sums, scores[n], values, n * 16);
      }
    }
    const unsigned before = keys;
    keys = next_keys;
    next_keys = before;
  }
#pragma unroll
  for (int lower = 0; lower < 2; lower++) {
    const float sum = row_sum(total[lower]);
    const int own_row = row + lower * 8;
    if (own_row >= end) continue;
    store_row(out + own_row * channels + blockIdx.y * HEAD_SIZE, sums, lower, 1 / sum);
    if (pairs == 0) log_sum_exp[blockIdx.y * rows + own_row] = largest[lower] * LN_2 + logf(sum);
  }
}

/** gradOut . out for this lane's two rows. All score gradients of a row share it. */
DEVICE void deltas_of(float (&delta)[2], const unsigned (&grads)[SIXTEENS][4], const scalar* out, long long channels,
                      int row, int end) {
#pragma unroll
  for (int lower = 0; lower < 2; lower++) {
    float sum = 0;
    const scalar* const source = out + min(row + lower * 8, end - 1) * channels + threadIdx.x % 4 * 2;
#pragma unroll
    for (int k = 0; k < SIXTEENS; k++)
#pragma unroll
      for (int right = 0; right < 2; right++) {
        const unsigned ours = grads[k][right * 2 + lower], others = *(const unsigned*)(source + k * 16 + right * 8);
#pragma unroll
        for (int at = 0; at < 2; at++) sum = fmaf(of_word(out, ours, at), of_word(out, others, at), sum);
      }
    delta[lower] = row_sum(sum);
  }
}

/** The first launch of `attentionBackward` in the device contract: gradients of the queries, and deltas[H,R]. */
extern "C" __global__ void __launch_bounds__(THREADS)
    attention_backward_queries(scalar* grad_qkv, float* deltas, const scalar* grad_out, const scalar* out,
                               const float* log_sum_exp, const scalar* qkv, const int* starts, const int* ends,
                               long long rows, long long channels, long long heads, float scale, float probability,
                               int site, const int* counter) {
  const Dropout dropout = make_dropout(probability, site, counter);
  const long long stride = 3 * channels;
  const int count = (int)rows, pairs = threadIdx.x % 4 * 2;
  const int first = (int)(gridDim.x - 1 - blockIdx.x) * OWN_ROWS, end = min(first + OWN_ROWS, count);
  const int warp_first = first + threadIdx.x / WARP * 16, row = warp_first + threadIdx.x % WARP / 4;
  const int column = blockIdx.y * HEAD_SIZE;
  const scalar* const queries = qkv + column;
  const unsigned shared = (unsigned)__cvta_generic_to_shared(shared_memory);

  unsigned own[SIXTEENS][4], grads[SIXTEENS][4];
  own_rows(own, shared + 2 * TILE_BYTES, queries, stride, first, count);
  own_rows(grads, shared + 2 * TILE_BYTES, grad_out + column, channels, first, count);
  float sums[EIGHTS][4], delta[2], log_sum[2];
  int start[2];
  clear(sums);
  deltas_of(delta, grads, out + column, channels, row, end);
#pragma unroll
  for (int lower = 0; lower < 2; lower++) {
    const int own_row = row + lower * 8;
    start[lower] = own_row < end ? starts[own_row] : count;
    log_sum[lower] = own_row < end ? log_sum_exp[blockIdx.y * rows + own_row] * LOG2_E : 0;
    if (pairs == 0 && own_row < end) deltas[blockIdx.y * rows + own_row] = delta[lower];
  }
  const int warp_start = warp_first < end ? starts[warp_first] : count;

  int tile = starts[first] / COLUMNS * COLUMNS;
  unsigned keys = shared, next_keys = shared + 2 * TILE_BYTES;
  copy_rows(keys, queries + channels, stride, tile, COLUMNS, count);
  copy_rows(keys + TILE_BYTES, queries + 2 * channels, stride, tile, COLUMNS, count);
  for (; tile < end; tile += COLUMNS) {
    await_copies();
    __syncthreads();
    const unsigned values = keys + TILE_BYTES;
    if (tile + COLUMNS < end) {
      copy_rows(next_keys, queries + channels, stride, tile + COLUMNS, COLUMNS, count);
      copy_rows(next_keys + TILE_BYTES, queries + 2 * channels, stride, tile + COLUMNS, COLUMNS, count);
    }
#pragma unroll 1
    for (int from = 0; from < COLUMNS; from += 16) {
      if (tile + from >= warp_first + 16 || tile + from + 16 <= warp_start) continue;
      float scores[2][4], grad_weights[2][4], factors[2][4];
      multiply_rows(scores, own, keys, from);
      multiply_rows(grad_weights, grads, values, from);
      if (dropout.active) factors_of_queries(factors, dropout, row, tile + from, heads);
#pragma unroll
      for (int i = 0; i < 8; i++) {
        const int n = i / 4, at = i % 4, lower = at / 2, key = tile + from + n * 8 + pairs + at % 2;
        const bool met = key >= start[lower] && key <= row + lower * 8;
        const float weight = power_of_2(scores[n][at] * (scale * LOG2_E) - log_sum[lower]);
        const float grad = dropout.active ? grad_weights[n][at] * factors[n][at] : grad_weights[n][at];
        scores[n][at] = met ? weight * (grad - delta[lower]) : 0;
      }
      add_rows(sums, scores, keys, from);
    }
    const unsigned before = keys;
    keys = next_keys;
    next_keys = before;
  }
#pragma unroll
  for (int lower = 0; lower < 2; lower++)
    if (row + lower * 8 < end) store_row(grad_qkv + (row + lower * 8) * stride + column, sums, lower, scale);
}

/** The second launch: gradients of the block's own keys and values, from the queries that attend to them. */
extern "C" __global__ void __launch_bounds__(THREADS)
    attention_backward_keys(scalar* grad_qkv, float* deltas, const scalar* grad_out, const scalar* out,
                            const float* log_sum_exp, const scalar* qkv, const int* starts, const int* ends,
                            long long rows, long long channels, long long heads, float scale, float probability,
                            int site, const int* counter) {
  const Dropout dropout = make_dropout(probability, site, counter);
  const long long stride = 3 * channels;
  const int count = (int)rows, pairs = threadIdx.x % 4 * 2;
  const int first = (int)blockIdx.x * OWN_ROWS, end = min(first + OWN_ROWS, count);
  const int warp_first = first + threadIdx.x / WARP * 16, row = warp_first + threadIdx.x % WARP / 4;
  const int column = blockIdx.y * HEAD_SIZE;
  const scalar* const source = qkv + column;
  const float* const log_sums = log_sum_exp + blockIdx.y * rows;
  const float* const head_deltas = deltas + blockIdx.y * rows;
  const unsigned shared = (unsigned)__cvta_generic_to_shared(shared_memory);

  unsigned keys[SIXTEENS][4], values[SIXTEENS][4];
  own_rows(keys, shared + 2 * TILE_BYTES, source + channels, stride, first, count);
  own_rows(values, shared + 2 * TILE_BYTES, source + 2 * channels, stride, first, count);
  float grad_keys[EIGHTS][4], grad_values[EIGHTS][4];
  int until[2];
  clear(grad_keys);
  clear(grad_values);
#pragma unroll
  for (int lower = 0; lower < 2; lower++) until[lower] = row + lower * 8 < end ? ends[row + lower * 8] : 0;
  const int last = ends[end - 1];
  const int warp_last = warp_first < end ? ends[min(warp_first + 15, end - 1)] : 0;

  int tile = first / COLUMNS * COLUMNS;
  unsigned queries = shared, next_queries = shared + 2 * TILE_BYTES;
  copy_rows(queries, source, stride, tile, COLUMNS, count);
  copy_rows(queries + TILE_BYTES, grad_out + column, channels, tile, COLUMNS, count);
  for (; tile < last; tile += COLUMNS) {
    await_copies();
    __syncthreads();
    const unsigned grads = queries + TILE_BYTES;
    if (tile + COLUMNS < last) {
      copy_rows(next_queries, source, stride, tile + COLUMNS, COLUMNS, count);
      copy_rows(next_queries + TILE_BYTES, grad_out + column, channels, tile + COLUMNS, COLUMNS, count);
    }
#pragma unroll 1
    for (int from = 0; from < COLUMNS; from += 16) {
      if (tile + from + 16 <= warp_first || tile + from >= warp_last) continue;
      float scores[2][4], grad_weights[2][4], factors[2][4], dropped[2][4];
      multiply_rows(scores, keys, queries, from);
      multiply_rows(grad_weights, values, grads, from);
      if (dropout.active) factors_of_keys(factors, dropout, row, tile + from, heads);
#pragma unroll
      for (int i = 0; i < 8; i++) {
        const int n = i / 4, at = i % 4, lower = at / 2, query = tile + from + n * 8 + pairs + at % 2;
        const int there = min(query, count - 1);
        const bool met = query >= row + lower * 8 && query < until[lower];
        const float power = power_of_2(scores[n][at] * (scale * LOG2_E) - log_sums[there] * LOG2_E);
        const float weight = met ? power : 0, factor = dropout.active ? factors[n][at] : 1;
        dropped[n][at] = weight * factor;
        scores[n][at] = weight * (grad_weights[n][at] * factor - head_deltas[there]);
      }
      add_rows(grad_values, dropped, grads, from);
      add_rows(grad_keys, scores, queries, from);
    }
    const unsigned before = queries;
    queries = next_queries;
    next_queries = before;
  }
#pragma unroll
  for (int lower = 0; lower < 2; lower++) {
    if (row + lower * 8 >= end) continue;
    scalar* const target = grad_qkv + (row + lower * 8) * stride + column;
    store_row(target + channels, grad_keys, lower, scale);
    store_row(target + 2 * channels, grad_values, lower, 1);
  }
}
