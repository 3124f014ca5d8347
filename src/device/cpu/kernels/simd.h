// Float vectors of the processor's full width, through the compiler's vector extensions: the same source works for
// AVX-512, AVX2, SSE and NEON. It knows nothing about tensors, threads or operations.
// Everything is always_inline, because passing a vector to a real function depends on the ABI that the flags select.
// A comparison gives lanes of all ones or zeros, and `mask ? a : b` selects lane by lane.
// The compiler must not fuse a product and a sum by itself (-ffp-contract=off): it would do so in one copy of a loop and not
// in another, and an element's bits would depend on its position. `multiply_add` marks where fusing is wanted.

#pragma once

#include <stdint.h>
#include <string.h>

#if defined(__aarch64__)
#include <arm_neon.h>
#endif

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

#if defined(__AVX512F__)
#define SIMD_BYTES 64
#elif defined(__AVX__)
#define SIMD_BYTES 32
#else
#define SIMD_BYTES 16
#endif

#define SIMD_INLINE static inline __attribute__((always_inline))

typedef float vf __attribute__((vector_size(SIMD_BYTES)));
typedef int32_t vi __attribute__((vector_size(SIMD_BYTES)));
typedef float vf_unaligned __attribute__((vector_size(SIMD_BYTES), aligned(4), may_alias));
typedef int32_t vi_unaligned __attribute__((vector_size(SIMD_BYTES), aligned(4), may_alias));

/** The upper half of a float. */
struct bf16 {
  uint16_t bits;
};

/** The vector length: the number of lanes. */
constexpr int VL = SIMD_BYTES / 4;

/** x in every lane. Subtracts zero, because adding zero would cost an addition and lose the sign of -0. */
SIMD_INLINE vf broadcast(float x) { return x - vf{}; }
SIMD_INLINE vi broadcast_int(int32_t x) { return vi{} + x; }

SIMD_INLINE vf load(const float* p) { return *(const vf_unaligned*)p; }
// GCC converts vectors between 16 and 32 bits half by half. One instruction does it.
#if defined(__AVX2__) && !defined(__clang__)
#define SIMD_CONVERTS_HALVES
typedef short simd_halves __attribute__((vector_size(SIMD_BYTES / 2)));
#endif

/** Loads bf16 values, widened to float. */
SIMD_INLINE vf load(const bf16* p) {
#if defined(SIMD_CONVERTS_HALVES)
  typedef short halves __attribute__((vector_size(SIMD_BYTES / 2), aligned(2), may_alias));
#if defined(__AVX512F__)
  return (vf)((vi)__builtin_ia32_pmovzxwd512_mask(*(const halves*)p, vi{}, (uint16_t)-1) << 16);
#else
  return (vf)((vi)__builtin_ia32_pmovzxwd256(*(const halves*)p) << 16);
#endif
#else
  typedef uint16_t halves __attribute__((vector_size(SIMD_BYTES / 2), aligned(2), may_alias));
  typedef uint32_t words __attribute__((vector_size(SIMD_BYTES)));
  return (vf)(__builtin_convertvector(*(const halves*)p, words) << 16);
#endif
}
SIMD_INLINE void store(float* p, vf v) { *(vf_unaligned*)p = v; }
/** v rounded to bf16, as the upper halves of the lanes. To nearest, ties to even; NaN stays NaN. */
SIMD_INLINE vi narrow_bits(vf v) {
  typedef uint32_t words __attribute__((vector_size(SIMD_BYTES)));
  const words bits = (words)v, rounded = bits + 0x7fff + (bits >> 16 & 1);
  return v == v ? (vi)rounded : (vi)(bits | 0x400000);
}
/** Stores the upper halves of the lanes. */
SIMD_INLINE void store_upper(bf16* p, vi v) {
  typedef uint16_t halves __attribute__((vector_size(SIMD_BYTES / 2), aligned(2), may_alias));
  typedef uint32_t words __attribute__((vector_size(SIMD_BYTES)));
  const words upper = (words)v >> 16;
#if defined(SIMD_CONVERTS_HALVES) && defined(__AVX512F__)
  *(halves*)p = (halves)__builtin_ia32_pmovdw512_mask((vi)upper, simd_halves{}, (uint16_t)-1);
#elif defined(SIMD_CONVERTS_HALVES)
  typedef int quarter __attribute__((vector_size(16)));
  *(halves*)p = (halves)__builtin_ia32_packusdw128((quarter)__builtin_ia32_vextractf128_si256((vi)upper, 0),
                                                   (quarter)__builtin_ia32_vextractf128_si256((vi)upper, 1));
#else
  *(halves*)p = __builtin_convertvector(upper, halves);
#endif
}
/** Stores the lanes rounded to bf16. */
SIMD_INLINE void store(bf16* p, vf v) { store_upper(p, narrow_bits(v)); }
/** The lanes rounded to bf16, as floats. */
SIMD_INLINE vf round_to_bf16(vf v) { return (vf)(narrow_bits(v) & (int32_t)0xffff0000); }
SIMD_INLINE vi load_int(const int32_t* p) { return *(const vi_unaligned*)p; }
SIMD_INLINE void store_int(int32_t* p, vi v) { *(vi_unaligned*)p = v; }

/** Loads the first n < VL lanes from p and reads nothing beyond them. The other lanes are zero. */
SIMD_INLINE vf load_first(const float* p, int64_t n) {
  vf v{};
  memcpy(&v, p, (size_t)n * sizeof(float));
  return v;
}
SIMD_INLINE vf load_first(const bf16* p, int64_t n) {
  bf16 lanes[VL] = {};
  memcpy(lanes, p, (size_t)n * sizeof(bf16));
  return load(lanes);
}
/** Writes the first n < VL lanes and nothing beyond them. */
SIMD_INLINE void store_first(float* p, vf v, int64_t n) { memcpy(p, &v, (size_t)n * sizeof(float)); }
SIMD_INLINE void store_first(bf16* p, vf v, int64_t n) {
  bf16 lanes[VL];
  store(lanes, v);
  memcpy(p, lanes, (size_t)n * sizeof(bf16));
}

// A loop over the columns of a row is `each_vector`. Its body is compiled twice: for whole vectors, which is fast, and for the
// rest of the row. The second parameter of the body says which, and the following functions take it.

struct Whole {};
struct Rest {
  int64_t lanes;
};

template <class Element>
SIMD_INLINE vf load(const Element* p, Whole) { return load(p); }
/** Lanes beyond the end of the row are zero. */
template <class Element>
SIMD_INLINE vf load(const Element* p, Rest rest) { return load_first(p, rest.lanes); }
template <class Element>
SIMD_INLINE void store(Element* p, vf v, Whole) { store(p, v); }
template <class Element>
SIMD_INLINE void store(Element* p, vf v, Rest rest) { store_first(p, v, rest.lanes); }

/** Stores v and returns what was stored. */
template <class Part>
SIMD_INLINE vf stored(float* p, vf v, Part part) {
  store(p, v, part);
  return v;
}
SIMD_INLINE vf stored(bf16* p, vf v, Whole) {
  const vi bits = narrow_bits(v);
  store_upper(p, bits);
  return (vf)(bits & (int32_t)0xffff0000);
}
SIMD_INLINE vf stored(bf16* p, vf v, Rest rest) {
  store_first(p, v, rest.lanes);
  return round_to_bf16(v);
}

#define EACH_VECTOR_INLINE __attribute__((always_inline))

/** Calls each(column, Whole) for the first column of each whole vector, then each(column, Rest) if columns are left. */
template <class Each>
SIMD_INLINE void each_vector(int64_t columns, const Each& each) {
  int64_t column = 0;
  for (; column + VL <= columns; column += VL) each(column, Whole{});
  if (column < columns) each(column, Rest{columns - column});
}

/** Loads a vector of a row that starts at `column`. Lanes beyond the end of the row are zero. */
template <class Element>
SIMD_INLINE vf load_columns(const Element* row, int64_t column, int64_t columns) {
  return column + VL <= columns ? load(row + column) : load_first(row + column, columns - column);
}
template <class Element>
SIMD_INLINE void store_columns(Element* row, vf v, int64_t column, int64_t columns) {
  if (column + VL <= columns) store(row + column, v);
  else store_first(row + column, v, columns - column);
}

SIMD_INLINE float widen(float x) { return x; }
SIMD_INLINE float widen(bf16 x) {
  const uint32_t bits = (uint32_t)x.bits << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}
/** Rounds to nearest, ties to even. NaN stays NaN. */
SIMD_INLINE bf16 narrow(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  const uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16, quiet = bits >> 16 | 0x40;
  return {(uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? quiet : rounded)};
}
/** Assigns a float, rounded to the type of the target. */
SIMD_INLINE void assign(float& target, float x) { target = x; }
SIMD_INLINE void assign(bf16& target, float x) { target = narrow(x); }

SIMD_INLINE vi bits_of(vf v) { return (vi)v; }
SIMD_INLINE vf float_of(vi v) { return (vf)v; }

/** 0, 1, 2, ... */
SIMD_INLINE vi lane_numbers() {
  vi v{};
  for (int lane = 0; lane < VL; lane++) v[lane] = lane;
  return v;
}

/** v where the row has columns, `beyond` after its end. */
SIMD_INLINE vf within(vf v, float, Whole) { return v; }
SIMD_INLINE vf within(vf v, float beyond, Rest rest) {
  return lane_numbers() < (int32_t)rest.lanes ? v : broadcast(beyond);
}

#if defined(__clang__)
#if __has_builtin(__builtin_elementwise_fma)
#define SIMD_ELEMENTWISE_FMA
#endif
#endif
#if defined(__FMA__) || defined(__aarch64__)
#define SIMD_FUSED
#endif

/** a * b + c in every lane, as a fused multiply-add (one rounding) if the processor has one. */
SIMD_INLINE vf multiply_add(vf a, vf b, vf c) {
#if !defined(SIMD_FUSED)
  return a * b + c;
#elif defined(SIMD_ELEMENTWISE_FMA)
  return __builtin_elementwise_fma(a, b, c);
#elif defined(__aarch64__)
  return (vf)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#elif defined(__AVX512F__)
  return (vf)__builtin_ia32_vfmaddps512_mask(a, b, c, (uint16_t)-1, 4);  // all lanes, default rounding
#else
  return (vf)__builtin_ia32_vfmaddps256(a, b, c);
#endif
}
/** The same for one number. Compilers vectorise a loop of these. */
SIMD_INLINE float multiply_add(float a, float b, float c) {
#if defined(SIMD_FUSED)
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}
/** The maximum of each lane; b if either is NaN. */
SIMD_INLINE vf maximum(vf a, vf b) { return a > b ? a : b; }
/** The minimum of each lane; b if either is NaN. */
SIMD_INLINE vf minimum(vf a, vf b) { return a < b ? a : b; }
SIMD_INLINE vf absolute(vf v) { return float_of(bits_of(v) & 0x7fffffff); }

/** Adds the lanes in a fixed, pairwise order. */
SIMD_INLINE float horizontal_sum(vf v) {
  float lanes[VL];
  store(lanes, v);
#pragma GCC unroll 4
  for (int width = VL / 2; width >= 4; width /= 2) {
    typedef float quarter __attribute__((vector_size(16), aligned(4), may_alias));
#pragma GCC unroll 4
    for (int i = 0; i < width; i += 4) *(quarter*)(lanes + i) += *(const quarter*)(lanes + i + width);
  }
  return (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]);
}

/** The largest lane. May ignore NaN lanes: callers that must propagate NaN have to do so by arithmetic. */
SIMD_INLINE float horizontal_max(vf v) {
  float lanes[VL];
  store(lanes, v);
#pragma GCC unroll 16
  for (int width = VL / 2; width >= 1; width /= 2) {
#pragma GCC unroll 8
    for (int i = 0; i < width; i++) lanes[i] = lanes[i] > lanes[i + width] ? lanes[i] : lanes[i + width];
  }
  return lanes[0];
}

/** The smallest lane. May ignore NaN lanes. */
SIMD_INLINE float horizontal_min(vf v) { return -horizontal_max(-v); }

/** 1.5 * 2^23: adding it rounds to the nearest integer and puts that into the low bits. */
constexpr float ROUNDS_TO_INTEGER = 12582912.0f;

/** The parts of an exponential: e^x = e^r 2^n with |r| <= ln(2)/2. e^r is a minimax polynomial. */
struct Exponential {
  vf power;
  /** The bits of ROUNDS_TO_INTEGER plus n. */
  vi shifted;
};
SIMD_INLINE Exponential split_exponential(vf x) {
  const vf to_integer = broadcast(ROUNDS_TO_INTEGER);
  const vf shifted = multiply_add(x, broadcast(1.44269504f), to_integer);
  const vf whole = shifted - to_integer;
  vf r = multiply_add(whole, broadcast(-0.693359375f), x);
  r = multiply_add(whole, broadcast(2.12194440e-4f), r);
  vf p = broadcast(1.381459878757596e-3f);
  p = multiply_add(p, r, broadcast(8.3687175065279e-3f));
  p = multiply_add(p, r, broadcast(4.166838899254799e-2f));
  p = multiply_add(p, r, broadcast(1.666652113199234e-1f));
  p = multiply_add(p, r, broadcast(0.5f));
  p = multiply_add(p, r, broadcast(1.0f));
  p = multiply_add(p, r, broadcast(1.0f));
  return {p, bits_of(shifted)};
}

/**
 * e^x to 1 ulp: 0 for -inf, inf above 88.7, denormals below -87.3, NaN for NaN. 2^n is applied in two halves, because n
 * ranges from -151 to 128.
 */
SIMD_INLINE vf vexp(vf x) {
  const vf lowest = broadcast(-105.0f), highest = broadcast(89.0f);
  x = x < lowest ? lowest : x;
  x = x > highest ? highest : x;
  const Exponential e = split_exponential(x);
  const vi n = e.shifted - bits_of(broadcast(ROUNDS_TO_INTEGER)), half = n >> 1;
  const vf scale = float_of((half + 127) << 23), rest = float_of((n - half + 127) << 23);
  return e.power * scale * rest;
}

/** The smallest x for `vexp_normal`. */
constexpr float LOWEST_NORMAL_EXPONENT = -87;
/** The bits of vexp(x), in about half the time, for x in LOWEST_NORMAL_EXPONENT..88, or NaN. */
SIMD_INLINE vf vexp_normal(vf x) {
  const Exponential e = split_exponential(x);
  return e.power * float_of((e.shifted << 23) + (127 << 23));  // the shift leaves nothing of ROUNDS_TO_INTEGER
}

// GPT-2's GELU: 0.5 x (1 + tanh(u)) with u = sqrt(2/pi) (x + 0.044715 x^3), which equals x sigmoid(2u). (Hendrycks and
// Gimpel, "Gaussian error linear units", 2016.)
constexpr float GELU_NEW_LINEAR = 1.5957691216057308f;  // 2 sqrt(2/pi)
constexpr float GELU_NEW_CUBIC = 0.07135481627260025f;   // 2 sqrt(2/pi) 0.044715

SIMD_INLINE vf gelu_new(vf x) {
  return x / (1.0f + vexp(-x * multiply_add(broadcast(GELU_NEW_CUBIC), x * x, broadcast(GELU_NEW_LINEAR))));
}

/** d gelu_new(x) / dx. With e = e^(-2u) and s = sigmoid(2u), 1 - s is computed as e s, which avoids cancellation. */
SIMD_INLINE vf gelu_new_gradient(vf x) {
  const vf square = x * x, largest = broadcast(80.0f);  // above this s is effectively 0, and e would overflow
  const vf exponent = -x * multiply_add(broadcast(GELU_NEW_CUBIC), square, broadcast(GELU_NEW_LINEAR));
  const vf e = vexp(exponent > largest ? largest : exponent);
  const vf s = 1.0f / (1.0f + e);
  const vf slope = multiply_add(broadcast(3.0f * GELU_NEW_CUBIC), square, broadcast(GELU_NEW_LINEAR));
  return multiply_add(x * s * (e * s), slope, s);
}

/**
 * The cumulative normal distribution, (1 + erf(x/sqrt(2)))/2, with an absolute error of 6e-8; also gives e^(-x^2/2).
 * Below 0 it is e^(-x^2/2) times a polynomial in 1/(1+|x|/4) (the form of Abramowitz and Stegun 7.1.26, coefficients
 * fitted to 2e-9), so the tail keeps its relative accuracy. Above 0 it is one minus the mirrored tail. Within 1.5 of 0,
 * where most activations are, it is 1/2 + x Q(x^2) (Q fitted to 1.4e-8), which rounds once near 1/2 instead of many times.
 */
SIMD_INLINE vf normal_cumulative(vf x, vf* density) {
  const vf t = 1.0f / multiply_add(absolute(x), broadcast(0.25f), broadcast(1.0f));
  vf p = broadcast(-0.08645061311f);
  p = multiply_add(p, t, broadcast(0.3154550947f));
  p = multiply_add(p, t, broadcast(-0.2119256685f));
  p = multiply_add(p, t, broadcast(0.219654235f));
  p = multiply_add(p, t, broadcast(0.06323049135f));
  p = multiply_add(p, t, broadcast(0.09947571254f));
  p = multiply_add(p, t, broadcast(0.1005607461f));
  *density = vexp(x * x * -0.5f);
  const vf tail = *density * (p * t);
  const vf square = x * x;
  vf q = broadcast(4.1297772668e-7f);
  q = multiply_add(q, square, broadcast(-8.7280086518e-6f));
  q = multiply_add(q, square, broadcast(1.1438129150e-4f));
  q = multiply_add(q, square, broadcast(-1.1865179986e-3f));
  q = multiply_add(q, square, broadcast(9.9732568488e-3f));
  q = multiply_add(q, square, broadcast(-6.6490337253e-2f));
  q = multiply_add(q, square, broadcast(0.39894229174f));
  const vf centre = multiply_add(q, x, broadcast(0.5f));
  return square < 2.25f ? centre : (x > 0.0f ? 1.0f - tail : tail);
}

/** x (1 + erf(x/sqrt(2)))/2, the exact form. */
SIMD_INLINE vf gelu(vf x) {
  vf density;
  return x * normal_cumulative(x, &density);
}

/** d gelu(x) / dx. */
SIMD_INLINE vf gelu_gradient(vf x) {
  vf density;
  const vf cumulative = normal_cumulative(x, &density);
  return multiply_add(x, density * 0.3989422804f, cumulative);  // 1/sqrt(2 pi)
}
