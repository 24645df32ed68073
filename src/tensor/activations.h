#pragma once

#include <cstddef>
#include <span>

namespace attune {

/// Replaces each of `row` by its share of Σ exp: the largest is subtracted first, so that nothing overflows. Returns
/// log Σ exp of what was there. Requires a value at least.
float SoftmaxInPlace(std::span<float> row);

/// log Σ exp of `row`, minus infinity where it has nothing else.
float LogSumExp(std::span<const float> row);

/// Replaces each value x by 1 / (1 + exp(-x)).
void SigmoidInPlace(std::span<float> values);

}  // namespace attune
