// See gemm-bf16-units.h.

#include "gemm-bf16-units.h"

#include <cerrno>

#if defined(__linux__) && defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "gemm-bf16-pairs.h"
#include "gemm-bf16-squares.h"
#include "gemm-bf16-tiles.h"

namespace gemm {
namespace {

void nothing() {}

constexpr Unit kPortableTiles{nothing, nothing, multiply_on_tiles<PortableTiles>};
constexpr Unit kPortablePairs{nothing, nothing, multiply_pairs<PortablePairs>};
constexpr Unit kPortableSquares{nothing, nothing, multiply_squares<PortableSquares>};
#if defined(GEMM_MATRIX_TILES)
constexpr Unit kAmx{MatrixTiles::configure, MatrixTiles::release, multiply_on_tiles<MatrixTiles>};
#endif
#if defined(GEMM_VECTOR_PAIRS)
constexpr Unit kAvx512Bf16{nothing, nothing, multiply_pairs<VectorPairs>};
#endif
#if defined(GEMM_VECTOR_SQUARES)
constexpr Unit kBfmmla{nothing, nothing, multiply_squares<VectorSquares>};
#endif

thread_local const Unit* chosen = nullptr;

}  // namespace

const Unit* chosen_unit() { return chosen; }

const Unit* unit_of(UnitKind kind) {
  switch (kind) {
    case UnitKind::portable_tiles:
      return &kPortableTiles;
    case UnitKind::portable_pairs:
      return &kPortablePairs;
    case UnitKind::portable_squares:
      return &kPortableSquares;
    case UnitKind::amx:
#if defined(GEMM_MATRIX_TILES)
      return &kAmx;
#else
      return nullptr;
#endif
    case UnitKind::avx512_bf16:
#if defined(GEMM_VECTOR_PAIRS)
      return &kAvx512Bf16;
#else
      return nullptr;
#endif
    case UnitKind::bfmmla:
#if defined(GEMM_VECTOR_SQUARES)
      return &kBfmmla;
#else
      return nullptr;
#endif
    case UnitKind::widening:
      break;
  }
  return nullptr;
}

}  // namespace gemm

extern "C" {

/** Whether this library was compiled for a unit (UnitKind). The processor may lack it all the same. */
int32_t ct_has_bf16_unit(int32_t kind) {
  const auto unit = static_cast<gemm::UnitKind>(kind);
  return unit == gemm::UnitKind::widening || gemm::unit_of(unit) != nullptr;
}

/** Sets the unit (UnitKind) of later products from this thread. One that this library lacks means widening. */
void ct_use_bf16_unit(int32_t kind) { gemm::chosen = gemm::unit_of(static_cast<gemm::UnitKind>(kind)); }

/** Asks Linux for the state of AMX's tiles, which it keeps only for processes that ask. Returns 0, or why not (errno). */
int32_t ct_request_tiles() {
#if defined(__linux__) && defined(__x86_64__)
  constexpr int kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILE_DATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0 ? 0 : errno;
#else
  return ENOSYS;
#endif
}

}  // extern "C"
