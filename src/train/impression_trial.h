#pragma once

#include <span>

#include "base/status.h"
#include "base/workers.h"
#include "model/training_view.h"
#include "train/sequence_plan.h"
#include "train/validation_case.h"

namespace attune {

/// A SequenceTraining by the plan. Where the view has impressions one without them is tried beside it: nothing of a log
/// says whether what was passed over could have been taken, but where learning from it makes what is taken next clearly
/// harder to foresee (IsClearlyWorse on `cases`), the training without goes on; its steps.impression_weight is 0. That
/// is decided after TrialEpochs of each. Progress is told of one after the other; before the decision only the training
/// with impressions leaves checkpoints, and it goes on from any to the same fit.
Result<SequenceFit> FitSequenceUnharmed(const TrainingView& view, std::span<const ValidationCase> cases,
                                        const SequencePlan& plan, const Workers& workers,
                                        const OnSequenceEpoch& on_epoch, const CheckpointPlace& place = {});

/// Epochs until a training with so many steps an epoch has made options.trial_steps.
int TrialEpochs(std::size_t steps_per_epoch, const SequenceOptions& options);

/// Whether NDCG of `with` is below that of `without` by more than kTrialErrors standard errors: each value lies in
/// 0 … 1, so the variance of their difference over `count` cases is at most the sum of their means over the count.
bool IsClearlyWorse(double with, double without, std::size_t count);
inline constexpr double kTrialErrors = 2;

}  // namespace attune
