// libcublasLt of the emulator: matrix products with the epilogues that we use, queued in the emulated driver's streams.
// Sums are float32 for all types; tf32 rounds its inputs. It checks what the real library requires: types, shapes,
// alignment of the bias and of the auxiliary matrix (the pre-activation), and that parts of a split sum are added in
// the type of the sum.
//
// Three algorithms compute each product. They sum in different orders, so the bits show which one ran: algorithm 0 in
// the order of k, 1 the two halves of k separately, 2 in reverse order.
//
// Environment variables, read at each call. PLAIN is about products without an epilogue, FUSED about those with one:
//     CUDA_EMULATOR_CUBLASLT_ERROR  the status of every start and product
//     CUDA_EMULATOR_EPILOGUES       none: no algorithm with an epilogue; no-bias-gradient: none that sums one
//     CUDA_EMULATOR_FAILING_PLAIN, CUDA_EMULATOR_FAILING_FUSED
//                                   how many of the algorithms fail when they run (0)
//     CUDA_EMULATOR_TIMES_PLAIN, CUDA_EMULATOR_TIMES_FUSED
//                                   microseconds of algorithms 0, 1 and 2 on the card's clock (10,11,12)

#include <dlfcn.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "ptx.h"
#include "streams.h"

#define API extern "C" __attribute__((visibility("default"))) int

using emulator::Operation;

namespace {

enum Status {
  SUCCESS = 0,
  NOT_INITIALIZED = 1,
  ALLOC_FAILED = 3,
  INVALID_VALUE = 7,
  ARCH_MISMATCH = 8,
  EXECUTION_FAILED = 13,
  NOT_SUPPORTED = 15
};
/** The status that the environment tells it to fail with, read at each call. */
int told() {
  const char* status = getenv("CUDA_EMULATOR_CUBLASLT_ERROR");
  return status ? atoi(status) : SUCCESS;
}
/** How many algorithms fail when they run, of products with an epilogue or of plain ones. */
uint64_t failing(bool plain) {
  const char* count = getenv(plain ? "CUDA_EMULATOR_FAILING_PLAIN" : "CUDA_EMULATOR_FAILING_FUSED");
  return count ? atoi(count) : 0;
}
enum Type { F32 = 0, F16 = 2, BF16 = 14 };
enum Compute { COMPUTE_32F = 68, COMPUTE_32F_PEDANTIC = 69, COMPUTE_32F_FAST_TF32 = 77 };
/** Bits of cublasLtEpilogue_t. */
enum Epilogue { PLAIN = 1, BIAS = 4, BIAS_GRADIENT = 16, GELU = 32, GELU_GRADIENT = 64, AUXILIARY = 128 };

/**
 * The order in which an algorithm, by its number, sums the k products of an element. The orders give different bits,
 * except of short sums.
 */
enum Order { IN_ORDER, IN_HALVES, REVERSED };
constexpr int kAlgorithms = 3;
/** The first word of a cublasLtMatmulAlgo_t of ours. */
constexpr uint64_t kAlgorithmMark = 0x656d75;
/** Microseconds that a product takes on the card's clock. */
double duration(Order algorithm, bool plain) {
  const char* times = getenv(plain ? "CUDA_EMULATOR_TIMES_PLAIN" : "CUDA_EMULATOR_TIMES_FUSED");
  if (!times) times = "10,11,12";
  for (int i = 0; i < algorithm; i++)
    if (const char* comma = strchr(times, ',')) times = comma + 1;
  return atof(times);
}

struct Layout {
  int type;
  uint64_t rows, columns;
  int64_t leading;
  int order = 0;  // 0: column-major, 1: row-major
  int batches = 1;
  int64_t stride = 0;
};
/** Bias, bias gradient and auxiliary matrix always have the output's type, so attributes 22 and 26 are not needed. */
struct Description {
  int compute, scale;
  int pointer_mode = 0, transpose_a = 0, transpose_b = 0, epilogue = PLAIN;
  uint64_t bias = 0, auxiliary = 0;
  int64_t auxiliary_leading = 0;
};
struct Preference {
  uint64_t workspace = 0;
  /**
   * Bits of cublasLtReductionScheme_t: in place 1, in the type of the sum 2, in the type of the output 4. Default: all.
   */
  uint32_t reductions = 7;
  /** Alignments of A, B, C and D, in bytes. */
  uint32_t alignments[4] = {256, 256, 256, 256};
};
/** cublasLtMatmulHeuristicResult_t. */
struct Heuristic {
  uint64_t algorithm[8];
  size_t workspace;
  int state;
  float waves;
  int reserved[4];
};

struct Driver {
  int (*ask)(void* stream, const Operation*);
  int (*touch)(const void*, size_t, const char*, std::string*);
};
/** The emulated libcuda in this library's folder, which the process has loaded. */
const Driver& driver() {
  static const Driver found = [] {
    Dl_info info;
    dladdr((void*)&driver, &info);
    const std::string path = info.dli_fname;
    void* library = dlopen((path.substr(0, path.rfind('/')) + "/libcuda.so.1").c_str(), RTLD_NOW);
    if (!library) abort();
    return Driver{(int (*)(void*, const Operation*))dlsym(library, "emulator_ask"),
                  (int (*)(const void*, size_t, const char*, std::string*))dlsym(library, "emulator_touch")};
  }();
  return found;
}

size_t size_of(int type) { return type == F32 ? 4 : 2; }
float load(const void* base, int type, int64_t at) {
  if (type == F32) return ((const float*)base)[at];
  const unsigned short bits = ((const unsigned short*)base)[at];
  return type == BF16 ? emulator::from_bf16(bits) : emulator::from_f16(bits);
}
void store(void* base, int type, int64_t at, float x) {
  if (type == F32)
    ((float*)base)[at] = x;
  else
    ((unsigned short*)base)[at] = type == BF16 ? emulator::to_bf16(x) : emulator::to_f16(x);
}

// cuBLASLt's GELU: the tanh approximation.
constexpr float kSlope = 0.7978845608028654f, kCubic = 0.044715f;
float gelu(float x) { return 0.5f * x * (1 + tanhf(kSlope * (x + kCubic * x * x * x))); }
float gelu_gradient(float x) {
  const float t = tanhf(kSlope * (x + kCubic * x * x * x));
  return 0.5f * (1 + t) + 0.5f * x * (1 - t * t) * kSlope * (1 + 3 * kCubic * x * x);
}

/** The index of element (row, column). */
int64_t place(const Layout& l, int64_t row, int64_t column) {
  return l.order == 0 ? row + column * l.leading : row * l.leading + column;
}
/** The number of elements from the first to the last, inclusive. */
uint64_t extent(const Layout& l) {
  const uint64_t runs = l.order == 0 ? l.columns : l.rows, each = l.order == 0 ? l.rows : l.columns;
  return (runs - 1) * (uint64_t)l.leading + each + (uint64_t)(l.batches - 1) * (uint64_t)l.stride;
}

struct Matrices {
  Description description;
  Layout a, b, c, d;
  float alpha, beta;
  const char *pa, *pb, *pc;
  char* pd;
  Order order;
};

/** op(x) as row-major floats, rounded to tf32 if the product uses it. */
std::vector<float> unpacked(const Layout& l, const void* base, bool transpose, int compute) {
  const int64_t rows = (int64_t)(transpose ? l.columns : l.rows), columns = (int64_t)(transpose ? l.rows : l.columns);
  std::vector<float> out((size_t)(rows * columns));
  const bool by_rows = (l.order == 0) == transpose;
  const int64_t down = by_rows ? l.leading : 1, along = by_rows ? 1 : l.leading;
  const auto fill = [&](const auto& element) {
    for (int64_t i = 0; i < rows; i++)
      for (int64_t j = 0; j < columns; j++) out[(size_t)(i * columns + j)] = element(i * down + j * along);
  };
  // One loop per type, without branches inside.
  if (l.type == F32)
    fill([&](int64_t at) { return ((const float*)base)[at]; });
  else if (l.type == BF16)
    fill([&](int64_t at) { return emulator::from_bf16(((const unsigned short*)base)[at]); });
  else
    fill([&](int64_t at) { return emulator::from_f16(((const unsigned short*)base)[at]); });
  if (compute == COMPUTE_32F_FAST_TF32)
    for (float& x : out) x = __builtin_bit_cast(float, emulator::to_tf32(x));
  return out;
}

/** Columns of a product that are computed at a time, with the sums in registers. */
constexpr int64_t kColumns = 16;
using Columns = float __attribute__((vector_size(kColumns * sizeof(float))));

/** sums[r] += a[r,from..to) b[from..to,kColumns], for ROWS rows of a[.,k]. */
template <int ROWS>
inline void add_products(Columns (&sums)[ROWS], const float* a, int64_t k, const Columns* b, int64_t from, int64_t to) {
  for (int64_t p = from; p < to; p++)
    for (int r = 0; r < ROWS; r++) sums[r] += a[r * k + p] * b[p];
}

/** ROWS rows of a[.,k] times b[k,kColumns]; `width` of the columns go to out. */
template <int ROWS>
void multiply_rows(float* out, int64_t n, const float* a, int64_t k, const Columns* b, int64_t width, Order order) {
  Columns sums[ROWS] = {};
  if (order == IN_ORDER) {
    add_products<ROWS>(sums, a, k, b, 0, k);
  } else if (order == IN_HALVES) {
    Columns rest[ROWS] = {};
    add_products<ROWS>(sums, a, k, b, 0, k / 2);
    add_products<ROWS>(rest, a, k, b, k / 2, k);
    for (int r = 0; r < ROWS; r++) sums[r] += rest[r];
  } else {
    for (int64_t p = k; p-- > 0;)
      for (int r = 0; r < ROWS; r++) sums[r] += a[r * k + p] * b[p];
  }
  for (int r = 0; r < ROWS; r++) memcpy(out + r * n, &sums[r], (size_t)width * sizeof(float));
}

/** out[m,n] = a[m,k] b[k,n]. */
void multiply(float* out, const float* a, const float* b, int64_t m, int64_t n, int64_t k, Order order) {
  constexpr int kRows = 4;
  std::vector<Columns> tile((size_t)k);
  for (int64_t j = 0; j < n; j += kColumns) {
    const int64_t width = n - j < kColumns ? n - j : kColumns;
    for (int64_t p = 0; p < k; p++) memcpy(&tile[(size_t)p], b + p * n + j, (size_t)width * sizeof(float));
    int64_t i = 0;
    for (; i + kRows <= m; i += kRows)
      multiply_rows<kRows>(out + i * n + j, n, a + i * k, k, tile.data(), width, order);
    for (; i < m; i++) multiply_rows<1>(out + i * n + j, n, a + i * k, k, tile.data(), width, order);
  }
}

void finish(const Matrices& x, std::vector<float>& product, int batch) {
  const Description& e = x.description;
  const int64_t m = (int64_t)x.d.rows, n = (int64_t)x.d.columns;
  std::vector<float> gradient((size_t)m);
  char* d = x.pd + (size_t)(batch * x.d.stride) * size_of(x.d.type);
  const char* c = x.pc + (size_t)(batch * x.c.stride) * size_of(x.c.type);
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) {
      float value = x.alpha * product[(size_t)(i * n + j)];
      if (x.beta != 0) value += x.beta * load(c, x.c.type, place(x.c, i, j));
      const int64_t saved = i + j * e.auxiliary_leading;
      if (e.epilogue & BIAS) value += load((void*)e.bias, x.d.type, i);
      if (e.epilogue & GELU) {
        if (e.epilogue & AUXILIARY) store((void*)e.auxiliary, x.d.type, saved, value);
        value = gelu(value);
      }
      if (e.epilogue & GELU_GRADIENT) value *= gelu_gradient(load((void*)e.auxiliary, x.d.type, saved));
      if (e.epilogue & BIAS_GRADIENT) gradient[(size_t)i] += value;
      store(d, x.d.type, place(x.d, i, j), value);
    }
  if (e.epilogue & BIAS_GRADIENT)
    for (int64_t i = 0; i < m; i++) store((void*)e.bias, x.d.type, i, gradient[(size_t)i]);
}

int run(const Matrices& x, std::string& detail) {
  const Description& e = x.description;
  const auto check = [&](const void* at, const Layout& l, const char* what) {
    return driver().touch(at, extent(l) * size_of(l.type), what, &detail);
  };
  if (const int bad = check(x.pa, x.a, "cublasLtMatmul, A")) return bad;
  if (const int bad = check(x.pb, x.b, "cublasLtMatmul, B")) return bad;
  if (const int bad = check(x.pd, x.d, "cublasLtMatmul, D")) return bad;
  if (x.beta != 0)
    if (const int bad = check(x.pc, x.c, "cublasLtMatmul, C")) return bad;
  if (e.epilogue & (BIAS | BIAS_GRADIENT))
    if (const int bad = driver().touch((void*)e.bias, x.d.rows * size_of(x.d.type), "cublasLtMatmul, bias", &detail))
      return bad;
  if (e.epilogue & AUXILIARY) {
    const uint64_t elements = (x.d.columns - 1) * (uint64_t)e.auxiliary_leading + x.d.rows;
    if (const int bad =
            driver().touch((void*)e.auxiliary, elements * size_of(x.d.type), "cublasLtMatmul, auxiliary", &detail))
      return bad;
  }
  const int64_t m = (int64_t)x.d.rows, n = (int64_t)x.d.columns;
  const int64_t k = (int64_t)(e.transpose_a ? x.a.rows : x.a.columns);
  std::vector<float> product((size_t)(m * n));
  for (int batch = 0; batch < x.d.batches; batch++) {
    const auto a = unpacked(x.a, x.pa + (size_t)(batch * x.a.stride) * size_of(x.a.type), e.transpose_a, e.compute);
    const auto b = unpacked(x.b, x.pb + (size_t)(batch * x.b.stride) * size_of(x.b.type), e.transpose_b, e.compute);
    multiply(product.data(), a.data(), b.data(), m, n, k, x.order);
    finish(x, product, batch);
  }
  return 0;
}

/** Whether cublasLtEpilogue_t lists this combination of bits. */
bool known(int epilogue) {
  switch (epilogue) {
    case BIAS:
    case GELU:
    case GELU | BIAS:
    case GELU | AUXILIARY:
    case GELU | AUXILIARY | BIAS:
    case GELU_GRADIENT | AUXILIARY:
    case GELU_GRADIENT | AUXILIARY | BIAS_GRADIENT: return true;
    default: return false;
  }
}

/** Whether the real library computes such a product. */
Status supported(const Description& e, const Layout& a, const Layout& b, const Layout& c, const Layout& d) {
  for (const Layout* l : {&a, &b, &c, &d}) {
    if (l->type != F32 && l->type != F16 && l->type != BF16) return NOT_SUPPORTED;
    if (l->leading < (int64_t)(l->order == 0 ? l->rows : l->columns)) return INVALID_VALUE;
    if (l->batches != d.batches) return INVALID_VALUE;
  }
  if (e.compute != COMPUTE_32F && e.compute != COMPUTE_32F_PEDANTIC && e.compute != COMPUTE_32F_FAST_TF32)
    return NOT_SUPPORTED;
  if (e.compute == COMPUTE_32F_FAST_TF32 && a.type != F32) return NOT_SUPPORTED;
  if (e.scale != F32 || a.type != b.type || c.type != d.type) return NOT_SUPPORTED;
  if (d.type != a.type && d.type != F32) return NOT_SUPPORTED;
  const uint64_t m = e.transpose_a ? a.columns : a.rows, k = e.transpose_a ? a.rows : a.columns;
  const uint64_t k_of_b = e.transpose_b ? b.columns : b.rows, n = e.transpose_b ? b.rows : b.columns;
  if (k != k_of_b || d.rows != m || d.columns != n || c.rows != m || c.columns != n) return INVALID_VALUE;
  if (m == 0 || n == 0 || k == 0) return INVALID_VALUE;
  if (e.epilogue == PLAIN) return SUCCESS;
  const std::string offered = getenv("CUDA_EMULATOR_EPILOGUES") ? getenv("CUDA_EMULATOR_EPILOGUES") : "";
  if (offered == "none" || (offered == "no-bias-gradient" && e.epilogue & BIAS_GRADIENT)) return NOT_SUPPORTED;
  // Epilogues need a column-major output, and the columns of an auxiliary matrix must be whole multiples of 16 bytes.
  if (d.order != 0) return NOT_SUPPORTED;
  if (e.epilogue & AUXILIARY && (e.auxiliary_leading % 8 != 0 || e.auxiliary_leading < (int64_t)m)) return INVALID_VALUE;
  return known(e.epilogue) ? SUCCESS : NOT_SUPPORTED;
}

/** The largest power of two up to 256 that divides an address. */
uint64_t alignment_of(uint64_t address) {
  for (uint64_t bytes = 256; bytes > 1; bytes /= 2)
    if (address % bytes == 0) return bytes;
  return 1;
}

/** Whether it is one that the heuristic returned. */
bool ours(const uint64_t* algorithm) { return algorithm[0] == kAlgorithmMark && algorithm[7] < kAlgorithms; }

/** Whether the assumptions that an algorithm was chosen with still hold. */
bool holds(const uint64_t* algorithm, const Description& e, const void* const (&matrices)[4], uint64_t workspace) {
  for (int i = 0; i < 4; i++)
    if ((uint64_t)matrices[i] % algorithm[1 + i] != 0) return false;
  if (e.epilogue & (BIAS | BIAS_GRADIENT) && e.bias % (algorithm[5] >> 16) != 0) return false;
  if (e.epilogue & AUXILIARY && e.auxiliary % (algorithm[5] & 0xffff) != 0) return false;
  return workspace >= algorithm[6];
}

/** Handles, descriptions, layouts and preferences that were created and not destroyed. */
int alive = 0;

template <class T>
int create(T** out, T* made) {
  *out = made;
  alive++;
  return SUCCESS;
}
template <class T>
int destroy(T* made) {
  delete made;
  alive--;
  return SUCCESS;
}

template <class T>
bool take(T& to, const void* from, size_t size) {
  if (size != sizeof(T)) return false;
  memcpy(&to, from, size);
  return true;
}

/** Answers a question for an attribute; with size 0, only how many bytes it has. */
template <class T>
int give(T attribute, void* to, size_t size, size_t* written) {
  if (size == 0 ? !written : !to || size != sizeof(T)) return INVALID_VALUE;
  if (size) memcpy(to, &attribute, size);
  if (written) *written = sizeof(T);
  return SUCCESS;
}

}  // namespace

API cublasLtCreate(int** handle) {
  if (const int status = told()) return status;
  return create(handle, new int(1));
}
API cublasLtDestroy(int* handle) { return destroy(handle); }
/** For tests. */
API emulator_cublaslt_alive() { return alive; }
extern "C" __attribute__((visibility("default"))) size_t cublasLtGetVersion() { return 130000; }
extern "C" __attribute__((visibility("default"))) const char* cublasLtGetStatusString(int status) {
  switch (status) {
    case SUCCESS: return "CUBLAS_STATUS_SUCCESS";
    case NOT_INITIALIZED: return "CUBLAS_STATUS_NOT_INITIALIZED";
    case ALLOC_FAILED: return "CUBLAS_STATUS_ALLOC_FAILED";
    case INVALID_VALUE: return "CUBLAS_STATUS_INVALID_VALUE";
    case ARCH_MISMATCH: return "CUBLAS_STATUS_ARCH_MISMATCH";
    case EXECUTION_FAILED: return "CUBLAS_STATUS_EXECUTION_FAILED";
    case NOT_SUPPORTED: return "CUBLAS_STATUS_NOT_SUPPORTED";
    default: return "CUBLAS_STATUS_INTERNAL_ERROR";
  }
}

API cublasLtMatmulDescCreate(Description** description, int compute, int scale) {
  return create(description, new Description{compute, scale});
}
API cublasLtMatmulDescDestroy(Description* description) { return destroy(description); }
API cublasLtMatmulDescSetAttribute(Description* e, int attribute, const void* value, size_t size) {
  bool taken = false;
  switch (attribute) {
    case 0: taken = take(e->compute, value, size); break;
    case 1: taken = take(e->scale, value, size); break;
    case 2: taken = take(e->pointer_mode, value, size) && e->pointer_mode == 0; break;
    case 3: taken = take(e->transpose_a, value, size); break;
    case 4: taken = take(e->transpose_b, value, size); break;
    case 7: taken = take(e->epilogue, value, size); break;
    case 8: taken = take(e->bias, value, size); break;
    case 11: taken = take(e->auxiliary, value, size); break;
    case 12: taken = take(e->auxiliary_leading, value, size); break;
    default: return INVALID_VALUE;
  }
  return taken ? SUCCESS : INVALID_VALUE;
}

API cublasLtMatrixLayoutCreate(Layout** layout, int type, uint64_t rows, uint64_t columns, int64_t leading) {
  return create(layout, new Layout{type, rows, columns, leading});
}
API cublasLtMatrixLayoutDestroy(Layout* layout) { return destroy(layout); }
API cublasLtMatrixLayoutSetAttribute(Layout* l, int attribute, const void* value, size_t size) {
  bool taken = false;
  switch (attribute) {
    case 0: taken = take(l->type, value, size); break;
    case 1: taken = take(l->order, value, size) && (l->order == 0 || l->order == 1); break;
    case 2: taken = take(l->rows, value, size); break;
    case 3: taken = take(l->columns, value, size); break;
    case 4: taken = take(l->leading, value, size); break;
    case 5: taken = take(l->batches, value, size); break;
    case 6: taken = take(l->stride, value, size); break;
  }
  return taken ? SUCCESS : INVALID_VALUE;
}

API cublasLtMatmulPreferenceCreate(Preference** preference) { return create(preference, new Preference); }
API cublasLtMatmulPreferenceDestroy(Preference* preference) { return destroy(preference); }
API cublasLtMatmulPreferenceSetAttribute(Preference* preference, int attribute, const void* value, size_t size) {
  if (attribute == 1) return take(preference->workspace, value, size) ? SUCCESS : INVALID_VALUE;
  if (attribute == 3) return take(preference->reductions, value, size) ? SUCCESS : INVALID_VALUE;
  if (attribute >= 5 && attribute <= 8)
    return take(preference->alignments[attribute - 5], value, size) ? SUCCESS : INVALID_VALUE;
  // The other attributes would narrow down the choice, but there is none here.
  return size == 4 && attribute >= 0 && attribute <= 13 ? SUCCESS : INVALID_VALUE;
}

API cublasLtMatmulAlgoGetHeuristic(void* handle, const Description* e, const Layout* a, const Layout* b, const Layout* c,
                                   const Layout* d, const Preference* preference, int wanted, Heuristic* results, int* found) {
  if (!handle) return NOT_INITIALIZED;
  *found = 0;
  if (wanted < 1) return INVALID_VALUE;
  // The real library accepts any mask. Only this one keeps a split sum out of the output type, so that a product has
  // the same bits regardless of how much workspace it uses.
  if (preference->reductions & ~2u) return NOT_SUPPORTED;
  if (const Status status = supported(*e, *a, *b, *c, *d)) return status;
  for (int number = 0; *found < wanted && number < kAlgorithms; number++) {
    if (number == IN_HALVES && !(preference->reductions & 2)) continue;
    Heuristic& result = results[(*found)++] = {};
    result.algorithm[0] = kAlgorithmMark;
    // What an algorithm relies on: the alignment of the matrices, bias and auxiliary matrix, and the size of the
    // workspace.
    for (int i = 0; i < 4; i++) result.algorithm[1 + i] = preference->alignments[i];
    result.algorithm[5] = alignment_of(e->bias) << 16 | alignment_of(e->auxiliary);
    result.algorithm[6] = result.workspace = preference->workspace;
    result.algorithm[7] = (uint64_t)number;
    result.waves = 1;
  }
  return SUCCESS;
}

API cublasLtMatmulAlgoConfigGetAttribute(const uint64_t* algorithm, int attribute, void* value, size_t size,
                                         size_t* written) {
  if (!algorithm || !ours(algorithm)) return INVALID_VALUE;
  const bool split = algorithm[7] == IN_HALVES;
  switch (attribute) {
    case 0: return give((int32_t)(100 + algorithm[7]), value, size, written);  // ID
    case 1: return give((uint32_t)20, value, size, written);                   // TILE_ID: 128x128
    case 2: return give((int32_t)(split ? 2 : 1), value, size, written);       // SPLITK_NUM
    case 3: return give((uint32_t)(split ? 2 : 0), value, size, written);      // REDUCTION_SCHEME: as the sum
    case 4: return give((uint32_t)0, value, size, written);                    // CTA_SWIZZLING
    case 5: return give((uint32_t)0, value, size, written);                    // CUSTOM_OPTION
    case 6: return give((uint32_t)15, value, size, written);                   // STAGES_ID: 64x3
    case 7: return give((uint16_t)0, value, size, written);                    // INNER_SHAPE_ID: undefined
    case 8: return give((uint16_t)2, value, size, written);                    // CLUSTER_SHAPE_ID: 1x1x1
    default: return INVALID_VALUE;
  }
}

API cublasLtMatmul(void* handle, const Description* e, const void* alpha, const void* a, const Layout* la, const void* b,
                   const Layout* lb, const void* beta, const void* c, const Layout* lc, void* d, const Layout* ld,
                   const uint64_t* algorithm, void* workspace, size_t workspace_bytes, void* stream) {
  if (!handle) return NOT_INITIALIZED;
  if (const int status = told()) return status;
  if (!alpha || !beta || !a || !b || !d) return INVALID_VALUE;
  if (algorithm && (!ours(algorithm) || !holds(algorithm, *e, {a, b, c ? c : d, d}, workspace_bytes)))
    return INVALID_VALUE;
  if (algorithm && algorithm[7] < failing(e->epilogue == PLAIN)) return algorithm[7] % 2 ? INVALID_VALUE : NOT_SUPPORTED;
  if (workspace && (uint64_t)workspace % 256 != 0) return INVALID_VALUE;
  if (const Status status = supported(*e, *la, *lb, *lc, *ld)) return status;
  if (e->epilogue & (BIAS | BIAS_GRADIENT) && !e->bias) return INVALID_VALUE;
  if (e->epilogue & BIAS_GRADIENT && e->bias % 16) return INVALID_VALUE;
  if (e->epilogue & AUXILIARY && (!e->auxiliary || e->auxiliary % 16)) return INVALID_VALUE;
  Matrices x{*e, *la, *lb, *lc, *ld, *(const float*)alpha, *(const float*)beta, (const char*)a, (const char*)b,
             (const char*)(c ? c : d), (char*)d, algorithm ? (Order)algorithm[7] : IN_ORDER};
  const auto multiply = [x, workspace, workspace_bytes](std::string& detail) {
    if (workspace_bytes)
      if (const int bad = driver().touch(workspace, workspace_bytes, "cublasLtMatmul, workspace", &detail)) return bad;
    return run(x, detail);
  };
  const Operation operation{multiply, duration(x.order, e->epilogue == PLAIN)};
  return driver().ask(stream, &operation) == 0 ? SUCCESS : EXECUTION_FAILED;
}
