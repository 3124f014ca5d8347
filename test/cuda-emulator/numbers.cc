// The 16-bit floats and tf32, by their definition: what kernels convert with inline PTX, and cuBLASLt reads and writes.

#include "ptx.h"

#include <cmath>

namespace emulator {

float from_bf16(unsigned short bits) { return __builtin_bit_cast(float, (uint32_t)bits << 16); }

unsigned short to_bf16(float x) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, x);
  if (x != x) return 0x7fff;
  return (unsigned short)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

float from_f16(unsigned short bits) {
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const float sign = bits & 0x8000 ? -1.0f : 1.0f;
  if (exponent == 31) return fraction ? NAN : sign * INFINITY;
  return sign * (exponent ? ldexpf((float)(1024 + fraction), exponent - 25) : ldexpf((float)fraction, -24));
}

unsigned short to_f16(float x) {
  const unsigned short sign = std::signbit(x) ? 0x8000 : 0;
  const float magnitude = fabsf(x);
  if (x != x) return 0x7fff;
  if (magnitude >= 65520.0f) return sign | 0x7c00;
  // A multiple of the smallest step of its binade, rounded to even as rint does.
  int exponent = magnitude > 0 ? ilogbf(magnitude) : -14;
  if (exponent < -14) exponent = -14;
  const int steps = (int)rintf(ldexpf(magnitude, 10 - exponent));
  return sign | (unsigned short)((exponent + 14) * 1024 + steps);  // steps hold the leading 1 of a normal number
}

uint32_t to_tf32(float x) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, x);
  return x != x || std::isinf(x) ? bits : (bits + 0x1000) & ~0x1fffu;
}

float exponential2(float x) { return exp2f(x); }
float logarithm2(float x) { return log2f(x); }
float hyperbolic_tangent(float x) { return tanhf(x); }

}  // namespace emulator
