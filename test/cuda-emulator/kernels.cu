// Kernels for the emulator's own tests: what must run, and what must be detected.

extern "C" __global__ void axpy(float* y, const float* x, float a, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) y[i] += a * x[i];
}

template <class T>
static __device__ T warp_sum(T x) {
#pragma unroll
  for (int lanes = 16; lanes > 0; lanes /= 2) x += __shfl_xor_sync(0xffffffffu, x, lanes);
  return x;
}

// sums[block] = sum of the block's part of x; a warp's sum goes through dynamic shared memory.
extern "C" __global__ void __launch_bounds__(256) block_sums(float* sums, const float* x) {
  extern __shared__ float of_warps[];
  const float sum = warp_sum(x[blockIdx.x * blockDim.x + threadIdx.x]);
  if (threadIdx.x % warpSize == 0) of_warps[threadIdx.x / warpSize] = sum;
  __syncthreads();
  if (threadIdx.x < warpSize) {
    const float all = warp_sum(threadIdx.x < blockDim.x / warpSize ? of_warps[threadIdx.x] : 0.0f);
    if (threadIdx.x == 0) sums[blockIdx.x] = all;
  }
}

extern "C" __global__ void transpose(float* out, const float* in) {
  __shared__ float tile[32][33];
  for (int row = 0; row < 32; row++) tile[row][threadIdx.x] = in[row * 32 + threadIdx.x];
  __syncthreads();
  for (int row = 0; row < 32; row++) out[row * 32 + threadIdx.x] = tile[threadIdx.x][row];
}

extern "C" __global__ void votes(float* out) {
  const unsigned odd = __ballot_sync(0xffffffffu, threadIdx.x & 1);
  const float up = __shfl_up_sync(0xffffffffu, (float)threadIdx.x, 1), down = __shfl_down_sync(0xffffffffu, (float)threadIdx.x, 1, 8);
  out[threadIdx.x] = up * 10000 + down * 100 + (float)__popc(odd);
  atomicAdd(out + 32, 1.0f);
  const int any = __syncthreads_or(threadIdx.x == 7), all = __syncthreads_and(threadIdx.x == 7);
  const int count = __syncthreads_count(threadIdx.x < 20);
  if (threadIdx.x == 0) out[33] = (float)(any * 100 + all * 1000 + count);
}

// ---- What a card punishes ----

extern "C" __global__ void vector_copy(float* out, const float* in, int shift) {
  ((float4*)out)[threadIdx.x] = *(const float4*)(in + 4 * threadIdx.x + shift);
}

extern "C" __global__ void unsynchronized(float* out) {
  __shared__ float values[64];
  values[threadIdx.x] = (float)threadIdx.x;
  out[threadIdx.x] = values[63 - threadIdx.x];
}

// Shuffles do not order memory accesses: a lane may read what another lane has not written yet.
extern "C" __global__ void unsynchronized_warp(float* out, int synchronize) {
  __shared__ float values[32];
  values[threadIdx.x] = (float)threadIdx.x;
  if (synchronize) __syncwarp();
  else __shfl_xor_sync(0xffffffffu, 1, 1);
  out[threadIdx.x] = values[31 - threadIdx.x];
}

extern "C" __global__ void partial_barrier(float* out) {
  if (threadIdx.x >= 40) return;
  __syncthreads();
  out[threadIdx.x] = 1;
}

extern "C" __global__ void two_barriers(float* out) {
  if (threadIdx.x < 32) {
    __syncthreads();
  } else {
    __syncthreads();
  }
  out[threadIdx.x] = 1;
}

extern "C" __global__ void partial_shuffle(float* out) {
  if (threadIdx.x < 16) out[threadIdx.x] = __shfl_xor_sync(0xffffffffu, 1.0f, 1);
}

extern "C" __global__ void past_dynamic(float* out, int index) {
  extern __shared__ float dynamic[];
  dynamic[index] = 1;
  out[0] = dynamic[index];
}

extern "C" __global__ void past_static(float* out, int index) {
  __shared__ float values[8][4];
  values[0][index] = 1;
  out[0] = values[0][index];
}

extern "C" __global__ void unset_shared(float* out) {
  __shared__ float values[32];
  if (out == nullptr) values[threadIdx.x] = 0;
  out[threadIdx.x] = values[threadIdx.x];
}

// ---- Tensor cores: out[16,8] = a[16,K] b[K,8], a row-major, b column-major ----

extern "C" __global__ void product_bf16(float* out, const unsigned* a, const unsigned* b) {
  const int group = threadIdx.x / 4, in_group = threadIdx.x % 4;
  const unsigned a0 = a[group * 8 + in_group], a1 = a[(group + 8) * 8 + in_group];
  const unsigned a2 = a[group * 8 + in_group + 4], a3 = a[(group + 8) * 8 + in_group + 4];
  const unsigned b0 = b[group * 8 + in_group], b1 = b[group * 8 + in_group + 4];
  float d[4] = {0, 0, 0, 0};
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};\n"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
  for (int i = 0; i < 4; i++) out[(group + i / 2 * 8) * 8 + in_group * 2 + i % 2] = d[i];
}

// The same through shared memory: cp.async, then ldmatrix. Here b is [K,8] in memory, so its matrices are transposed.
extern "C" __global__ void product_f16(float* out, const unsigned short* a, const unsigned short* b, int wait) {
  __shared__ __align__(16) unsigned short sa[16 * 16], sb[16 * 8];
  const unsigned to_a = (unsigned)__cvta_generic_to_shared(sa + threadIdx.x * 8);
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;\n" ::"r"(to_a), "l"(a + threadIdx.x * 8));
  if (threadIdx.x < 16) {
    const unsigned to_b = (unsigned)__cvta_generic_to_shared(sb + threadIdx.x * 8);
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;\n" ::"r"(to_b), "l"(b + threadIdx.x * 8));
  }
  asm volatile("cp.async.commit_group;\n" ::);
  if (wait) asm volatile("cp.async.wait_group %0;\n" ::"n"(0));
  __syncthreads();
  unsigned x[4], y[2];
  const unsigned from_a = (unsigned)__cvta_generic_to_shared(sa + (threadIdx.x % 16) * 16 + threadIdx.x / 16 * 8);
  const unsigned from_b = (unsigned)__cvta_generic_to_shared(sb + (threadIdx.x % 16) * 8);
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(x[0]), "=r"(x[1]), "=r"(x[2]), "=r"(x[3]) : "r"(from_a));
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];" : "=r"(y[0]), "=r"(y[1]) : "r"(from_b));
  float d[4];
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%10,%10,%10};"
               : "=f"(d[0]), "=f"(d[1]), "=f"(d[2]), "=f"(d[3])
               : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(y[0]), "r"(y[1]), "f"(0.0f));
  for (int i = 0; i < 4; i++) out[(threadIdx.x / 4 + i / 2 * 8) * 8 + threadIdx.x % 4 * 2 + i % 2] = d[i];
}

// out[i] = x[i] converted to 16 bits and back.
extern "C" __global__ void through_half(float* out, const float* x) {
  unsigned short bits;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x[threadIdx.x]));
  asm("cvt.f32.f16 %0, %1;" : "=f"(out[threadIdx.x]) : "h"(bits));
}
