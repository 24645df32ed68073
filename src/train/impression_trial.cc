#include "train/impression_trial.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "train/sequence_training.h"

namespace attune {

bool IsClearlyWorse(double with, double without, std::size_t count) {
  if (count == 0) return false;
  return without - with > kTrialErrors * std::sqrt((with + without) / static_cast<double>(count));
}

int TrialEpochs(std::size_t steps_per_epoch, const SequenceOptions& options) {
  const std::size_t each = std::max<std::size_t>(1, steps_per_epoch);
  return static_cast<int>(
      std::min(static_cast<std::size_t>(options.epochs_max), (options.trial_steps + each - 1) / each));
}

Result<SequenceFit> FitSequenceUnharmed(const TrainingView& view, std::span<const ValidationCase> cases,
                                        const SequencePlan& plan, const Workers& workers,
                                        const OnSequenceEpoch& on_epoch, const CheckpointPlace& place) {
  const SequenceOptions& options = plan.options;
  if (view.data->interactions.impressions.empty() || options.steps.impression_weight == 0) {
    return FitSequence(view, cases, plan.shape, options, workers, on_epoch, place);
  }
  const int trial = TrialEpochs(CostOfEpoch(view, plan.shape, options.steps).steps, options);
  OnSequenceEpoch tell;
  if (on_epoch) {
    tell = [&](SequenceProgress progress) {
      progress.trial_epochs = trial;
      on_epoch(progress);
    };
  }
  SequenceOptions plain = options;
  plain.steps.impression_weight = 0;
  std::optional<SequenceTraining> without(std::in_place, view, cases, plan.shape, plain, workers, tell);
  // A checkpoint of this one, or one of the other beyond the trial, says how it was decided.
  if (!without->ResumeFrom(place)) {
    SequenceTraining with(view, cases, plan.shape, options, workers, tell);
    with.ResumeFrom(place);
    ATTUNE_RETURN_IF_ERROR(with.RunTo(trial, place));
    const bool was_decided = with.epoch() > trial;
    if (!was_decided) ATTUNE_RETURN_IF_ERROR(without->RunTo(trial));
    const std::size_t checked = std::min(cases.size(), SequenceTraining::kCheckCasesMax);
    if (was_decided || !IsClearlyWorse(with.validation_ndcg(), without->validation_ndcg(), checked)) {
      without.reset();
      ATTUNE_RETURN_IF_ERROR(with.RunTo(options.epochs_max, place));
      return std::move(with).Finish();
    }
  }
  ATTUNE_RETURN_IF_ERROR(without->RunTo(options.epochs_max, place));
  return std::move(*without).Finish();
}

}  // namespace attune
