// Filling and conversion between float and what is kept narrow. Every thread takes four elements a turn, neighbours
// apart by one, and all threads of the grid go on together.
//
// fill, narrow, widen, narrow_bf16, widen_bf16: grid min(4096, ceil(size / 1024)), block 256.

#define FOR_EVERY_ELEMENT(at, size)                                                                       \
  for (long long at = (long long)blockIdx.x * blockDim.x + threadIdx.x, stride = (long long)gridDim.x * blockDim.x; \
       at < (size); at += stride)

/** target[size] = value. */
extern "C" __global__ void fill(scalar* target, float value, long long size) {
  scalar narrowed;
  narrow(narrowed, value);
  FOR_EVERY_ELEMENT(at, size) target[at] = narrowed;
}

/** target[size] = source[size], rounded to the nearest. */
extern "C" __global__ void narrow(scalar* target, const float* source, long long size) {
  FOR_EVERY_ELEMENT(at, size) narrow(target[at], source[at]);
}

extern "C" __global__ void widen(float* target, const scalar* source, long long size) {
  FOR_EVERY_ELEMENT(at, size) target[at] = widen(source[at]);
}

/** As `narrow`, where only some weights are bf16. */
extern "C" __global__ void narrow_bf16(bf16* target, const float* source, long long size) {
  FOR_EVERY_ELEMENT(at, size) narrow(target[at], source[at]);
}

extern "C" __global__ void widen_bf16(float* target, const bf16* source, long long size) {
  FOR_EVERY_ELEMENT(at, size) target[at] = widen(source[at]);
}
