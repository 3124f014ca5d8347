// Attention of new positions over a key-value cache whose sequences may share their past. One block handles one head of
// one new position. It reads the keys and values of new positions from qkv rather than from the cache, and writes those
// of its own position to the cache for later passes, so no block waits for another.
//
// A group of lanes holds one key, 16 bytes per lane, so that a block processes many keys at a time. Each group keeps
// its own running softmax; they are merged in a fixed order at the end.
//
// attention_cached: grid (batch * new positions, heads), block 256. Dynamic shared memory holds each group's largest
// score, sum of weights and weighted sum of values; see attention-launches.ts for its size.

#define THREADS 256
/** Keys that a group loads ahead. */
#define AHEAD 4
#define MINUS_INFINITY __int_as_float((int)0xff800000u)

extern __shared__ float shared_memory[];

/** The sum over the lanes of a group. The number of lanes is a power of two. */
DEVICE float group_sum(float x, int lanes) {
  for (int distance = lanes / 2; distance > 0; distance /= 2) x += __shfl_xor_sync(EVERY_LANE, x, distance);
  return x;
}

/** The address of the keys or values of one head of one sequence. */
struct Positions {
  /** This head's columns in the cache, and in the first new position. */
  const scalar *cache, *added;
  /**
   * Strides: from one row of the cache to the next; from one cached position to the next; from one new position to the
   * next.
   */
  long long row, position, added_position;
  int filled;
};

/** @param owner the row of the cache that holds a cached position */
DEVICE const scalar* at(const Positions& positions, int position, int owner) {
  const scalar* const cached = positions.cache + owner * positions.row + position * positions.position;
  const scalar* const added = positions.added + (position - positions.filled) * positions.added_position;
  return position < positions.filled ? cached : added;
}

/**
 * See `attentionCached` in the device contract. keys and values are [N, capacity, channels]; owners is [batch,
 * capacity]. Requires lengths[b] + new_positions <= capacity.
 */
template <bool WHOLE>
DEVICE void attend_to_cache(scalar* out, const scalar* qkv, scalar* keys, scalar* values, const int* lengths,
                            const int* owners, long long new_positions, long long capacity, long long channels,
                            long long heads, float scale) {
  const int size = (int)(channels / heads), sequence = (int)(blockIdx.x / new_positions);
  const int added = (int)(blockIdx.x % new_positions), filled = lengths[sequence], count = filled + added + 1;
  int lanes = 1;
  while (lanes * PACK < size) lanes *= 2;
  const int groups = THREADS / lanes, group = threadIdx.x / lanes, column = threadIdx.x % lanes * PACK;

  const scalar* const own = qkv + blockIdx.x * 3 * channels + blockIdx.y * size;
  const scalar* const first = own - added * 3 * channels;
  const int* const own_owners = owners + sequence * capacity;
  const Positions keys_at = {keys + blockIdx.y * size, first + channels, capacity * channels, channels, 3 * channels,
                             filled};
  Positions values_at = keys_at;
  values_at.cache = values + blockIdx.y * size;
  values_at.added = first + 2 * channels;

  float query[PACK], sum[PACK];
  load(query, own, column, size, WHOLE);
#pragma unroll
  for (int i = 0; i < PACK; i++) sum[i] = 0;
  if (group == 0) {
    const long long target = (own_owners[filled + added] * capacity + filled + added) * channels + blockIdx.y * size;
    float kept[PACK];
    load(kept, own + channels, column, size, WHOLE);
    store(keys + target, kept, column, size, WHOLE);
    load(kept, own + 2 * channels, column, size, WHOLE);
    store(values + target, kept, column, size, WHOLE);
  }
  float largest = MINUS_INFINITY, total = 0;
  // Every lane runs the same number of iterations, because the shuffles need all lanes.
  for (int from = 0; from < count; from += groups * AHEAD) {
    Pending<WHOLE, scalar> pending_keys[AHEAD], pending_values[AHEAD];
    float scores[AHEAD];
    int owner[AHEAD];
#pragma unroll
    for (int ahead = 0; ahead < AHEAD; ahead++) {
      const int position = from + ahead * groups + group;
      owner[ahead] = own_owners[position < filled ? position : 0];
    }
#pragma unroll
    for (int ahead = 0; ahead < AHEAD; ahead++) {
      const int position = from + ahead * groups + group, columns = position < count ? size : 0;
      fetch(pending_keys[ahead], at(keys_at, position, owner[ahead]), column, columns);
      fetch(pending_values[ahead], at(values_at, position, owner[ahead]), column, columns);
    }
    float most = largest;
#pragma unroll
    for (int ahead = 0; ahead < AHEAD; ahead++) {
      float key[PACK], dot = 0;
      take(key, pending_keys[ahead]);
#pragma unroll
      for (int i = 0; i < PACK; i++) dot = fmaf(query[i], key[i], dot);
      dot = group_sum(dot, lanes) * scale;
      scores[ahead] = from + ahead * groups + group < count ? dot : MINUS_INFINITY;
      most = fmaxf(most, scores[ahead]);
    }
    const float shift = most == MINUS_INFINITY ? 0 : most, shrink = expf(largest - shift);
    largest = most;
    total *= shrink;
#pragma unroll
    for (int i = 0; i < PACK; i++) sum[i] *= shrink;
#pragma unroll
    for (int ahead = 0; ahead < AHEAD; ahead++) {
      const float weight = expf(scores[ahead] - shift);
      float value[PACK];
      take(value, pending_values[ahead]);
      total += weight;
#pragma unroll
      for (int i = 0; i < PACK; i++) sum[i] = fmaf(weight, value[i], sum[i]);
    }
  }

  float* const largest_of = shared_memory;
  float* const total_of = largest_of + groups;
  float* const sum_of = total_of + groups;
  if (column == 0) {
    largest_of[group] = largest;
    total_of[group] = total;
  }
#pragma unroll
  for (int i = 0; i < PACK; i++) sum_of[group * lanes * PACK + column + i] = sum[i];
  __syncthreads();
  if (threadIdx.x >= size) return;
  float most = MINUS_INFINITY;
  for (int other = 0; other < groups; other++) most = fmaxf(most, largest_of[other]);
  const float shift = most == MINUS_INFINITY ? 0 : most;
  float joined = 0, joined_total = 0;
  for (int other = 0; other < groups; other++) {
    const float weight = expf(largest_of[other] - shift);
    joined = fmaf(weight, sum_of[other * lanes * PACK + threadIdx.x], joined);
    joined_total = fmaf(weight, total_of[other], joined_total);
  }
  narrow(out[blockIdx.x * channels + blockIdx.y * size + threadIdx.x], joined / joined_total);
}

extern "C" __global__ void __launch_bounds__(THREADS)
    attention_cached(scalar* out, const scalar* qkv, scalar* keys, scalar* values, const int* lengths,
                     const int* owners, long long batch, long long new_positions, long long capacity,
                     long long channels, long long heads, float scale) {
  if (channels % PACK == 0 && channels / heads % PACK == 0 && aligned(qkv) && aligned(keys) && aligned(values))
    attend_to_cache<true>(out, qkv, keys, values, lengths, owners, new_positions, capacity, channels, heads, scale);
  else
    attend_to_cache<false>(out, qkv, keys, values, lengths, owners, new_positions, capacity, channels, heads, scale);
}
