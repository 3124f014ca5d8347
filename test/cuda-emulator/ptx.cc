// A warp's matrix fragments for inline PTX, laid out as in the PTX manual (sections "Matrix Fragments for
// mma.m16n8k16", "... m16n8k8" and "ldmatrix"). Sums are float32, in order of k.

#include "ptx.h"

#include <cstring>

namespace emulator {

namespace {

struct Fragments {
  Factor type;
  int k;
  float* d;
  const uint32_t* a;
  const uint32_t* b;
  const float* c;
};

/** Element `half` (0 or 1) of a register. */
float element(Factor type, uint32_t bits, int half) {
  // A card ignores the lower bits of a tf32 operand.
  if (type == TF32) return __builtin_bit_cast(float, bits & ~0x1fffu);
  const unsigned short part = (unsigned short)(bits >> 16 * half);
  return type == BF16 ? from_bf16(part) : from_f16(part);
}

void perform_multiply(void* operands[32]) {
  const Fragments& first = *(const Fragments*)operands[0];
  const int per_register = first.type == TF32 ? 1 : 2, k_half = 4 * per_register;
  const int registers = first.k / k_half;  // of B; A has twice as many
  float a[16][16], b[16][8];
  for (int lane = 0; lane < 32; lane++) {
    const Fragments& mine = *(const Fragments*)operands[lane];
    const int group = lane >> 2, in_group = lane & 3;
    for (int r = 0; r < registers; r++)
      for (int e = 0; e < per_register; e++) {
        const int k = r * k_half + in_group * per_register + e;
        a[group][k] = element(first.type, mine.a[2 * r], e);
        a[group + 8][k] = element(first.type, mine.a[2 * r + 1], e);
        b[k][group] = element(first.type, mine.b[r], e);
      }
  }
  for (int lane = 0; lane < 32; lane++) {
    const Fragments& mine = *(const Fragments*)operands[lane];
    for (int i = 0; i < 4; i++) {
      const int row = (lane >> 2) + (i >> 1) * 8, column = (lane & 3) * 2 + (i & 1);
      float sum = mine.c[i];
      for (int k = 0; k < first.k; k++) sum += a[row][k] * b[k][column];
      mine.d[i] = sum;
    }
  }
}

struct MatrixRow {
  int matrices;
  bool transposed;
  unsigned short row[8];
  uint32_t* registers;
};

void perform_load(void* operands[32]) {
  for (int lane = 0; lane < 32; lane++) {
    const MatrixRow& mine = *(const MatrixRow*)operands[lane];
    for (int m = 0; m < mine.matrices; m++) {
      uint32_t pair = 0;
      for (int e = 0; e < 2; e++) {
        const int row = lane >> 2, column = (lane & 3) * 2 + e;
        const int from_row = mine.transposed ? column : row, from_column = mine.transposed ? row : column;
        pair |= (uint32_t)((const MatrixRow*)operands[m * 8 + from_row])->row[from_column] << 16 * e;
      }
      mine.registers[m] = pair;
    }
  }
}

}  // namespace

void multiply_fragments(Factor type, int k, float* d, const uint32_t* a, const uint32_t* b, const float* c) {
  Fragments mine{type, k, d, a, b, c};
  collective("mma.sync", 0xffffffffu, &mine, perform_multiply, 0);
}

void load_matrices(int matrices, bool transposed, uint32_t* registers, uint32_t shared_row) {
  MatrixRow mine{matrices, transposed, {}, registers};
  if (lane() < 8 * matrices) {
    if (shared_row % 16) fail("gives ldmatrix a row that is not at a multiple of 16 bytes");
    const void* row = shared_pointer(shared_row);
    checked_read(row, 16);
    memcpy(mine.row, row, 16);
  }
  collective("ldmatrix", 0xffffffffu, &mine, perform_load, 0);
}

}  // namespace emulator
