// Emulates the AMX instructions that the kernels use, on an x86-64 processor without them. To be preloaded: it answers the
// process's request for the state of the tiles, and from then on handles the signal of an invalid instruction. As on the
// hardware, tiles without that permission end the process. The arithmetic is the processor's own in its modes for denormals, so
// it shares nothing with the portable tiles of the kernels. Whatever the instructions forbid, and what the kernels should not
// do (leave tiles configured), is counted or ends the process with a message.
//
// AMX_EMULATOR_REFUSAL: the errno with which the request is refused.

#include <immintrin.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "vex.h"

namespace {

struct Configuration {
  uint8_t palette, start_row, reserved[14];
  uint16_t bytes_per_row[16];
  uint8_t rows[16];
};
static_assert(sizeof(Configuration) == 64, "as ldtilecfg reads it");

struct Thread {
  Configuration configuration;
  uint8_t tiles[8][16][64];
};
// Preloaded, so a signal handler may use it.
__attribute__((tls_model("initial-exec"))) thread_local Thread self;

std::atomic<int64_t> executed{0};
std::atomic<int64_t> configured_threads{0};

[[noreturn]] void fail(const char* what) {
  dprintf(STDERR_FILENO, "AMX emulator: %s\n", what);
  abort();
}

int checked_tile(int tile) {
  if (tile >= 8 || self.configuration.palette != 1 || self.configuration.rows[tile] == 0)
    fail("an instruction uses a tile that is not configured");
  return tile;
}

void configure(const uint8_t* from) {
  Configuration wanted;
  memcpy(&wanted, from, sizeof wanted);
  if (wanted.palette > 1 || wanted.start_row != 0) fail("ldtilecfg: an unknown palette, or a first row");
  for (uint8_t byte : wanted.reserved)
    if (byte != 0) fail("ldtilecfg: reserved bytes are not zero");
  for (int tile = 0; tile < 16; tile++) {
    const int bytes = wanted.bytes_per_row[tile], rows = wanted.rows[tile];
    if (bytes > 64 || rows > 16 || (bytes == 0) != (rows == 0) || (tile >= 8 && rows != 0))
      fail("ldtilecfg: a tile has an invalid shape");
  }
  configured_threads += (wanted.palette != 0) - (self.configuration.palette != 0);
  memset(&self, 0, sizeof self);
  self.configuration = wanted;
}

void release() {
  configured_threads -= self.configuration.palette != 0;
  memset(&self, 0, sizeof self);
}

void load(int tile, const uint8_t* from, int64_t stride) {
  memset(self.tiles[tile], 0, sizeof self.tiles[tile]);
  for (int row = 0; row < self.configuration.rows[tile]; row++)
    memcpy(self.tiles[tile][row], from + row * stride, self.configuration.bytes_per_row[tile]);
}

void store(int tile, uint8_t* to, int64_t stride) {
  for (int row = 0; row < self.configuration.rows[tile]; row++)
    memcpy(to + row * stride, self.tiles[tile][row], self.configuration.bytes_per_row[tile]);
}

float bf16_at(const uint8_t* row, int number) {
  uint16_t half;
  memcpy(&half, row + 2 * number, 2);
  const uint32_t bits = static_cast<uint32_t>(half) << 16;
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

/** Intel's pseudocode. FMA rounds to nearest; denormals count as zero and become zero. */
__attribute__((noinline)) void multiply(int c, int a, int b) {
  const Configuration& shape = self.configuration;
  const int rows = shape.rows[c], columns = shape.bytes_per_row[c] / 4, pairs = shape.bytes_per_row[a] / 4;
  if (shape.rows[a] != rows || shape.rows[b] != pairs || shape.bytes_per_row[b] != columns * 4)
    fail("tdpbf16ps: the shapes do not fit");
  for (int row = 0; row < rows; row++) {
    float temporary[32] = {}, sums[16] = {};
    for (int pair = 0; pair < pairs; pair++)
      for (int column = 0; column < columns; column++)
        for (int odd = 0; odd < 2; odd++)
          temporary[2 * column + odd] =
              std::fma(bf16_at(self.tiles[a][row], 2 * pair + odd), bf16_at(self.tiles[b][pair], 2 * column + odd),
                       temporary[2 * column + odd]);
    memcpy(sums, self.tiles[c][row], 4 * columns);
    for (int column = 0; column < columns; column++) {
      const float both = temporary[2 * column] + temporary[2 * column + 1];
      sums[column] = sums[column] + both;
    }
    memcpy(self.tiles[c][row], sums, 64);
  }
}

void multiply_in_its_modes(int c, int a, int b) {
  constexpr unsigned kModes = 0x1f80 | 0x8000 | 0x0040;  // no exceptions, round to nearest, flush to zero, denormals are zero
  const unsigned before = _mm_getcsr();
  _mm_setcsr(kModes);
  asm volatile("" ::: "memory");
  multiply(c, a, b);
  asm volatile("" ::: "memory");
  _mm_setcsr(before);
}

/** Returns false if it is no AMX instruction. */
bool execute(const Instruction& its) {
  auto* const address = const_cast<uint8_t*>(its.address);
  switch (its.opcode << 8 | its.prefix) {
    case 0x4900 | none:
      if (its.in_memory && its.reg == 0) return configure(address), true;
      if (its.modrm == 0xc0) return release(), true;
      return false;
    case 0x4900 | p66:
      if (!its.in_memory || its.reg != 0) return false;
      memcpy(address, &self.configuration, sizeof self.configuration);
      return true;
    case 0x4900 | pf2:
      if (its.in_memory || its.rm != 0) return false;
      memset(self.tiles[checked_tile(its.reg)], 0, sizeof self.tiles[0]);
      return true;
    case 0x4b00 | pf2:
    case 0x4b00 | p66:
      if (!its.in_memory) return false;
      return load(checked_tile(its.reg), address, its.stride), true;
    case 0x4b00 | pf3:
      if (!its.in_memory) return false;
      return store(checked_tile(its.reg), address, its.stride), true;
    case 0x5c00 | pf3: {
      if (its.in_memory) return false;
      const int c = checked_tile(its.reg), a = checked_tile(its.rm), b = checked_tile(its.vvvv);
      if (c == a || c == b || a == b) fail("tdpbf16ps: two operands are the same tile");
      return multiply_in_its_modes(c, a, b), true;
    }
    default:
      return false;
  }
}

void on_invalid_instruction(int signal, siginfo_t*, void* data) {
  auto* const context = static_cast<ucontext_t*>(data);
  Instruction instruction;
  if (decode(context, &instruction) && !instruction.wide && execute(instruction)) {
    context->uc_mcontext.gregs[REG_RIP] += instruction.length;
    executed++;
    return;
  }
  ::signal(signal, SIG_DFL);  // It is executed again, and ends the process.
}

long answer_request() {
  if (const char* refusal = getenv("AMX_EMULATOR_REFUSAL")) {
    errno = atoi(refusal);
    return -1;
  }
  struct sigaction action = {};
  action.sa_sigaction = on_invalid_instruction;
  action.sa_flags = SA_SIGINFO;
  return sigaction(SIGILL, &action, nullptr);
}

}  // namespace

extern "C" {

/** In place of the C library's. */
long syscall(long number, ...) {
  va_list list;
  va_start(list, number);
  long values[6];
  for (long& value : values) value = va_arg(list, long);
  va_end(list);
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  if (number == SYS_arch_prctl && values[0] == kRequestPermission && values[1] == kTileData) return answer_request();
  register long fourth asm("r10") = values[3];
  register long fifth asm("r8") = values[4];
  register long sixth asm("r9") = values[5];
  long result;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(values[0]), "S"(values[1]), "d"(values[2]), "r"(fourth), "r"(fifth), "r"(sixth)
               : "rcx", "r11", "memory");
  if (result >= 0 || result < -4095) return result;
  errno = static_cast<int>(-result);
  return -1;
}

/** How many instructions were emulated. */
int64_t amx_emulator_executed() { return executed; }
/** How many threads have configured tiles and not released them. */
int64_t amx_emulator_configured_threads() { return configured_threads; }

}  // extern "C"
