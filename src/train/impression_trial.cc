#include "train/impression_trial.h"

#include <cmath>
#include <utility>

namespace attune {

bool IsClearlyWorse(double with, double without, std::size_t count) {
  if (count == 0) return false;
  return without - with > kTrialErrors * std::sqrt((with + without) / static_cast<double>(count));
}

Result<SequenceFit> FitSequenceUnharmed(const TrainingView& view, std::span<const ValidationCase> cases,
                                        const SequencePlan& plan, const Workers& workers,
                                        const OnSequenceEpoch& on_epoch, const CheckpointPlace& place) {
  SequenceOptions options = plan.options;
  if (view.data->interactions.impressions.empty() || options.steps.impression_weight == 0) {
    return FitSequence(view, cases, plan.shape, options, workers, on_epoch, place);
  }
  const auto tell = [&](SequenceProgress progress) {
    progress.fit_count = 2;
    if (on_epoch) on_epoch(progress);
  };
  ATTUNE_TRY(auto with, FitSequence(view, cases, plan.shape, options, workers, tell, place));
  options.steps.impression_weight = 0;
  ATTUNE_TRY(auto without, FitSequence(view, cases, plan.shape, options, workers, tell));
  return IsClearlyWorse(with.validation_ndcg, without.validation_ndcg, cases.size()) ? std::move(without)
                                                                                     : std::move(with);
}

}  // namespace attune
