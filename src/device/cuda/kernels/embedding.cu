// Sum of token and position embeddings with dropout, and their gradients. Backward adds rows into the tables, and
// several rows may belong to one entry. The block of an entry's first row adds all of them in order: no atomics, and
// the same bits every time. To find the others, each block reads the whole index, which is small compared with the rows
// themselves. Indices are not checked here; the caller has checked them.
//
// embedding: grid rows, block min(256, channels / PACK) rounded up to whole warps.
// embedding_backward: grid (rows, 2), block 256.

template <class Element>
DEVICE void embed(scalar* out, const Element* token, const Element* position, const Dropout& dropout,
                  long long channels, bool whole) {
  for (long long column = (long long)threadIdx.x * PACK; column < channels; column += (long long)blockDim.x * PACK) {
    float x[PACK], p[PACK];
    load(x, token, column, channels, whole);
    load(p, position, column, channels, whole);
#pragma unroll
    for (int i = 0; i < PACK; i++) x[i] += p[i];
    drop(x, dropout, blockIdx.x, column);
    store(out, x, column, channels, whole);
  }
}

/**
 * out[rows, channels] = dropout(token_table[tokens[row]] + position_table[positions[row]]). The tables hold scalars, or
 * bf16 if tables_are_bf16 is set.
 */
extern "C" __global__ void embedding(scalar* out, const int* tokens, const int* positions, const void* token_table,
                                     const void* position_table, int tables_are_bf16, float probability, int site,
                                     const int* counter, long long rows, long long channels) {
  const Dropout dropout = make_dropout(probability, site, counter);
  const long long token = tokens[blockIdx.x] * channels, position = positions[blockIdx.x] * channels;
  scalar* const row = out + (long long)blockIdx.x * channels;
  const bool whole = channels % PACK == 0 && aligned(out) && aligned(token_table) && aligned(position_table);
  if (tables_are_bf16)
    embed(row, (const bf16*)token_table + token, (const bf16*)position_table + position, dropout, channels, whole);
  else
    embed(row, (const scalar*)token_table + token, (const scalar*)position_table + position, dropout, channels, whole);
}

#define SCATTER_THREADS 256

/**
 * Returns the number of earlier threads whose flag is set, and puts the number of set flags in the block into `count`.
 * @param votes shared memory, one word per warp; the caller needs a barrier between two calls
 */
DEVICE int count_before(bool flag, unsigned* votes, int* count) {
  const int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
  const unsigned vote = __ballot_sync(EVERY_LANE, flag);
  if (lane == 0) votes[warp] = vote;
  __syncthreads();
  int before = 0, all = 0;
  for (int other = 0; other < SCATTER_THREADS / WARP; other++) {
    const int set = __popc(votes[other]);
    if (other < warp) before += set;
    all += set;
  }
  *count = all;
  return before + __popc(vote & ((1u << lane) - 1u));
}

/**
 * token_gradient[tokens[row]] and position_gradient[positions[row]] += grad_out[row], with the dropout mask of forward.
 */
extern "C" __global__ void __launch_bounds__(SCATTER_THREADS, 2)
    embedding_backward(float* token_gradient, float* position_gradient, const scalar* grad_out, const int* tokens,
                       const int* positions, float probability, int site, const int* counter, long long rows,
                       long long channels) {
  __shared__ unsigned votes[SCATTER_THREADS / WARP];
  __shared__ int found[SCATTER_THREADS];
  const int* const index = blockIdx.y == 0 ? tokens : positions;
  float* const table = blockIdx.y == 0 ? token_gradient : position_gradient;
  const long long own = blockIdx.x;
  const int entry = index[own];
  int count;
  for (long long first = 0; first < own; first += SCATTER_THREADS) {
    const long long row = first + threadIdx.x;
    count_before(row < own && index[row] == entry, votes, &count);
    if (count > 0) return;  // an earlier row's block handles this entry
    __syncthreads();
  }
  const Dropout dropout = make_dropout(probability, site, counter);
  float* const gradient = table + entry * channels;
  const bool whole = channels % PACK == 0 && aligned(table) && aligned(grad_out);
  for (long long first = own; first < rows; first += SCATTER_THREADS) {
    const long long row = first + threadIdx.x;
    const bool same = row < rows && index[row] == entry;
    const int place = count_before(same, votes, &count);
    if (same) found[place] = (int)row;
    __syncthreads();
    for (long long column = (long long)threadIdx.x * PACK; count > 0 && column < channels;
         column += SCATTER_THREADS * PACK) {
      float sum[PACK];
      load(sum, gradient, column, channels, whole);
#pragma unroll 4
      for (int at = 0; at < count; at++) {
        float x[PACK];
        load(x, grad_out + found[at] * channels, column, channels, whole);
        drop(x, dropout, found[at], column);
#pragma unroll
        for (int i = 0; i < PACK; i++) sum[i] += x[i];
      }
      store(gradient, sum, column, channels, whole);
    }
    __syncthreads();
  }
}
