// Decodes an instruction that the processor does not have, in the handler of its signal.

#pragma once

#include <ucontext.h>

#include <cstdint>
#include <cstring>

namespace {

/** A VEX-encoded instruction of map 0F38. */
struct Instruction {
  uint8_t opcode, prefix, modrm;
  int reg, rm, vvvv;
  bool in_memory;
  bool wide;  // whether the registers have 256 bits
  const uint8_t* address;  // of the operand in memory
  int64_t stride;          // what the index register adds
  int length;
};

inline int64_t read_register(const ucontext_t* context, int number) {
  static constexpr int places[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                     REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  return context->uc_mcontext.gregs[places[number]];
}

/** Decodes what the process could not execute. Returns false if it is encoded in another way. */
inline bool decode(const ucontext_t* context, Instruction* found) {
  const auto* const code = reinterpret_cast<const uint8_t*>(context->uc_mcontext.gregs[REG_RIP]);
  if (code[0] != 0xc4 || (code[1] & 0x1f) != 2 || (code[2] & 0x80) != 0) return false;  // map 0F38, W0
  const int r = code[1] & 0x80 ? 0 : 8, x = code[1] & 0x40 ? 0 : 8, b = code[1] & 0x20 ? 0 : 8;
  const uint8_t modrm = code[4], mod = modrm >> 6;
  *found = {};
  found->prefix = code[2] & 3;
  found->wide = (code[2] & 4) != 0;
  found->vvvv = ~(code[2] >> 3) & 15;
  found->opcode = code[3];
  found->modrm = modrm;
  found->reg = (modrm >> 3 & 7) | r;
  found->rm = (modrm & 7) | b;
  found->length = 5;
  if (mod == 3) return true;
  found->in_memory = true;
  int64_t base = 0;
  bool relative = false, long_displacement = mod == 2;
  if ((modrm & 7) == 4) {
    const uint8_t sib = code[found->length++];
    const int index = (sib >> 3 & 7) | x;
    if (index != 4) found->stride = read_register(context, index) << (sib >> 6);
    if ((sib & 7) == 5 && mod == 0)
      long_displacement = true;
    else
      base = read_register(context, (sib & 7) | b);
  } else if ((modrm & 7) == 5 && mod == 0) {
    relative = long_displacement = true;
  } else {
    base = read_register(context, found->rm);
  }
  if (mod == 1) base += static_cast<int8_t>(code[found->length++]);
  if (long_displacement) {
    int32_t displacement;
    memcpy(&displacement, code + found->length, 4);
    found->length += 4;
    base += displacement;
  }
  if (relative) base += reinterpret_cast<int64_t>(code) + found->length;
  found->address = reinterpret_cast<const uint8_t*>(base);
  return true;
}

enum Prefix { none, p66, pf3, pf2 };

}  // namespace
