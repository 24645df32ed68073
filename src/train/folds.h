#pragma once

#include <cstdint>
#include <vector>

#include "model/training_view.h"
#include "train/model_fit.h"

namespace attune {

/// The view without users whose history length lies outside the two percentiles (0 … 1) of all lengths.
TrainingView WithoutExtremeUsers(const TrainingView& view, double min_percentile, double max_percentile);

/// A view and questions about what it does not hold.
struct Fold {
  TrainingView view;
  std::vector<ValidationCase> cases;
};

/// Takes the newest events of users with two or more out of the view and asks for them: one a user, more where there
/// are few users (but never more than a fifth of a history), at most kCasesMax; which users is drawn from `seed`.
Fold HoldOutNewest(const TrainingView& view, std::uint64_t seed);

/// A tenth of the users with two or more events, at least one, drawn from `seed`, ascending.
std::vector<std::uint32_t> DrawTestUsers(const TrainingView& view, std::uint64_t seed);

/// The view without these users' events.
TrainingView WithoutUsers(const TrainingView& view, std::span<const std::uint32_t> users);

inline constexpr std::size_t kCasesMax = 4000;
inline constexpr std::size_t kCasesWanted = 1000;

}  // namespace attune
