// What NVRTC gives a kernel without any header, limited to what our kernels use: built-in variables and types,
// intrinsics, mathematics. It is included before each translated kernel file, and no system header is, so a kernel that
// compiles here needs none. nvrtc.cc translates `extern __shared__` arrays, launch bounds and inline PTX.

#pragma once

#include "builtin-types.h"
#include "ptx.h"
#include "threads.h"

#define __CUDACC__ 1
#define __CUDACC_RTC__ 1
#define __device__
#define __host__
#define __constant__ __attribute__((section(".data")))
#define __managed__
// A module's .bss is its shared memory.
#define __shared__ static
#define __align__(n) __attribute__((aligned(n)))
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __grid_constant__
#define CUDART_INF_F __builtin_inff()
#define INFINITY __builtin_inff()
#define NAN __builtin_nanf("")

// Constant for a thread; simt.cc sets them when it switches threads.
extern const uint3 threadIdx __attribute__((visibility("hidden")));
extern const uint3 blockIdx __attribute__((visibility("hidden")));
extern const dim3 blockDim __attribute__((visibility("hidden")));
extern const dim3 gridDim __attribute__((visibility("hidden")));
constexpr int warpSize = 32;

using size_t = decltype(sizeof 0);

#define EMULATOR_INLINE static inline __attribute__((always_inline, unused))

// ---- Synchronisation ----

#define __syncthreads() ((void)emulator::synchronize_threads(emulator::COUNT, 0, __LINE__))
#define __syncthreads_count(p) ((int)emulator::synchronize_threads(emulator::COUNT, (p) ? 1 : 0, __LINE__))
#define __syncthreads_or(p) ((int)emulator::synchronize_threads(emulator::ANY, (p) ? 1 : 0, __LINE__))
#define __syncthreads_and(p) ((int)emulator::synchronize_threads(emulator::ALL, (p) ? 1 : 0, __LINE__))
#define __syncwarp(...) emulator::synchronize_warp(__LINE__ __VA_OPT__(, ) __VA_ARGS__)

namespace emulator {
EMULATOR_INLINE void synchronize_warp(int line, uint32_t mask = 0xffffffffu) {
  collective("__syncwarp", mask, nullptr, nullptr, line);
}
template <class T>
EMULATOR_INLINE T shuffled(Shuffle kind, uint32_t mask, T value, int argument, int line, int width = 32) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "shuffles move 4 or 8 bytes");
  uint64_t bits = 0;
  __builtin_memcpy(&bits, &value, sizeof(T));
  bits = shuffle(kind, mask, bits, argument, width, line);
  __builtin_memcpy(&value, &bits, sizeof(T));
  return value;
}
}  // namespace emulator
#define __shfl_sync(mask, value, lane, ...) \
  emulator::shuffled(emulator::INDEXED, mask, value, lane, __LINE__ __VA_OPT__(, ) __VA_ARGS__)
#define __shfl_up_sync(mask, value, delta, ...) \
  emulator::shuffled(emulator::UP, mask, value, delta, __LINE__ __VA_OPT__(, ) __VA_ARGS__)
#define __shfl_down_sync(mask, value, delta, ...) \
  emulator::shuffled(emulator::DOWN, mask, value, delta, __LINE__ __VA_OPT__(, ) __VA_ARGS__)
#define __shfl_xor_sync(mask, value, lanes, ...) \
  emulator::shuffled(emulator::XOR, mask, value, lanes, __LINE__ __VA_OPT__(, ) __VA_ARGS__)
#define __ballot_sync(mask, p) emulator::ballot(mask, (p) ? true : false, __LINE__)
#define __any_sync(mask, p) (emulator::ballot(mask, (p) ? true : false, __LINE__) != 0)
#define __all_sync(mask, p) (emulator::ballot(mask, (p) ? false : true, __LINE__) == 0)
#define __match_any_sync(mask, value) emulator::match_any(mask, (emulator::uint64_t)(value), __LINE__)
#define __reduce_add_sync(mask, value) emulator::reduce(emulator::ADD, mask, value, __LINE__)
#define __reduce_min_sync(mask, value) emulator::reduce(emulator::MIN, mask, value, __LINE__)
#define __reduce_max_sync(mask, value) emulator::reduce(emulator::MAX, mask, value, __LINE__)
#define __reduce_and_sync(mask, value) emulator::reduce(emulator::AND, mask, value, __LINE__)
#define __reduce_or_sync(mask, value) emulator::reduce(emulator::OR, mask, value, __LINE__)
#define __reduce_xor_sync(mask, value) emulator::reduce(emulator::EXCLUSIVE_OR, mask, value, __LINE__)
EMULATOR_INLINE unsigned __activemask() { return emulator::active_lanes(); }
EMULATOR_INLINE void __threadfence() {}
EMULATOR_INLINE void __threadfence_block() {}
EMULATOR_INLINE void __threadfence_system() {}
EMULATOR_INLINE void __nanosleep(unsigned) {}
EMULATOR_INLINE long long clock64() { return 0; }
EMULATOR_INLINE void __trap() { emulator::fail("ran __trap()"); }
#define assert(condition) ((condition) ? (void)0 : emulator::assertion(#condition, __LINE__))
extern "C" int printf(const char*, ...);

// ---- Atomics: only one thread runs at a time. Exempt from the race check, because atomics do not race. ----

#define EMULATOR_ATOMIC(NAME, T, EXPRESSION)                                        \
  EMULATOR_INLINE T NAME(T* address, T value) {                                     \
    emulator::checked_atomic(address, sizeof(T));                                   \
    const T old = emulator::unchecked_load(address);                                \
    emulator::unchecked_store(address, (T)(EXPRESSION));                            \
    return old;                                                                     \
  }
namespace emulator {
void checked_atomic(const void* address, size_t size);
template <class T>
__attribute__((noinline, no_sanitize("thread"))) T unchecked_load(const T* address) { return *address; }
template <class T>
__attribute__((noinline, no_sanitize("thread"))) void unchecked_store(T* address, T value) { *address = value; }
}  // namespace emulator
#define EMULATOR_ATOMICS(T)                                                         \
  EMULATOR_ATOMIC(atomicAdd, T, old + value)                                        \
  EMULATOR_ATOMIC(atomicExch, T, value)
#define EMULATOR_INTEGER_ATOMICS(T)                                                 \
  EMULATOR_ATOMICS(T)                                                               \
  EMULATOR_ATOMIC(atomicSub, T, old - value)                                        \
  EMULATOR_ATOMIC(atomicMin, T, old < value ? old : value)                          \
  EMULATOR_ATOMIC(atomicMax, T, old > value ? old : value)                          \
  EMULATOR_ATOMIC(atomicAnd, T, old & value)                                        \
  EMULATOR_ATOMIC(atomicOr, T, old | value)                                         \
  EMULATOR_ATOMIC(atomicXor, T, old ^ value)                                        \
  EMULATOR_INLINE T atomicCAS(T* address, T expected, T value) {                    \
    emulator::checked_atomic(address, sizeof(T));                                   \
    const T old = emulator::unchecked_load(address);                                \
    if (old == expected) emulator::unchecked_store(address, value);                 \
    return old;                                                                     \
  }
EMULATOR_ATOMICS(float)
EMULATOR_ATOMICS(double)
EMULATOR_INTEGER_ATOMICS(int)
EMULATOR_INTEGER_ATOMICS(unsigned)
EMULATOR_INTEGER_ATOMICS(unsigned long long)
EMULATOR_ATOMIC(atomicInc, unsigned, old >= value ? 0u : old + 1)
EMULATOR_ATOMIC(atomicDec, unsigned, old == 0 || old > value ? value : old - 1)

// ---- Bits ----

EMULATOR_INLINE int __float_as_int(float x) { return __builtin_bit_cast(int, x); }
EMULATOR_INLINE unsigned __float_as_uint(float x) { return __builtin_bit_cast(unsigned, x); }
EMULATOR_INLINE float __int_as_float(int x) { return __builtin_bit_cast(float, x); }
EMULATOR_INLINE float __uint_as_float(unsigned x) { return __builtin_bit_cast(float, x); }
EMULATOR_INLINE long long __double_as_longlong(double x) { return __builtin_bit_cast(long long, x); }
EMULATOR_INLINE double __longlong_as_double(long long x) { return __builtin_bit_cast(double, x); }
EMULATOR_INLINE unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)((unsigned long long)a * b >> 32); }
EMULATOR_INLINE int __mulhi(int a, int b) { return (int)((long long)a * b >> 32); }
EMULATOR_INLINE unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return (unsigned long long)((unsigned __int128)a * b >> 64);
}
EMULATOR_INLINE int __clz(int x) { return x ? __builtin_clz((unsigned)x) : 32; }
EMULATOR_INLINE int __clzll(long long x) { return x ? __builtin_clzll((unsigned long long)x) : 64; }
EMULATOR_INLINE int __ffs(int x) { return __builtin_ffs(x); }
EMULATOR_INLINE int __ffsll(long long x) { return __builtin_ffsll(x); }
EMULATOR_INLINE int __popc(unsigned x) { return __builtin_popcount(x); }
EMULATOR_INLINE int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
EMULATOR_INLINE unsigned __brev(unsigned x) {
  unsigned reversed = 0;
  for (int bit = 0; bit < 32; bit++) reversed |= (x >> bit & 1) << (31 - bit);
  return reversed;
}
EMULATOR_INLINE unsigned __byte_perm(unsigned x, unsigned y, unsigned selector) {
  const unsigned long long bytes = (unsigned long long)y << 32 | x;
  unsigned result = 0;
  for (int i = 0; i < 4; i++) result |= (unsigned)(bytes >> (selector >> 4 * i & 7) * 8 & 0xff) << 8 * i;
  return result;
}
EMULATOR_INLINE unsigned __funnelshift_l(unsigned low, unsigned high, unsigned shift) {
  return (unsigned)((((unsigned long long)high << 32 | low) << (shift & 31)) >> 32);
}
EMULATOR_INLINE unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift) {
  return (unsigned)(((unsigned long long)high << 32 | low) >> (shift & 31));
}

// ---- Loads and stores with a hint ----

template <class T> EMULATOR_INLINE T __ldg(const T* p) { return *p; }
template <class T> EMULATOR_INLINE T __ldcg(const T* p) { return *p; }
template <class T> EMULATOR_INLINE T __ldca(const T* p) { return *p; }
template <class T> EMULATOR_INLINE T __ldcs(const T* p) { return *p; }
template <class T> EMULATOR_INLINE T __ldlu(const T* p) { return *p; }
template <class T> EMULATOR_INLINE void __stcg(T* p, T value) { *p = value; }
template <class T> EMULATOR_INLINE void __stcs(T* p, T value) { *p = value; }
template <class T> EMULATOR_INLINE void __stwb(T* p, T value) { *p = value; }
EMULATOR_INLINE size_t __cvta_generic_to_shared(const void* p) { return emulator::shared_address(p); }
EMULATOR_INLINE bool __isShared(const void*) { return true; }

// ---- Conversions ----

extern "C" {
float rintf(float), floorf(float), ceilf(float), truncf(float);
double rint(double);
}
namespace emulator {
/** Out-of-range values become the nearest representable one and NaN becomes 0, as with cvt. */
template <class T>
EMULATOR_INLINE T saturated(double x, double least, double most) {
  return x != x ? T(0) : x < least ? (T)least : x > most ? (T)most : (T)x;
}
}  // namespace emulator
#define EMULATOR_TO_INTEGER(SUFFIX, ROUND)                                                                        \
  EMULATOR_INLINE int __float2int_##SUFFIX(float x) {                                                             \
    return emulator::saturated<int>(ROUND(x), -2147483648.0, 2147483647.0);                                       \
  }                                                                                                               \
  EMULATOR_INLINE unsigned __float2uint_##SUFFIX(float x) {                                                       \
    return emulator::saturated<unsigned>(ROUND(x), 0.0, 4294967295.0);                                            \
  }
EMULATOR_TO_INTEGER(rn, rintf)
EMULATOR_TO_INTEGER(rz, truncf)
EMULATOR_TO_INTEGER(rd, floorf)
EMULATOR_TO_INTEGER(ru, ceilf)
EMULATOR_INLINE float __int2float_rn(int x) { return (float)x; }
EMULATOR_INLINE float __uint2float_rn(unsigned x) { return (float)x; }
EMULATOR_INLINE float __ll2float_rn(long long x) { return (float)x; }
EMULATOR_INLINE float __ull2float_rn(unsigned long long x) { return (float)x; }
EMULATOR_INLINE float __double2float_rn(double x) { return (float)x; }

// ---- Mathematics ----

extern "C" {
float expf(float), exp2f(float), exp10f(float), expm1f(float), logf(float), log2f(float), log10f(float), log1pf(float);
float sqrtf(float), cbrtf(float), sinf(float), cosf(float), tanf(float), tanhf(float), sinhf(float), coshf(float);
float atanf(float), erff(float), erfcf(float), roundf(float), fabsf(float), powf(float, float), fmodf(float, float);
float fmaxf(float, float), fminf(float, float), fmaf(float, float, float), ldexpf(float, int), copysignf(float, float);
double exp(double), exp2(double), expm1(double), log(double), log2(double), log1p(double), sqrt(double), sin(double);
double cos(double), tanh(double), erf(double), erfc(double), fabs(double), floor(double), ceil(double), pow(double, double);
double fmax(double, double), fmin(double, double), fma(double, double, double), trunc(double), round(double);
int abs(int);
}
EMULATOR_INLINE float rsqrtf(float x) { return 1.0f / sqrtf(x); }
EMULATOR_INLINE double rsqrt(double x) { return 1.0 / sqrt(x); }
EMULATOR_INLINE float normcdff(float x) { return 0.5f * erfcf(-0.70710678118654752f * x); }
EMULATOR_INLINE float __expf(float x) { return expf(x); }
EMULATOR_INLINE float __exp2f(float x) { return exp2f(x); }
EMULATOR_INLINE float __logf(float x) { return logf(x); }
EMULATOR_INLINE float __log2f(float x) { return log2f(x); }
EMULATOR_INLINE float __powf(float x, float y) { return powf(x, y); }
EMULATOR_INLINE float __sinf(float x) { return sinf(x); }
EMULATOR_INLINE float __cosf(float x) { return cosf(x); }
EMULATOR_INLINE float __tanhf(float x) { return tanhf(x); }
EMULATOR_INLINE float __fdividef(float x, float y) { return x / y; }
EMULATOR_INLINE float __fdiv_rn(float x, float y) { return x / y; }
EMULATOR_INLINE float __frcp_rn(float x) { return 1.0f / x; }
EMULATOR_INLINE float __fsqrt_rn(float x) { return sqrtf(x); }
EMULATOR_INLINE float __frsqrt_rn(float x) { return 1.0f / sqrtf(x); }
EMULATOR_INLINE float __fadd_rn(float x, float y) { return x + y; }
EMULATOR_INLINE float __fsub_rn(float x, float y) { return x - y; }
EMULATOR_INLINE float __fmul_rn(float x, float y) { return x * y; }
EMULATOR_INLINE float __fmaf_rn(float x, float y, float z) { return fmaf(x, y, z); }
EMULATOR_INLINE float __saturatef(float x) { return x > 0 ? (x < 1 ? x : 1.0f) : 0.0f; }
EMULATOR_INLINE bool isnan(float x) { return __builtin_isnan(x); }
EMULATOR_INLINE bool isnan(double x) { return __builtin_isnan(x); }
EMULATOR_INLINE bool isinf(float x) { return __builtin_isinf(x); }
EMULATOR_INLINE bool isinf(double x) { return __builtin_isinf(x); }
EMULATOR_INLINE bool isfinite(float x) { return __builtin_isfinite(x); }
EMULATOR_INLINE bool isfinite(double x) { return __builtin_isfinite(x); }
EMULATOR_INLINE bool signbit(float x) { return __builtin_signbit(x); }
#define EMULATOR_EXTREMES(T)                                \
  EMULATOR_INLINE T min(T a, T b) { return b < a ? b : a; } \
  EMULATOR_INLINE T max(T a, T b) { return a < b ? b : a; }
EMULATOR_EXTREMES(int)
EMULATOR_EXTREMES(unsigned)
EMULATOR_EXTREMES(long)
EMULATOR_EXTREMES(unsigned long)
EMULATOR_EXTREMES(long long)
EMULATOR_EXTREMES(unsigned long long)
EMULATOR_INLINE float min(float a, float b) { return fminf(a, b); }
EMULATOR_INLINE float max(float a, float b) { return fmaxf(a, b); }
EMULATOR_INLINE double min(double a, double b) { return fmin(a, b); }
EMULATOR_INLINE double max(double a, double b) { return fmax(a, b); }

// ---- How a kernel is called: its parameters, by type, in the form cuLaunchKernel passes them. ----

namespace emulator {
struct KernelOf {
  void (*call)(void**);
  int parameters;
  size_t sizes[64];
  int max_threads;
};
template <int... I>
struct Numbers {};
template <int N, int... I>
struct NumbersTo : NumbersTo<N - 1, N - 1, I...> {};
template <int... I>
struct NumbersTo<0, I...> {
  using Type = Numbers<I...>;
};
template <class T>
struct Plain {
  using Type = T;
};
template <class T>
struct Plain<const T> {
  using Type = T;
};
template <auto F, class Function>
struct Caller;
template <auto F, class... P>
struct Caller<F, void (*)(P...)> {
  // The parameters are the driver's memory, not the device's.
  template <int... I>
  __attribute__((noipa, no_sanitize("thread", "alignment"))) static void call(void** arguments, Numbers<I...>) {
    F(*(typename Plain<P>::Type*)arguments[I]...);
  }
  __attribute__((no_sanitize("thread"))) static void call(void** arguments) { call(arguments, typename NumbersTo<sizeof...(P)>::Type{}); }
  static constexpr KernelOf kernel(int max_threads) { return {&call, sizeof...(P), {sizeof(P)...}, max_threads}; }
};
}  // namespace emulator
#define EMULATOR_KERNEL(NAME, MAX_THREADS, ...)                                                                   \
  extern "C" __attribute__((visibility("default"), section(".data"))) emulator::KernelOf emulator_kernel_##NAME = \
      emulator::Caller<static_cast<void (*)(__VA_ARGS__)>(&NAME), void (*)(__VA_ARGS__)>::kernel(MAX_THREADS);
