#include "tensor/cpu.h"

#include <fmt/format.h>

#include <hwy/highway.h>
#include <atomic>

namespace attune {
namespace {

std::atomic<bool> bf16_allowed{true};

constexpr std::int64_t kAvx512Targets = HWY_AVX3 | HWY_AVX3_DL;

bool ProcessorHasBf16Products() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
         __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512bf16") != 0;
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
  return {};
}

bool HasBf16Products() {
  static const bool processor_has = ProcessorHasBf16Products();
  return processor_has && bf16_allowed;
}

}  // namespace attune
