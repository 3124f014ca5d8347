// Translates CUDA C++ to C++. `extern __shared__` arrays are renamed to the one dynamic array, launch bounds are
// removed, inline PTX becomes calls of ptx.h, and each `__global__` function gets a record that says how it is called.
// Line numbers stay the same.

#include "translate.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <vector>

namespace emulator {
namespace {

bool is_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

struct Text {
  const std::string& all;
  size_t at = 0;

  void skip_space() {
    while (at < all.size() && isspace((unsigned char)all[at])) at++;
  }
  bool word_here(const std::string& word) const {
    return all.compare(at, word.size(), word) == 0 && (at == 0 || !is_word(all[at - 1])) &&
           (at + word.size() >= all.size() || !is_word(all[at + word.size()]));
  }
  /** The word that begins here, or an empty string. */
  std::string word() {
    size_t end = at;
    while (end < all.size() && is_word(all[end])) end++;
    const std::string found = all.substr(at, end - at);
    at = end;
    return found;
  }
  /** The text within the parentheses that open here; moves past them. */
  std::string parenthesized() {
    skip_space();
    if (at >= all.size() || all[at] != '(') throw std::string("expected ( in: ") + all.substr(at, 60);
    const size_t from = at + 1;
    int depth = 0;
    for (; at < all.size(); at++) {
      if (all[at] == '"' || all[at] == '\'') skip_literal();
      if (all[at] == '(') depth++;
      if (all[at] == ')' && --depth == 0) break;
    }
    if (at >= all.size()) throw std::string("unclosed (");
    return all.substr(from, at++ - from);
  }
  /** Moves to the closing quote. */
  void skip_literal() {
    const char quote = all[at++];
    while (at < all.size() && all[at] != quote) at += all[at] == '\\' ? 2 : 1;
  }
};

/** Splits at a separator outside parentheses, brackets, braces and literals. */
std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (Text t{text}; t.at < text.size(); t.at++) {
    const char c = text[t.at];
    const size_t from = t.at;
    if (c == '"' || c == '\'') t.skip_literal();
    if (c == '(' || c == '[' || c == '{') depth++;
    if (c == ')' || c == ']' || c == '}') depth--;
    if (c == separator && depth == 0)
      parts.emplace_back();
    else
      parts.back() += text.substr(from, t.at - from + 1);
  }
  return parts;
}

std::string trim(const std::string& text) {
  const size_t from = text.find_first_not_of(" \t\r\n");
  if (from == std::string::npos) return "";
  return text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
}

/** The string literals joined, with the escapes that PTX needs resolved. */
std::string literal(const std::string& text) {
  std::string joined;
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] != '"') continue;
    for (i++; i < text.size() && text[i] != '"'; i++) {
      if (text[i] != '\\')
        joined += text[i];
      else
        joined += text[++i] == 'n' || text[i] == 't' ? ' ' : text[i];
    }
  }
  return joined;
}

/** The operands of one constraint list as C++ arguments. */
void read_operands(const std::string& list, std::vector<std::string>& outputs, std::vector<std::string>& inputs) {
  for (const std::string& item : split(list, ',')) {
    if (trim(item).empty()) continue;
    const std::string constraint = literal(item.substr(0, item.find('(')));
    Text rest{item, item.find('(')};
    const std::string expression = "(" + rest.parenthesized() + ")";
    const std::string kind(1, constraint.back());
    const bool written = constraint[0] == '=' || constraint[0] == '+';
    outputs.push_back(written ? "emulator::out_" + kind + expression : "");
    inputs.push_back("emulator::in_" + kind + expression);
  }
}

/** `mnemonic a, {b, c}, [d];` as a call. A destination comes first and may be a group in braces. */
std::string call_of(const std::string& instruction, const std::vector<std::string>& outputs,
                    const std::vector<std::string>& inputs) {
  const size_t end = std::min(instruction.find_first_of(" \t"), instruction.size());
  std::string name = instruction.substr(0, end);
  for (const char* separator : {"::", "."})
    for (size_t at; (at = name.find(separator)) != std::string::npos;) name.replace(at, std::string(separator).size(), "_");
  const bool writes = name.compare(0, 2, "st") != 0 && name.compare(0, 2, "cp") != 0 && name.compare(0, 3, "red") != 0;
  std::string arguments;
  const std::vector<std::string> parts = split(instruction.substr(end), ',');
  for (size_t p = 0; p < parts.size(); p++) {
    std::string part = parts[p];
    part.erase(std::remove_if(part.begin(), part.end(), [](char c) { return c && strchr("{}[]", c); }), part.end());
    for (const std::string& piece : split(part, ',')) {
      const std::string operand = trim(piece);
      if (operand.empty()) continue;
      std::string translated;
      for (size_t i = 0; i < operand.size(); i++) {
        if (operand[i] != '%') {
          translated += operand[i];
          continue;
        }
        size_t number = 0, digits = i + 1;
        while (digits < operand.size() && isdigit((unsigned char)operand[digits]))
          number = number * 10 + (size_t)(operand[digits++] - '0');
        if (digits == i + 1 || number >= inputs.size())
          throw "inline PTX operand " + operand + " is not one that the emulator reads: " + instruction;
        translated += p == 0 && writes && !outputs[number].empty() ? outputs[number] : inputs[number];
        i = digits - 1;
      }
      arguments += (arguments.empty() ? "" : ", ") + translated;
    }
  }
  return "emulator::ptx_" + name + "(" + arguments + ");";
}

std::string translate_assembly(const std::string& body) {
  // `::` in the template text is inside a literal. So every colon outside is a separator, or a scope operator in an
  // expression, which is inside parentheses.
  const std::vector<std::string> sections = split(body, ':');
  std::vector<std::string> outputs, inputs;
  for (size_t i = 1; i < sections.size() && i <= 2; i++) read_operands(sections[i], outputs, inputs);
  std::string calls = "{ ";
  for (const std::string& instruction : split(literal(sections[0]), ';'))
    if (!trim(instruction).empty()) calls += call_of(trim(instruction), outputs, inputs) + " ";
  calls += "}";
  calls += std::string((size_t)std::count(body.begin(), body.end(), '\n'), '\n');
  return calls;
}

struct Translation {
  std::string out, kernels;

  void global_function(Text& t) {
    t.word();  // __global__
    std::string bounds = "1024";
    std::string head;
    while (t.at < t.all.size() && t.all[t.at] != '{' && t.all[t.at] != ';') {
      if (t.word_here("__launch_bounds__")) {
        t.word();
        bounds = split(t.parenthesized(), ',')[0];
      } else if (t.all[t.at] == '(') {
        const size_t name_end = head.find_last_not_of(" \t\r\n") + 1;
        size_t name_begin = name_end;
        while (name_begin > 0 && is_word(head[name_begin - 1])) name_begin--;
        const std::string name = head.substr(name_begin, name_end - name_begin);
        const std::string parameters = t.parenthesized();
        head += "(" + parameters + ")";
        t.skip_space();
        // With its parameter types, because a device function may have the same name.
        if (t.at < t.all.size() && t.all[t.at] == '{')
          kernels += "EMULATOR_KERNEL(" + name + ", " + bounds + ", " + parameters + ")\n";
      } else {
        head += t.all[t.at++];
      }
    }
    out += head;
  }

  /** `extern __shared__ T name[];` is the module's one dynamic array. */
  void dynamic_shared(Text& t) {
    const size_t end = t.all.find(';', t.at);
    std::string declaration = t.all.substr(t.at, end - t.at);
    declaration.erase(declaration.find("__shared__"), 10);
    out += declaration + " __asm__(\"emulator_dynamic_shared\") __attribute__((visibility(\"hidden\")))";
    t.at = end;
  }
};

}  // namespace

std::string translate(const std::string& source) {
  Translation result;
  Text t{source};
  while (t.at < source.size()) {
    const char c = source[t.at];
    if (c == '"' || c == '\'') {
      const size_t from = t.at;
      // A digit separator does not start a literal.
      if (c == '\'' && from > 0 && is_word(source[from - 1])) {
        result.out += source[t.at++];
        continue;
      }
      t.skip_literal();
      t.at++;
      result.out += source.substr(from, t.at - from);
    } else if (t.word_here("__global__")) {
      result.global_function(t);
    } else if (t.word_here("extern")) {
      Text ahead{source, t.at};
      ahead.word();
      ahead.skip_space();
      if (ahead.word_here("__shared__"))
        result.dynamic_shared(t);
      else
        result.out += t.word();
    } else if (t.word_here("asm") || t.word_here("__asm__")) {
      t.word();
      t.skip_space();
      while (t.word_here("volatile") || t.word_here("__volatile__")) {
        t.word();
        t.skip_space();
      }
      result.out += translate_assembly(t.parenthesized());
      t.skip_space();
      if (t.at < source.size() && source[t.at] == ';') t.at++;
    } else if (is_word(c)) {
      result.out += t.word();
    } else {
      result.out += source[t.at++];
    }
  }
  return result.out + "\n" + result.kernels;
}

}  // namespace emulator
