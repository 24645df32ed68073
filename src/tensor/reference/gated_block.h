#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tensor/gated_block.h"

namespace attune::reference {

/// What attune::GatedBlockForward computes without dropout, step by step in double.
std::vector<double> GatedBlockForward(const BlockShape& shape, std::span<const double> parameters,
                                      std::span<const std::int64_t> time_ms, std::span<const double> x);

}  // namespace attune::reference
