// IEEE's 16-bit float and tf32, by definition. Kernels convert with inline PTX; cuBLASLt reads and writes these types.

#include "ptx.h"

#include <cmath>

namespace emulator {

float from_f16(unsigned short bits) {
  // The exponent biases of the two types differ by 112. The multiplication also converts subnormals correctly.
  float magnitude = __builtin_bit_cast(float, (uint32_t)(bits & 0x7fff) << 13) * 0x1p112f;
  if ((bits & 0x7c00) == 0x7c00) magnitude = bits & 1023 ? NAN : INFINITY;
  return bits & 0x8000 ? -magnitude : magnitude;
}

unsigned short to_f16(float x) {
  const unsigned short sign = std::signbit(x) ? 0x8000 : 0;
  const float magnitude = fabsf(x);
  if (x != x) return 0x7fff;
  if (magnitude >= 65520.0f) return sign | 0x7c00;
  // A multiple of the binade's smallest step. rint rounds ties to even.
  int exponent = (int)(__builtin_bit_cast(uint32_t, magnitude) >> 23) - 127;
  if (exponent < -14) exponent = -14;
  const float in_a_unit = __builtin_bit_cast(float, (uint32_t)(127 + 10 - exponent) << 23);
  const int steps = (int)rintf(magnitude * in_a_unit);
  return sign | (unsigned short)((exponent + 14) * 1024 + steps);  // steps includes the leading 1 of a normal number
}

uint32_t to_tf32(float x) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, x);
  return x != x || std::isinf(x) ? bits : (bits + 0x1000) & ~0x1fffu;
}

float exponential2(float x) { return exp2f(x); }
float logarithm2(float x) { return log2f(x); }
float hyperbolic_tangent(float x) { return tanhf(x); }

}  // namespace emulator
