// The types of the driver API: NVIDIA's own header if it is installed, so that a compiler checks our signatures, and
// otherwise the part of it that the emulator needs.

#pragma once

#include <cstddef>

#if __has_include(<cuda.h>) && !defined(EMULATOR_OWN_TYPES)
#define __CUDA_API_VERSION_INTERNAL 1
#include <cuda.h>
#else
typedef int CUresult;
typedef unsigned long long CUdeviceptr;
typedef int CUdevice;
typedef struct CUctx_st* CUcontext;
typedef struct CUmod_st* CUmodule;
typedef struct CUfunc_st* CUfunction;
typedef struct CUstream_st* CUstream;
typedef struct CUevent_st* CUevent;
typedef struct CUgraph_st* CUgraph;
typedef struct CUgraphExec_st* CUgraphExec;
typedef struct CUgraphNode_st* CUgraphNode;
typedef int CUjit_option;
typedef int CUdevice_attribute;
typedef int CUfunction_attribute;
typedef int CUfunc_cache;
typedef int CUstreamCaptureMode;
typedef int CUstreamCaptureStatus;
typedef int CUpointer_attribute;
typedef struct CUuuid_st {
  char bytes[16];
} CUuuid;
#define CUDAAPI
#endif

/** Results by number, convertible to both kinds of CUresult. */
namespace result {
constexpr int kInvalidValue = 1, kOutOfMemory = 2, kNotInitialized = 3, kNoDevice = 100, kInvalidDevice = 101,
              kInvalidImage = 200, kInvalidContext = 201, kNoBinary = 209, kInvalidHandle = 400, kNotFound = 500,
              kNotReady = 600, kLaunchOutOfResources = 701, kContextIsDestroyed = 709, kCaptureUnsupported = 900,
              kCaptureInvalidated = 901, kCaptureUnmatched = 903, kCaptureUnjoined = 904, kCaptureImplicit = 906,
              kCapturedEvent = 907;
}
