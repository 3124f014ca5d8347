// CUDA's built-in vector types, with their alignment.

#pragma once

#define EMULATOR_VECTORS(NAME, T)                                                                  \
  struct NAME##1 { T x; };                                                                         \
  struct alignas(2 * sizeof(T)) NAME##2 { T x, y; };                                               \
  struct NAME##3 { T x, y, z; };                                                                   \
  struct alignas(4 * sizeof(T) < 16 ? 4 * sizeof(T) : 16) NAME##4 { T x, y, z, w; };               \
  inline NAME##1 make_##NAME##1(T x) { return {x}; }                                               \
  inline NAME##2 make_##NAME##2(T x, T y) { return {x, y}; }                                       \
  inline NAME##3 make_##NAME##3(T x, T y, T z) { return {x, y, z}; }                               \
  inline NAME##4 make_##NAME##4(T x, T y, T z, T w) { return {x, y, z, w}; }

EMULATOR_VECTORS(char, signed char)
EMULATOR_VECTORS(uchar, unsigned char)
EMULATOR_VECTORS(short, short)
EMULATOR_VECTORS(ushort, unsigned short)
EMULATOR_VECTORS(int, int)
EMULATOR_VECTORS(uint, unsigned)
EMULATOR_VECTORS(long, long)
EMULATOR_VECTORS(ulong, unsigned long)
EMULATOR_VECTORS(longlong, long long)
EMULATOR_VECTORS(ulonglong, unsigned long long)
EMULATOR_VECTORS(float, float)
EMULATOR_VECTORS(double, double)

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};
