#include "train/impression_trial.h"

#include <algorithm>
#include <cmath>

namespace attune {
namespace {

Result<double> TrialNdcg(const TrainingView& view, std::span<const ValidationCase> cases, const SequencePlan& plan,
                         float impression_weight, const Workers& workers) {
  SequenceOptions options = plan.options;
  options.epochs_max = std::max(1, options.epochs_max / kTrialEpochShare);
  options.epochs_between_checks = options.epochs_max;
  options.steps.impression_weight = impression_weight;
  ATTUNE_TRY(const auto fit, FitSequence(view, cases, plan.shape, options, workers, {}));
  return fit.validation_ndcg;
}

}  // namespace

bool IsClearlyWorse(double with, double without, std::size_t count) {
  if (count == 0) return false;
  return without - with > kTrialErrors * std::sqrt((with + without) / static_cast<double>(count));
}

Result<float> ChooseImpressionWeight(const TrainingView& view, std::span<const ValidationCase> cases,
                                     const SequencePlan& plan, const Workers& workers) {
  const float weight = plan.options.steps.impression_weight;
  if (view.data->interactions.impressions.empty() || weight == 0) return weight;
  ATTUNE_TRY(const double without, TrialNdcg(view, cases, plan, 0, workers));
  ATTUNE_TRY(const double with, TrialNdcg(view, cases, plan, weight, workers));
  return IsClearlyWorse(with, without, cases.size()) ? 0.0f : weight;
}

}  // namespace attune
