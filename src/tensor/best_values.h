#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace attune {

/// Indexes of the `k` largest values, ascending by index; of equal ones those of lower index. All of them where there
/// are no more than `k`. No NaN. A pass over the values, and little beside it where `k` is small.
std::vector<std::uint32_t> BestValues(std::span<const float> values, std::size_t k);

}  // namespace attune
