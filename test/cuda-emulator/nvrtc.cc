// libnvrtc of the emulator: the same calls, but a "cubin" is a shared library that the system's C++ compiler builds
// from the translated source. Compiled modules are kept in a folder beside this library, keyed by their inputs.

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "translate.h"

#if __has_include(<nvrtc.h>)
#include <nvrtc.h>
#else
extern "C" {
typedef struct _nvrtcProgram* nvrtcProgram;
enum nvrtcResult {
  NVRTC_SUCCESS = 0,
  NVRTC_ERROR_INVALID_INPUT = 3,
  NVRTC_ERROR_INVALID_PROGRAM = 4,
  NVRTC_ERROR_INVALID_OPTION = 5,
  NVRTC_ERROR_COMPILATION = 6,
  NVRTC_ERROR_INTERNAL_ERROR = 11,
};
}
#endif

struct _nvrtcProgram {
  std::string source, name, log, image;
  bool machine_code = false;
};

namespace {

std::string folder() {
  Dl_info info;
  dladdr((void*)&folder, &info);
  const std::string path = info.dli_fname;
  return path.substr(0, path.rfind('/'));
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

/** Runs a shell command and returns its status and its stderr. */
int run(const std::string& command, const std::string& log_path, std::string& log) {
  const int status = system((command + " 2>" + quoted(log_path)).c_str());
  log = read_file(log_path);
  return status;
}

unsigned long long hash(const std::string& text, unsigned long long state) {
  for (const char c : text) state = (state ^ (unsigned char)c) * 1099511628211ull;
  return state;
}

struct Options {
  std::string defines;
  std::string architecture;  // digits: 90
  bool machine_code = false;
  std::string unknown;
};

/** The NVRTC options that we use. -D is passed on; code generation options change nothing here. */
Options read_options(int count, const char* const* options) {
  Options result;
  for (int i = 0; i < count; i++) {
    std::string option = options[i], value;
    const auto takes_value = [&](const char* name) {
      if (option == name && i + 1 < count) return value = options[++i], true;
      const std::string prefix = std::string(name) + "=";
      if (option.compare(0, prefix.size(), prefix) == 0) return value = option.substr(prefix.size()), true;
      return false;
    };
    if (takes_value("--gpu-architecture") || takes_value("-arch")) {
      result.machine_code = value.compare(0, 3, "sm_") == 0;
      result.architecture = value.substr(value.find('_') + 1);
    } else if (takes_value("--define-macro") || takes_value("-D") || option.compare(0, 2, "-D") == 0) {
      if (value.empty()) value = option.substr(2);
      result.defines += " " + quoted("-D" + value);
    } else if (takes_value("--std") || takes_value("-std") || takes_value("--maxrregcount") || takes_value("--fmad") ||
               takes_value("-fmad") || takes_value("--ftz") || takes_value("-ftz") || takes_value("--prec-div") ||
               takes_value("-prec-div") || takes_value("--prec-sqrt") || takes_value("-prec-sqrt") ||
               takes_value("--ptxas-options") || takes_value("-Xptxas") || takes_value("--diag-suppress") ||
               takes_value("-diag-suppress") || takes_value("--split-compile")) {
    } else if (option == "--use_fast_math" || option == "-use_fast_math" || option == "--device-as-default-execution-space" ||
               option == "-default-device" || option == "--default-device" || option == "-lineinfo" ||
               option == "--generate-line-info" || option == "-w" || option == "--disable-warnings" ||
               option == "--extra-device-vectorization" || option == "-restrict" || option == "--restrict" ||
               option == "--minimal" || option == "-minimal") {
    } else {
      result.unknown = option;
    }
  }
  return result;
}

nvrtcResult compile(_nvrtcProgram& program, const Options& options) {
  const std::string here = folder(), modules = here + "/modules";
  mkdir(modules.c_str(), 0700);
  const std::string compiler = read_file(here + "/compiler");
  const std::string all = program.source + "\1" + options.defines + "\1" + options.architecture + "\1" + here;
  char key[40];
  snprintf(key, sizeof key, "%016llx%016llx", hash(all, 14695981039346656037ull), hash(all, 1234567891ull));
  const std::string kept = modules + "/" + key + ".so";
  program.machine_code = options.machine_code;
  if (!(program.image = read_file(kept)).empty()) return NVRTC_SUCCESS;

  const std::string work = modules + "/" + key + "-" + std::to_string(getpid());
  std::ofstream(work + ".cu") << "# 1 \"" << program.name << "\"\n" << program.source;
  const std::string log = work + ".log";
  const std::string architecture = " -D__CUDA_ARCH__=" + options.architecture + "0 -D__CUDACC__ -D__CUDACC_RTC__";
  nvrtcResult result = NVRTC_ERROR_COMPILATION;
  // Preprocesses only the directives. The prelude's macros come in the second pass, after the translation has read the
  // text.
  if (run(compiler + " -E -undef -x c++ -std=c++17" + architecture + options.defines + " " + quoted(work + ".cu") + " -o " +
              quoted(work + ".i"), log, program.log) == 0) {
    try {
      const std::string translated = emulator::translate(read_file(work + ".i"));
      std::ofstream(work + ".cc") << "#include \"prelude.h\"\n" << translated
                                  << "\nextern \"C\" __attribute__((visibility(\"default\"), section(\".data\"))) int "
                                     "emulator_architecture = " << options.architecture << ";\n";
      const std::string flags = read_file(here + "/module-flags");
      const auto beside = [&](const char* object) { return " " + quoted(here + "/" + object); };
      // Linked without the instrumentation flags, which would add the sanitizers' own libraries.
      if (run(compiler + " " + flags + " -c -I" + quoted(here + "/include") + " " + quoted(work + ".cc") + " -o " +
                  quoted(work + ".o"), log, program.log) == 0 &&
          run(compiler + " -shared -nostartfiles " + quoted(work + ".o") + beside("simt.o") + beside("warp.o") +
                  beside("ptx.o") + beside("numbers.o") + " -o " + quoted(work + ".so"), log, program.log) == 0) {
        program.image = read_file(work + ".so");
        rename((work + ".so").c_str(), kept.c_str());
        result = NVRTC_SUCCESS;
      }
    } catch (const std::string& message) {
      program.log = program.name + ": error: " + message + "\n";
    }
  }
  for (const char* suffix : {".cu", ".i", ".cc", ".o", ".so", ".log"})
    if (!getenv("CUDA_EMULATOR_KEEP_SOURCES")) unlink((work + suffix).c_str());
  return result;
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

nvrtcResult nvrtcVersion(int* major, int* minor) {
  const char* version = getenv("CUDA_EMULATOR_NVRTC_VERSION");
  *major = version ? atoi(version) : 13;
  *minor = version && strchr(version, '.') ? atoi(strchr(version, '.') + 1) : 0;
  return NVRTC_SUCCESS;
}

const char* nvrtcGetErrorString(nvrtcResult result) {
  switch ((int)result) {
    case 0: return "NVRTC_SUCCESS";
    case 1: return "NVRTC_ERROR_OUT_OF_MEMORY";
    case 2: return "NVRTC_ERROR_PROGRAM_CREATION_FAILURE";
    case 3: return "NVRTC_ERROR_INVALID_INPUT";
    case 4: return "NVRTC_ERROR_INVALID_PROGRAM";
    case 5: return "NVRTC_ERROR_INVALID_OPTION";
    case 6: return "NVRTC_ERROR_COMPILATION";
    default: return "NVRTC_ERROR_INTERNAL_ERROR";
  }
}

nvrtcResult nvrtcGetNumSupportedArchs(int* count) {
  *count = 6;
  return NVRTC_SUCCESS;
}
nvrtcResult nvrtcGetSupportedArchs(int* architectures) {
  // CUDA 13 no longer supports Volta.
  const int of_12[] = {70, 75, 80, 86, 89, 90}, of_13[] = {75, 80, 86, 90, 100, 120};
  int major, minor;
  nvrtcVersion(&major, &minor);
  memcpy(architectures, major < 13 ? of_12 : of_13, sizeof of_13);
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcCreateProgram(nvrtcProgram* program, const char* source, const char* name, int headers,
                               const char* const*, const char* const*) {
  if (!program || !source || headers) return NVRTC_ERROR_INVALID_INPUT;
  *program = new _nvrtcProgram;
  (*program)->source = source;
  (*program)->name = name ? name : "default_program";
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcDestroyProgram(nvrtcProgram* program) {
  if (!program || !*program) return NVRTC_ERROR_INVALID_PROGRAM;
  delete *program;
  *program = nullptr;
  return NVRTC_SUCCESS;
}

nvrtcResult nvrtcCompileProgram(nvrtcProgram program, int count, const char* const* given) {
  const Options options = read_options(count, given);
  int known[6];
  nvrtcGetSupportedArchs(known);
  bool supported = options.architecture.empty();
  for (const int architecture : known) supported = supported || atoi(options.architecture.c_str()) == architecture;
  if (!options.unknown.empty() || !supported) {
    program->log = "nvrtc: error: invalid value for --gpu-architecture (-arch)\n";
    if (!options.unknown.empty()) program->log = "nvrtc: error: unrecognized option " + options.unknown + " found\n";
    return NVRTC_ERROR_INVALID_OPTION;
  }
  Options chosen = options;
  if (chosen.architecture.empty()) chosen.architecture = "75";
  return compile(*program, chosen);
}

nvrtcResult nvrtcGetProgramLogSize(nvrtcProgram program, size_t* size) {
  *size = program->log.size() + 1;
  return NVRTC_SUCCESS;
}
nvrtcResult nvrtcGetProgramLog(nvrtcProgram program, char* log) {
  memcpy(log, program->log.c_str(), program->log.size() + 1);
  return NVRTC_SUCCESS;
}
nvrtcResult nvrtcGetCUBINSize(nvrtcProgram program, size_t* size) {
  *size = program->machine_code ? program->image.size() : 0;
  return NVRTC_SUCCESS;
}
nvrtcResult nvrtcGetCUBIN(nvrtcProgram program, char* image) {
  if (!program->machine_code) return NVRTC_ERROR_INVALID_PROGRAM;
  memcpy(image, program->image.data(), program->image.size());
  return NVRTC_SUCCESS;
}
nvrtcResult nvrtcGetPTXSize(nvrtcProgram program, size_t* size) {
  *size = program->image.size();
  return NVRTC_SUCCESS;
}
nvrtcResult nvrtcGetPTX(nvrtcProgram program, char* image) {
  memcpy(image, program->image.data(), program->image.size());
  return NVRTC_SUCCESS;
}
}
#pragma GCC visibility pop
