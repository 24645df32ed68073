#pragma once

#include <cstddef>
#include <span>

namespace attune {

/// Replaces each of `row` by its share of Σ exp: the largest is subtracted first, so that nothing overflows. Returns
/// log Σ exp of what was there. Requires a value at least.
float SoftmaxInPlace(std::span<float> row);

/// Replaces each value x by 1 / (1 + exp(-x)).
void SigmoidInPlace(std::span<float> values);

}  // namespace attune
