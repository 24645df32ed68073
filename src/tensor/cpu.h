#pragma once

#include <string_view>

#include "base/status.h"

namespace attune {

/// Lets no kernel use more than `level` of this processor: "baseline" (SSE), "avx2", "avx512" (with bf16 products where
/// the processor has them) or "amx" (with matrix tiles, too). For ATTUNE_CPU and tests; before or between computations,
/// not during one. InvalidArgument for another name.
Status CapCpu(std::string_view level);

/// Whether products of bf16 numbers, two at a time (AVX512-BF16), may be used.
bool HasBf16Products();

/// Whether TileProducts may be used beside them. The first call asks the kernel for the tiles' state (Linux,
/// Documentation/arch/x86/xstate.rst), for all threads.
bool HasTileProducts();

/// For tests: tiles are computed by their twin wherever HasBf16Products(), until `emulates` is false again.
void EmulateTileProducts(bool emulates);
bool TileProductsAreEmulated();

}  // namespace attune
