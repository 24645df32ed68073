#pragma once

#include <span>

#include "base/status.h"
#include "base/workers.h"
#include "model/training_view.h"
#include "train/sequence_plan.h"
#include "train/validation_case.h"

namespace attune {

/// Whether the view's impressions may teach: nothing of a log says whether what was passed over could have been taken,
/// but where learning from it makes what is taken next clearly harder to foresee, it is left alone. Two short trainings
/// of one in kTrialEpochShare of the plan's epochs, one with impressions and one without, rank `cases`; returns the
/// plan's impression_weight, or 0 where it IsClearlyWorse. Without impressions it returns the weight at once. The same
/// for any number of threads. Cancelled if the workers are.
Result<float> ChooseImpressionWeight(const TrainingView& view, std::span<const ValidationCase> cases,
                                     const SequencePlan& plan, const Workers& workers);

inline constexpr int kTrialEpochShare = 5;  ///< Each takes a fifth of them.
inline constexpr double kTrialErrors = 2;

/// Whether NDCG of `with` is below that of `without` by more than kTrialErrors standard errors: each value lies in 0 …
/// 1, so the variance of their difference over `count` cases is at most the sum of their means over the count.
bool IsClearlyWorse(double with, double without, std::size_t count);

}  // namespace attune
