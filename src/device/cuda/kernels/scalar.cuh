// Placed before every kernel source. SCALAR, the type of activations and weights, is float, bf16 or half (-D
// SCALAR=...). All arithmetic is in float. There are no #includes, because NVRTC brings no headers. Compilers other
// than NVIDIA's, and bf16 before sm_80, convert numbers with integer arithmetic instead of PTX. A pack is what one
// thread moves at a time: 16 bytes of scalars in memory, floats in registers.

#ifndef SCALAR
#define SCALAR float
#endif

#define DEVICE static __device__ __forceinline__

/** The upper half of a float. */
struct bf16 {
  unsigned short bits;
};
/** IEEE binary16. */
struct half {
  unsigned short bits;
};
typedef SCALAR scalar;

#if defined(__CUDACC__) && __CUDA_ARCH__ >= 800
#define CONVERTS_PAIRS
#endif

#define WARP 32
#define EVERY_LANE 0xffffffffu
/** Elements in a pack. */
#define PACK ((int)(16 / sizeof(scalar)))

/* Numbers. ------------------------------------------------------------------------------------------------------- */

DEVICE float widen(float x) { return x; }
DEVICE float widen(bf16 x) { return __uint_as_float((unsigned)x.bits << 16); }
DEVICE float widen(half x) {
#ifdef __CUDACC__
  float wide;
  asm("cvt.f32.f16 %0, %1;" : "=f"(wide) : "h"(x.bits));
  return wide;
#else
  const unsigned sign = (unsigned)(x.bits & 0x8000) << 16, magnitude = x.bits & 0x7fffu;
  // The multiplication rebiases the exponent and also normalises subnormals. Infinities and NaN are handled first.
  if (magnitude >= 0x7c00) return __uint_as_float(sign | 0x7f800000u | magnitude << 13);
  return __uint_as_float(sign | __float_as_uint(__uint_as_float(magnitude << 13) * 0x1p112f));
#endif
}

/** to = x, rounded to nearest, ties to even. NaN stays NaN. */
DEVICE void narrow(float& to, float x) { to = x; }
DEVICE void narrow(bf16& to, float x) {
#ifdef CONVERTS_PAIRS
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(to.bits) : "f"(x));
#else
  const unsigned bits = __float_as_uint(x);
  const unsigned rounded = bits + 0x7fffu + (bits >> 16 & 1);
  to.bits = (unsigned short)((x != x ? bits | 0x400000u : rounded) >> 16);
#endif
}
DEVICE void narrow(half& to, float x) {
#ifdef __CUDACC__
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(to.bits) : "f"(x));
#else
  const unsigned bits = __float_as_uint(x), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffffu;
  unsigned narrowed;
  if (magnitude > 0x7f800000u)
    narrowed = 0x7fff;
  else if (magnitude >= 0x477ff000u)  // from the midpoint between the largest finite number and 2^16 on
    narrowed = 0x7c00;
  else if (magnitude >= 0x38800000u)  // normal
    narrowed = (magnitude + 0xfffu + (magnitude >> 13 & 1) - 0x38000000u) >> 13;
  else  // subnormal: the addition rounds to multiples of 2^-24
    narrowed = __float_as_uint(__uint_as_float(magnitude) + 0.5f) - 0x3f000000u;
  to.bits = (unsigned short)(sign | narrowed);
#endif
}

/** x rounded to the scalar type. */
DEVICE float rounded(float x) {
  scalar kept;
  narrow(kept, x);
  return widen(kept);
}

/* Packs. --------------------------------------------------------------------------------------------------------- */

DEVICE bool aligned(const void* pointer) { return ((unsigned long long)pointer & 15) == 0; }

/** Element `at` of a 32-bit word of elements of the pointer's type. */
DEVICE float of_word(const float*, unsigned word, int) { return __uint_as_float(word); }
DEVICE float of_word(const bf16*, unsigned word, int at) {
  return __uint_as_float(at == 0 ? word << 16 : word & 0xffff0000u);
}
DEVICE float of_word(const half*, unsigned word, int at) {
  half x;
  x.bits = (unsigned short)(word >> 16 * at);
  return widen(x);
}
DEVICE unsigned as_word(const float* values, float) { return __float_as_uint(values[0]); }
template <class Narrow>
DEVICE unsigned as_word(const float* values, Narrow) {
  Narrow low, high;
  narrow(low, values[0]);
  narrow(high, values[1]);
  return (unsigned)low.bits | (unsigned)high.bits << 16;
}
#ifdef CONVERTS_PAIRS
DEVICE unsigned as_word(const float* values, bf16) {
  unsigned pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(values[1]), "f"(values[0]));
  return pair;
}
DEVICE unsigned as_word(const float* values, half) {
  unsigned pair;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(values[1]), "f"(values[0]));
  return pair;
}
#endif

/** Loads one pack from aligned memory. `from` may have another type than SCALAR. */
template <class Element>
DEVICE void load_whole(float (&values)[PACK], const Element* from) {
  const int bytes = PACK * (int)sizeof(Element), each = 4 / (int)sizeof(Element);
  unsigned words[PACK * sizeof(Element) / 4];
  if (bytes == 8) {
    const uint2 two = *(const uint2*)from;
    words[0] = two.x;
    words[1] = two.y;
  } else {
#pragma unroll
    for (int at = 0; at < bytes / 16; at++) {
      const uint4 four = ((const uint4*)from)[at];
      words[4 * at] = four.x;
      words[4 * at + 1] = four.y;
      words[4 * at + 2] = four.z;
      words[4 * at + 3] = four.w;
    }
  }
#pragma unroll
  for (int i = 0; i < PACK; i++) values[i] = of_word(from, words[i / each], i % each);
}

template <class Element>
DEVICE void store_whole(Element* to, const float (&values)[PACK]) {
  const int bytes = PACK * (int)sizeof(Element), each = 4 / (int)sizeof(Element);
  unsigned words[PACK * sizeof(Element) / 4];
#pragma unroll
  for (int i = 0; i < bytes / 4; i++) words[i] = as_word(values + i * each, Element());
  if (bytes == 8) {
    uint2 two;
    two.x = words[0];
    two.y = words[1];
    *(uint2*)to = two;
  } else {
#pragma unroll
    for (int at = 0; at < bytes / 16; at++) {
      uint4 four;
      four.x = words[4 * at];
      four.y = words[4 * at + 1];
      four.z = words[4 * at + 2];
      four.w = words[4 * at + 3];
      ((uint4*)to)[at] = four;
    }
  }
}

/**
 * Loads row[column .. column + PACK), with zeros from `columns` on.
 * @param whole whether every pack of the row is complete and aligned
 */
template <class Element>
DEVICE void load(float (&values)[PACK], const Element* row, long long column, long long columns, bool whole) {
  if (whole && column + PACK <= columns) {
    load_whole(values, row + column);
    return;
  }
#pragma unroll
  for (int i = 0; i < PACK; i++) values[i] = column + i < columns ? widen(row[column + i]) : 0.0f;
}

template <class Element>
DEVICE void store(Element* row, const float (&values)[PACK], long long column, long long columns, bool whole) {
  if (whole && column + PACK <= columns) {
    store_whole(row + column, values);
    return;
  }
#pragma unroll
  for (int i = 0; i < PACK; i++)
    if (column + i < columns) narrow(row[column + i], values[i]);
}

/* Packs in flight: several fetches can be outstanding at once, while `load` waits for each. */

/** @param WHOLE see `load` */
template <bool WHOLE, class Element>
struct Pending {
  uint4 fours[PACK * sizeof(Element) / 16];
};
template <class Element>
struct Pending<false, Element> {
  float values[PACK];
};

/** Volatile keeps the compiler from moving the load past the conversion and use of other loads. */
DEVICE uint4 fetch_four(const uint4* from, bool there) {
  uint4 four;
  four.x = four.y = four.z = four.w = 0;
  if (there)
    asm volatile("ld.global.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(four.x), "=r"(four.y), "=r"(four.z), "=r"(four.w)
                 : "l"(from));
  return four;
}

/** Starts loading row[column .. column + PACK), with zeros from `columns` on. */
template <class Element>
DEVICE void fetch(Pending<true, Element>& to, const Element* row, long long column, long long columns) {
#pragma unroll
  for (int at = 0; at < (int)sizeof(to.fours) / 16; at++)
    to.fours[at] = fetch_four((const uint4*)(row + column) + at, column < columns);
}
template <class Element>
DEVICE void fetch(Pending<false, Element>& to, const Element* row, long long column, long long columns) {
  load(to.values, row, column, columns, false);
}

template <class Element>
DEVICE void take(float (&values)[PACK], const Pending<true, Element>& from) {
  const int each = 4 / (int)sizeof(Element);
#pragma unroll
  for (int i = 0; i < PACK; i++) {
    const uint4& four = from.fours[i / each / 4];
    const int word = i / each % 4;
    const unsigned own = word == 0 ? four.x : word == 1 ? four.y : word == 2 ? four.z : four.w;
    values[i] = of_word((const Element*)0, own, i % each);
  }
}
template <class Element>
DEVICE void take(float (&values)[PACK], const Pending<false, Element>& from) {
#pragma unroll
  for (int i = 0; i < PACK; i++) values[i] = from.values[i];
}

/* Sums. ---------------------------------------------------------------------------------------------------------- */

template <class Number>
DEVICE Number warp_sum(Number x) {
#pragma unroll
  for (int distance = WARP / 2; distance > 0; distance /= 2) x += __shfl_xor_sync(EVERY_LANE, x, distance);
  return x;
}

/**
 * The sum over all threads of the block, returned to all of them.
 * @param of_warps shared memory, one element per warp, used for this sum alone
 */
template <class Number>
DEVICE Number block_sum(Number x, Number* of_warps) {
  x = warp_sum(x);
  if (threadIdx.x % WARP == 0) of_warps[threadIdx.x / WARP] = x;
  __syncthreads();
  Number sum = 0;
  for (int warp = 0; warp < (int)blockDim.x / WARP; warp++) sum += of_warps[warp];
  return sum;
}

/* Dropout: Philox4x32-7 by counters, as the device contract has it. ---------------------------------------------- */

struct Dropout {
  bool active;
  /** An element is kept if its 16-bit half of a random word is >= threshold = p 2^16, rounded. */
  unsigned threshold;
  /** 1/(1-p), the factor for kept elements. */
  float scale;
  unsigned site, step, key_low, key_high;
};

/** @param counter seed low, seed high, micro-step; not read if the probability is 0 */
DEVICE Dropout make_dropout(float probability, int site, const int* counter) {
  Dropout dropout;
  const float exact = probability * 65536.0f;  // exact, because 65536 is a power of two
  const unsigned below = (unsigned)exact;
  dropout.threshold = min(below + (exact - (float)below >= 0.5f), 65535u);
  dropout.active = dropout.threshold > 0;
  dropout.scale = 65536.0f / (float)(65536 - dropout.threshold);
  dropout.site = dropout.step = dropout.key_low = dropout.key_high = 0;
  if (!dropout.active) return dropout;
  dropout.site = (unsigned)site;
  dropout.key_low = (unsigned)counter[0];
  dropout.key_high = (unsigned)counter[1];
  dropout.step = (unsigned)counter[2];
  return dropout;
}

/** The random words for columns 8 octet .. 8 octet + 7 of a row: the lower halves are for the first four columns. */
DEVICE void dropout_words(unsigned (&x)[4], const Dropout& dropout, unsigned row, unsigned octet) {
  unsigned low = dropout.key_low, high = dropout.key_high;
  x[0] = octet;
  x[1] = row;
  x[2] = dropout.site;
  x[3] = dropout.step;
#pragma unroll
  for (int round = 0; round < 7; round++) {
    const unsigned long long a = (unsigned long long)x[0] * 0xD2511F53u;
    const unsigned long long b = (unsigned long long)x[2] * 0xCD9E8D57u;
    x[0] = (unsigned)(b >> 32) ^ x[1] ^ low;
    x[2] = (unsigned)(a >> 32) ^ x[3] ^ high;
    x[1] = (unsigned)b;
    x[3] = (unsigned)a;
    low += 0x9E3779B9u;
    high += 0xBB67AE85u;
  }
}

/** One bit for each of columns 8 octet .. 8 octet + 7 of a row: set if it is kept. */
DEVICE unsigned kept_columns(const Dropout& dropout, unsigned row, unsigned octet) {
  unsigned x[4], bits = 0;
  dropout_words(x, dropout, row, octet);
#pragma unroll
  for (int i = 0; i < 4; i++) {
    bits |= (x[i] & 0xffff) >= dropout.threshold ? 1u << i : 0;
    bits |= x[i] >> 16 >= dropout.threshold ? 16u << i : 0;
  }
  return bits;
}

/** The factors for columns 4 quad .. 4 quad + 3 of a row: 1/(1-p) if kept, 0 if dropped. */
DEVICE void dropout_factors(float* factors, const Dropout& dropout, unsigned row, unsigned quad) {
  unsigned x[4];
  dropout_words(x, dropout, row, quad >> 1);
#pragma unroll
  for (int i = 0; i < 4; i++)
    factors[i] = (quad & 1 ? x[i] >> 16 : x[i] & 0xffff) >= dropout.threshold ? dropout.scale : 0.0f;
}

/** Applies dropout's mask and scale to a pack of a row; column is a multiple of PACK. */
DEVICE void drop(float (&values)[PACK], const Dropout& dropout, long long row, long long column) {
  if (!dropout.active) return;
  const unsigned bits = kept_columns(dropout, (unsigned)row, (unsigned)(column >> 3)) >> (column & 4);
#pragma unroll
  for (int i = 0; i < PACK; i++) values[i] *= bits >> i & 1 ? dropout.scale : 0.0f;
}
