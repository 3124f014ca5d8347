// The inner kernel of the matrix product: it computes one tile of the result in registers from one panel of each operand,
// and applies the epilogue. It knows nothing about blocking, threads or transposes. A panel interleaves kTileRows rows of A
// or kTileColumns columns of B: all lines at depth 0, then all lines at depth 1, and so on, padded with zeros.

#pragma once

#include <cstdint>
#include <type_traits>

#include "simd.h"

namespace gemm {

constexpr int64_t divide_up(int64_t x, int64_t unit) { return (x + unit - 1) / unit; }
constexpr int64_t round_up(int64_t x, int64_t unit) { return divide_up(x, unit) * unit; }

constexpr int kVectors = 3;
constexpr int kTileColumns = kVectors * VL;
// With 32 registers: 24 accumulators, three vectors of B and a broadcast of A. With 16 registers: 12 accumulators.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kTileRows = 8;
#else
constexpr int kTileRows = 4;
#endif

constexpr int kTileSums = kTileRows * kTileColumns;

enum class Epilogue : int32_t { none, bias, bias_activation, activation_gradient };
enum class Activation : int32_t { gelu_new, gelu };

/**
 * The output of a product, out[rows, columns], and its epilogue. Out is float or bf16; Element is what the bias and the
 * pre-activations are stored in. Everything is computed in float32 and rounded when it is stored. The activation is that of
 * the stored pre-activation, so that backward sees the same one.
 */
template <class Out, class Element>
struct Target {
  Out* out;
  int64_t columns;
  bool accumulate;
  Epilogue epilogue;
  const Element* bias;
  Element* pre_activation;
  Activation activation;
};

/** Which part of the sum over k a tile computes. The first part sets the result, the last one applies the epilogue. */
struct Part {
  bool first;
  bool last;
};

/**
 * One number of each row of A. Arm multiplies by a lane of a vector, so there they are loaded as vectors: single numbers would
 * take a register each, and some sums would be kept in memory.
 */
template <int ROWS>
class Lines {
 public:
#if defined(__aarch64__)
  __attribute__((always_inline)) explicit Lines(const float* at) {
#pragma GCC unroll 2
    for (int i = 0; i < ROWS / VL; i++) vectors_[i] = load(at + i * VL);
  }
  __attribute__((always_inline)) float operator[](int row) const { return vectors_[row / VL][row % VL]; }

 private:
  vf vectors_[ROWS / VL];
#else
  __attribute__((always_inline)) explicit Lines(const float* at) : at_(at) {}
  __attribute__((always_inline)) float operator[](int row) const { return at_[row]; }

 private:
  const float* at_;
#endif
};

/** c[ROWS, VECTORS * VL] = or += the product of a panel of A and a panel of B. */
template <int ROWS, int VECTORS>
__attribute__((noinline)) void multiply_tile(int64_t depth, const float* __restrict a, const float* __restrict b,
                                             float* __restrict c, int64_t stride, bool add) {
  vf sums[ROWS][VECTORS];
#pragma GCC unroll 8
  for (int row = 0; row < ROWS; row++) {
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) sums[row][v] = vf{};
    // The result is needed only after the loop: prefetch it now.
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) __builtin_prefetch(c + row * stride + v * VL, 1);
    __builtin_prefetch(c + row * stride + VECTORS * VL - 1, 1);
  }
  for (int64_t p = 0; p < depth; p++) {
    vf columns[VECTORS];
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) columns[v] = load(b + v * VL);
    const Lines<ROWS> lines(a);
#pragma GCC unroll 8
    for (int row = 0; row < ROWS; row++) {
#pragma GCC unroll 4
      for (int v = 0; v < VECTORS; v++) sums[row][v] = multiply_add(broadcast(lines[row]), columns[v], sums[row][v]);
    }
    a += kTileRows;
    b += kTileColumns;
  }
#pragma GCC unroll 8
  for (int row = 0; row < ROWS; row++) {
#pragma GCC unroll 4
    for (int v = 0; v < VECTORS; v++) {
      float* const at = c + row * stride + v * VL;
      store(at, add ? load(at) + sums[row][v] : sums[row][v]);
    }
  }
}

template <class Element>
SIMD_INLINE vf load_up_to(const Element* p, int64_t n) {
  return n >= VL ? load(p) : load_first(p, n);
}
template <class Element>
SIMD_INLINE void store_up_to(Element* p, vf v, int64_t n) {
  if (n >= VL)
    store(p, v);
  else
    store_first(p, v, n);
}

template <Activation A>
SIMD_INLINE vf activate(vf x) {
  return A == Activation::gelu_new ? gelu_new(x) : gelu(x);
}
template <Activation A>
SIMD_INLINE vf activation_gradient(vf x) {
  return A == Activation::gelu_new ? gelu_new_gradient(x) : gelu_gradient(x);
}

/** v as it reads after it was stored as an Element. */
template <class Element>
SIMD_INLINE vf as_stored(vf v) {
  if constexpr (std::is_same_v<Element, bf16>) return round_to_bf16(v);
  return v;
}

/** Applies the epilogue to one row of sums and stores it. All pointers are to the row's first column. */
template <Epilogue E, Activation A, class Out, class Element>
void store_row(Out* out, Element* pre_activation, const Element* bias, int64_t columns, const float* sums, bool add) {
  for (int64_t at = 0; at < columns; at += VL) {
    const int64_t n = columns - at;
    vf x = load_up_to(sums + at, n);
    if (add) x = load_up_to(out + at, n) + x;
    if (E == Epilogue::bias || E == Epilogue::bias_activation) x = x + load_up_to(bias + at, n);
    if (E == Epilogue::bias_activation) {
      store_up_to(pre_activation + at, x, n);
      x = activate<A>(as_stored<Element>(x));
    }
    if (E == Epilogue::activation_gradient) x = x * activation_gradient<A>(load_up_to(pre_activation + at, n));
    store_up_to(out + at, x, n);
  }
}

template <class Out, class Element>
using StoreRow = void (*)(Out*, Element*, const Element*, int64_t, const float*, bool);

/** A product that is stored in another type than its epilogue's tensors has no epilogue. */
template <class Out, class Element>
inline StoreRow<Out, Element> row_storer(const Target<Out, Element>& target, Part part) {
  if constexpr (std::is_same_v<Out, Element>) {
    const bool is_new = target.activation == Activation::gelu_new;
    switch (part.last ? target.epilogue : Epilogue::none) {
      case Epilogue::bias:
        return store_row<Epilogue::bias, Activation::gelu, Out, Element>;
      case Epilogue::bias_activation:
        return is_new ? store_row<Epilogue::bias_activation, Activation::gelu_new, Out, Element>
                      : store_row<Epilogue::bias_activation, Activation::gelu, Out, Element>;
      case Epilogue::activation_gradient:
        return is_new ? store_row<Epilogue::activation_gradient, Activation::gelu_new, Out, Element>
                      : store_row<Epilogue::activation_gradient, Activation::gelu, Out, Element>;
      case Epilogue::none:
        break;
    }
  }
  return store_row<Epilogue::none, Activation::gelu, Out, Element>;
}

/** Stores sums[rows, columns] with `stride` to the target's tile at (row, column). */
template <class Out, class Element>
inline void store_sums(const Target<Out, Element>& target, Part part, int64_t row, int64_t column, int64_t rows,
                       int64_t columns, const float* sums, int64_t stride) {
  const StoreRow<Out, Element> store_one = row_storer(target, part);
  const bool add = target.accumulate || !part.first;
  for (int64_t i = 0; i < rows; i++) {
    const int64_t start = (row + i) * target.columns + column;
    store_one(target.out + start, target.pre_activation + start, target.bias + column, columns, sums + i * stride, add);
  }
}

/** Brings the place of results into the cache, to be written. */
template <class Target>
inline void expect_results(const Target& target, int64_t row, int64_t column, int64_t rows, int64_t columns) {
  for (int64_t i = 0; i < rows; i++) {
    const auto* const at = target.out + (row + i) * target.columns + column;
    __builtin_prefetch(at, 1);
    __builtin_prefetch(at + columns - 1, 1);
    if (sizeof(*at) == sizeof(float)) __builtin_prefetch(at + columns / 2, 1);
  }
}

using MultiplyTile = void (*)(int64_t, const float*, const float*, float*, int64_t, bool);
// Outside the inline function, because two libraries in one process, compiled for different instructions, would share it.
constexpr MultiplyTile kTileKernels[2][kVectors] = {
    {multiply_tile<kTileRows / 2, 1>, multiply_tile<kTileRows / 2, 2>, multiply_tile<kTileRows / 2, 3>},
    {multiply_tile<kTileRows, 1>, multiply_tile<kTileRows, 2>, multiply_tile<kTileRows, 3>},
};

/**
 * Computes the tile at (row, column) from panels `a` and `b`; `rows` and `columns` are smaller at the result's edges.
 * @param kept where the tile's sums are kept between parts, kTileSums floats. If null, they are kept in the output.
 */
template <class Out, class Element>
inline void compute_tile(const Target<Out, Element>& target, Part part, int64_t row, int64_t column, int64_t rows,
                         int64_t columns, int64_t depth, const float* a, const float* b, float* kept) {
  const int64_t vectors = divide_up(columns, VL);
  const bool half = rows <= kTileRows / 2;
  const MultiplyTile multiply = kTileKernels[half ? 0 : 1][vectors - 1];
  if constexpr (std::is_same_v<Out, float>) {
    const bool whole = columns == vectors * VL && rows == (half ? kTileRows / 2 : kTileRows);
    if (whole && (!part.last || target.epilogue == Epilogue::none)) {
      multiply(depth, a, b, target.out + row * target.columns + column, target.columns,
               target.accumulate || !part.first);
      return;
    }
  } else {
    if (part.last) expect_results(target, row, column, rows, columns);
    if (kept != nullptr) {
      multiply(depth, a, b, kept, kTileColumns, !part.first);
      if (part.last) store_sums(target, {true, true}, row, column, rows, columns, kept, kTileColumns);
      return;
    }
  }
  alignas(SIMD_BYTES) float sums[kTileSums];
  multiply(depth, a, b, sums, kTileColumns, false);
  store_sums(target, part, row, column, rows, columns, sums, kTileColumns);
}

}  // namespace gemm
