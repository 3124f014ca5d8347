// See products.h.

#include "products.h"

#include <cmath>
#include <cstring>
#include <vector>

#include "ptx.h"

namespace products {
namespace {

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

}  // namespace

void compute(const Matrices& x) {
  const Description& e = x.description;
  const int64_t m = (int64_t)x.d.rows, n = (int64_t)x.d.columns;
  const int64_t k = (int64_t)(e.transpose_a ? x.a.rows : x.a.columns);
  std::vector<float> product((size_t)(m * n));
  for (int batch = 0; batch < x.d.batches; batch++) {
    const auto a = unpacked(x.a, x.pa + (size_t)(batch * x.a.stride) * size_of(x.a.type), e.transpose_a, e.compute);
    const auto b = unpacked(x.b, x.pb + (size_t)(batch * x.b.stride) * size_of(x.b.type), e.transpose_b, e.compute);
    multiply(product.data(), a.data(), b.data(), m, n, k, x.order);
    finish(x, product, batch);
  }
}

}  // namespace products
