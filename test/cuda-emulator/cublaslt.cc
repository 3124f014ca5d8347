// libcublasLt of the emulator: matrix products with the epilogues that we use, queued in the emulated driver's streams.
// It checks what the real library requires: types, shapes, alignment of the bias and of the auxiliary matrix (the
// pre-activation), and that parts of a split sum are added in the type of the sum.
//
// Three algorithms compute each product. They sum in different orders, so the bits show which one ran: algorithm 0 in
// the order of k, 1 the two halves of k separately, 2 in reverse order.
//
// Environment variables, read at each call. PLAIN is about products without an epilogue, FUSED about those with one:
//     CUDA_EMULATOR_CUBLASLT_ERROR  the status of every start and product
//     CUDA_EMULATOR_EPILOGUES       none: no algorithm with an epilogue; no-bias-gradient: none that sums one
//     CUDA_EMULATOR_ALGORITHMS_PLAIN, CUDA_EMULATOR_ALGORITHMS_FUSED
//                                   how many algorithms the heuristic offers (3). If 0, its status is NOT_SUPPORTED;
//                                   if `empty`, it succeeds with an empty list
//     CUDA_EMULATOR_FAILING_PLAIN, CUDA_EMULATOR_FAILING_FUSED
//                                   how many of the algorithms fail when they run (0)
//     CUDA_EMULATOR_FAILING_TF32    the same for products that may round to TF32, which it then decides alone
//     CUDA_EMULATOR_FAILING_STATUS  the status that they fail with (algorithm 1: INVALID_VALUE; others: NOT_SUPPORTED)
//     CUDA_EMULATOR_TIMES_PLAIN, CUDA_EMULATOR_TIMES_FUSED
//                                   microseconds of algorithms 0, 1 and 2 on the card's clock (10,11,12)

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>

#include "products.h"
#include "streams.h"

#define API extern "C" __attribute__((visibility("default"))) int

using emulator::Operation;
using namespace products;

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
constexpr int kAlgorithms = 3;
/** The status that an algorithm fails with when it runs, or 0. */
int failing(const Description& e, uint64_t algorithm) {
  const char* tf32 = e.compute == COMPUTE_32F_FAST_TF32 ? getenv("CUDA_EMULATOR_FAILING_TF32") : nullptr;
  const char* count =
      tf32 ? tf32 : getenv(e.epilogue == PLAIN ? "CUDA_EMULATOR_FAILING_PLAIN" : "CUDA_EMULATOR_FAILING_FUSED");
  if (!count || algorithm >= (uint64_t)atoi(count)) return SUCCESS;
  const char* status = getenv("CUDA_EMULATOR_FAILING_STATUS");
  return status ? atoi(status) : algorithm % 2 ? INVALID_VALUE : NOT_SUPPORTED;
}
/** How many algorithms the heuristic offers, and its status if there are none. */
struct Offer {
  int count;
  Status status;
};
Offer offered(bool plain) {
  const char* count = getenv(plain ? "CUDA_EMULATOR_ALGORITHMS_PLAIN" : "CUDA_EMULATOR_ALGORITHMS_FUSED");
  if (!count) return {kAlgorithms, SUCCESS};
  if (strcmp(count, "empty") == 0) return {0, SUCCESS};
  return {std::min(atoi(count), kAlgorithms), NOT_SUPPORTED};
}
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
  uint64_t (*context)();
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
                  (int (*)(const void*, size_t, const char*, std::string*))dlsym(library, "emulator_touch"),
                  (uint64_t (*)())dlsym(library, "emulator_context")};
  }();
  return found;
}

/** The number of elements from the first to the last, inclusive. */
uint64_t extent(const Layout& l) {
  const uint64_t runs = l.order == 0 ? l.columns : l.rows, each = l.order == 0 ? l.rows : l.columns;
  return (runs - 1) * (uint64_t)l.leading + each + (uint64_t)(l.batches - 1) * (uint64_t)l.stride;
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
  compute(x);
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
  if (e.epilogue & AUXILIARY && (e.auxiliary_leading % 8 != 0 || e.auxiliary_leading < (int64_t)m))
    return INVALID_VALUE;
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

/** Belongs to the context that was current when it was created. */
struct Handle {
  uint64_t context;
};

/**
 * Handles, descriptions, layouts and preferences that were created and not destroyed. They are never freed, so that an
 * old address is never taken for a new object.
 */
std::set<const void*>& alive() {
  static auto* all = new std::set<const void*>;
  return *all;
}
template <class... Ts>
bool are_alive(const Ts*... made) {
  return (... && (alive().count(made) > 0));
}

template <class T>
int create(T** out, T* made) {
  *out = made;
  alive().insert(made);
  return SUCCESS;
}
int destroy(const void* made) { return alive().erase(made) ? SUCCESS : INVALID_VALUE; }

/** Whether a handle's context is current and has not ended. */
bool is_usable(const Handle* handle) { return are_alive(handle) && handle->context == driver().context(); }

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

API cublasLtCreate(Handle** handle) {
  if (const int status = told()) return status;
  const uint64_t context = driver().context();
  return context ? create(handle, new Handle{context}) : NOT_INITIALIZED;
}
API cublasLtDestroy(Handle* handle) {
  const bool usable = is_usable(handle);
  destroy(handle);
  return usable ? SUCCESS : NOT_INITIALIZED;
}
/** For tests. */
API emulator_cublaslt_alive() { return (int)alive().size(); }
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
  if (!are_alive(e)) return INVALID_VALUE;
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
  if (!are_alive(l)) return INVALID_VALUE;
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
  if (!are_alive(preference)) return INVALID_VALUE;
  if (attribute == 1) return take(preference->workspace, value, size) ? SUCCESS : INVALID_VALUE;
  if (attribute == 3) return take(preference->reductions, value, size) ? SUCCESS : INVALID_VALUE;
  if (attribute >= 5 && attribute <= 8)
    return take(preference->alignments[attribute - 5], value, size) ? SUCCESS : INVALID_VALUE;
  // The other attributes would narrow down the choice, but there is none here.
  return size == 4 && attribute >= 0 && attribute <= 13 ? SUCCESS : INVALID_VALUE;
}

API cublasLtMatmulAlgoGetHeuristic(const Handle* handle, const Description* e, const Layout* a, const Layout* b,
                                   const Layout* c, const Layout* d, const Preference* preference, int wanted,
                                   Heuristic* results, int* found) {
  if (!is_usable(handle)) return NOT_INITIALIZED;
  *found = 0;
  if (wanted < 1 || !are_alive(e, a, b, c, d, preference)) return INVALID_VALUE;
  // The real library accepts any mask. Only this one keeps a split sum out of the output type, so that a product has
  // the same bits regardless of how much workspace it uses.
  if (preference->reductions & ~2u) return NOT_SUPPORTED;
  if (const Status status = supported(*e, *a, *b, *c, *d)) return status;
  const Offer offer = offered(e->epilogue == PLAIN);
  if (offer.count == 0) return offer.status;
  for (int number = 0; *found < wanted && number < offer.count; number++) {
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

API cublasLtMatmul(const Handle* handle, const Description* e, const void* alpha, const void* a, const Layout* la,
                   const void* b, const Layout* lb, const void* beta, const void* c, const Layout* lc, void* d,
                   const Layout* ld, const uint64_t* algorithm, void* workspace, size_t workspace_bytes, void* stream) {
  if (!is_usable(handle)) return NOT_INITIALIZED;
  if (const int status = told()) return status;
  if (!are_alive(e, la, lb, lc, ld) || !alpha || !beta || !a || !b || !d) return INVALID_VALUE;
  if (algorithm && (!ours(algorithm) || !holds(algorithm, *e, {a, b, c ? c : d, d}, workspace_bytes)))
    return INVALID_VALUE;
  if (algorithm)
    if (const int status = failing(*e, algorithm[7])) return status;
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
