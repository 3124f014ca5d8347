// Turns preprocessed CUDA C++ into C++ for the prelude. Knows the language's surface only: it reads text, not types.

#pragma once

#include <string>

namespace emulator {

/** @throws std::string what could not be translated, with its line. */
std::string translate(const std::string& preprocessed);

}  // namespace emulator
