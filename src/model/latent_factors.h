#pragma once

#include <cstdint>
#include <vector>

#include "base/workers.h"
#include "model/training_view.h"

namespace attune {

/// A place for every item in few dimensions, so that items that the same users take stand in the same direction: the
/// right singular vectors of the user-item matrix, each user's and item's entries divided by the square root of their
/// count, times the singular values. Row-major [N, D] with D = kDimensions. Zero rows for items nobody took. By
/// randomised subspace iteration (Halko, Martinsson and Tropp, 2011); the same bits for any number of threads.
std::vector<float> FitLatentFactors(const TrainingView& view, std::uint64_t seed, const Workers& workers);

inline constexpr std::size_t kLatentDimensions = 32;

}  // namespace attune
