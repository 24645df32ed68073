#include "tensor/cpu.h"

#include <fmt/format.h>

#include <hwy/highway.h>
#include <atomic>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace attune {
namespace {

std::atomic<bool> bf16_allowed{true};
std::atomic<bool> tiles_allowed{true};
std::atomic<bool> tiles_emulated{false};

constexpr std::int64_t kAvx512Targets = HWY_AVX3 | HWY_AVX3_DL;

bool ProcessorHasBf16Products() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
         __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512bf16") != 0;
#else
  return false;
#endif
}

bool ProcessorHasTiles() {
#if defined(__x86_64__)
  constexpr unsigned kFeaturesLeaf = 7;
  constexpr unsigned kAmxBf16 = 1U << 22;
  constexpr unsigned kAmxTile = 1U << 24;
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  if (__get_cpuid_count(kFeaturesLeaf, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
  if ((edx & kAmxBf16) == 0 || (edx & kAmxTile) == 0) return false;
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;               // XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

}  // namespace

Status CapCpu(std::string_view level) {
  std::int64_t disabled = 0;
  if (level == "baseline") {
    disabled = kAvx512Targets | HWY_AVX2;
  } else if (level == "avx2") {
    disabled = kAvx512Targets;
  } else if (level != "avx512" && level != "amx") {
    return InvalidArgument(fmt::format("ATTUNE_CPU is {}; it may be baseline, avx2, avx512 or amx", level));
  }
  hwy::DisableTargets(disabled);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  bf16_allowed = disabled == 0;
  tiles_allowed = level == "amx";
  return {};
}

bool HasBf16Products() {
  static const bool processor_has = ProcessorHasBf16Products();
  return processor_has && bf16_allowed;
}

bool HasTileProducts() {
  if (!HasBf16Products() || !tiles_allowed) return false;
  static const bool processor_has = ProcessorHasTiles();
  return processor_has || tiles_emulated;
}

void EmulateTileProducts(bool emulates) { tiles_emulated = emulates; }

bool TileProductsAreEmulated() { return tiles_emulated; }

}  // namespace attune
