// Turns preprocessed CUDA C++ into C++ for the prelude. It works on the text and knows nothing of types.

#pragma once

#include <string>

namespace emulator {

/** @throws std::string what could not be translated, with its line */
std::string translate(const std::string& preprocessed);

}  // namespace emulator
