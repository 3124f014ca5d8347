// The matrix products of the emulated cuBLASLt, computed on the processor. Sums are float32 for all types; tf32 rounds
// its inputs. Knows nothing of what the library refuses.

#pragma once

#include <cstddef>
#include <cstdint>

namespace products {

enum Type { F32 = 0, F16 = 2, BF16 = 14 };
enum Compute { COMPUTE_32F = 68, COMPUTE_32F_PEDANTIC = 69, COMPUTE_32F_FAST_TF32 = 77 };
/** Bits of cublasLtEpilogue_t. */
enum Epilogue { PLAIN = 1, BIAS = 4, BIAS_GRADIENT = 16, GELU = 32, GELU_GRADIENT = 64, AUXILIARY = 128 };

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

/**
 * The order in which an algorithm, by its number, sums the k products of an element. The orders give different bits,
 * except of short sums.
 */
enum Order { IN_ORDER, IN_HALVES, REVERSED };

struct Matrices {
  Description description;
  Layout a, b, c, d;
  float alpha, beta;
  const char *pa, *pb, *pc;
  char* pd;
  Order order;
};

inline size_t size_of(int type) { return type == F32 ? 4 : 2; }

/** Reads and writes memory without checking it. */
void compute(const Matrices&);

}  // namespace products
