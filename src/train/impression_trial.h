#pragma once

#include <span>

#include "base/status.h"
#include "base/workers.h"
#include "model/training_view.h"
#include "train/sequence_plan.h"
#include "train/validation_case.h"

namespace attune {

/// FitSequence by the plan, and where the view has impressions once more without them: nothing of a log says whether
/// what was passed over could have been taken, but where learning from it makes what is taken next clearly harder to
/// foresee (IsClearlyWorse on `cases`), the fit without is given; its steps.impression_weight is 0. That takes twice as
/// long. Progress is told of one fit after the other; only the first leaves checkpoints.
Result<SequenceFit> FitSequenceUnharmed(const TrainingView& view, std::span<const ValidationCase> cases,
                                        const SequencePlan& plan, const Workers& workers,
                                        const OnSequenceEpoch& on_epoch, const CheckpointPlace& place = {});

inline constexpr double kTrialErrors = 2;

/// Whether NDCG of `with` is below that of `without` by more than kTrialErrors standard errors: each value lies in
/// 0 … 1, so the variance of their difference over `count` cases is at most the sum of their means over the count.
bool IsClearlyWorse(double with, double without, std::size_t count);

}  // namespace attune
