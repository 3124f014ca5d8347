// Emulates the instruction of AVX-VNNI that the kernels use, vpdpbusd, on an x86-64 processor with AVX2 and without AVX-VNNI. To be
// preloaded: it handles the signal of an invalid instruction, and changes the registers that the signal's return restores.

#include <signal.h>
#include <ucontext.h>

#include <atomic>
#include <cstdint>
#include <cstring>

#include "../amx-emulator/vex.h"

namespace {

std::atomic<int64_t> executed{0};

/** The vector registers where the kernel keeps them during a signal: FXSAVE's area, then the header of XSAVE, then upper halves. */
class Vectors {
 public:
  explicit Vectors(const ucontext_t* context) : area_(reinterpret_cast<uint8_t*>(context->uc_mcontext.fpregs)) {
    uint32_t magic;
    memcpy(&magic, area_ + 464, sizeof magic);
    extended_ = magic == 0x46505853;  // FP_XSTATE_MAGIC1
  }

  bool extended() const { return extended_; }

  void read(int number, uint8_t* bytes) const {
    memset(bytes, 0, 32);
    if (present() & kLower) memcpy(bytes, lower(number), 16);
    if (present() & kUpper) memcpy(bytes + 16, upper(number), 16);
  }
  void write(int number, const uint8_t* bytes) {
    // What the header does not name is zero in the registers, and undefined here.
    if (!(present() & kLower)) memset(lower(0), 0, 256);
    if (!(present() & kUpper)) memset(upper(0), 0, 256);
    const uint64_t now = present() | kLower | kUpper;
    memcpy(area_ + 512, &now, sizeof now);
    memcpy(lower(number), bytes, 16);
    memcpy(upper(number), bytes + 16, 16);
  }

 private:
  static constexpr uint64_t kLower = 2, kUpper = 4;

  uint64_t present() const {
    uint64_t features;
    memcpy(&features, area_ + 512, sizeof features);
    return features;
  }
  uint8_t* lower(int number) const { return area_ + 160 + 16 * number; }
  uint8_t* upper(int number) const { return area_ + 576 + 16 * number; }

  uint8_t* area_;
  bool extended_ = false;
};

/** Intel's pseudocode: unsigned bytes of the first operand by signed ones of the second, four to a sum. */
void multiply(int32_t* sums, const uint8_t* first, const uint8_t* second, int count) {
  for (int at = 0; at < count; at++) {
    uint32_t sum = static_cast<uint32_t>(sums[at]);
    for (int byte = 4 * at; byte < 4 * at + 4; byte++)
      sum += static_cast<uint32_t>(static_cast<int32_t>(first[byte]) * static_cast<int8_t>(second[byte]));
    sums[at] = static_cast<int32_t>(sum);
  }
}

/** Returns false if it is another instruction. */
bool execute(const ucontext_t* context, const Instruction& its) {
  Vectors vectors(context);
  if (its.opcode != 0x50 || its.prefix != p66 || !vectors.extended()) return false;
  const int bytes = its.wide ? 32 : 16;
  int32_t sums[8];
  uint8_t first[32], second[32] = {}, result[32] = {};
  vectors.read(its.reg, reinterpret_cast<uint8_t*>(sums));
  vectors.read(its.vvvv, first);
  if (its.in_memory)
    memcpy(second, its.address + its.stride, bytes);
  else
    vectors.read(its.rm, second);
  multiply(sums, first, second, bytes / 4);
  memcpy(result, sums, bytes);
  vectors.write(its.reg, result);
  return true;
}

void on_invalid_instruction(int signal, siginfo_t*, void* data) {
  auto* const context = static_cast<ucontext_t*>(data);
  Instruction instruction;
  if (decode(context, &instruction) && execute(context, instruction)) {
    context->uc_mcontext.gregs[REG_RIP] += instruction.length;
    executed++;
    return;
  }
  ::signal(signal, SIG_DFL);  // It is executed again, and ends the process.
}

__attribute__((constructor)) void handle_signal() {
  struct sigaction action = {};
  action.sa_sigaction = on_invalid_instruction;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGILL, &action, nullptr);
}

}  // namespace

extern "C" {

/** How many instructions were emulated. */
int64_t vnni_emulator_executed() { return executed; }

}  // extern "C"
