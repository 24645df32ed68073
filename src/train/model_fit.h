#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/workers.h"
#include "model/model_parts.h"
#include "model/training_view.h"
#include "train/sequence_plan.h"
#include "train/sequence_trainer.h"
#include "train/validation_case.h"

namespace attune {

struct FitOptions {
  std::uint64_t seed = 1;
  bool recency = true;               ///< Weigh recent popularity (recency_mask).
  std::size_t history_max = 200;     ///< Events of a history that are read.
  std::size_t hidden_dimension = 0;  ///< Of the sequence transformer; 0: by rule.
  std::size_t bptt = 0;              ///< Steps that it looks back over; 0: the whole history.
  /// Floating-point operations that its training may take: it gets as many epochs as that allows, or is left out where
  /// that is fewer than kSequenceEpochsMin. 0: left out.
  double sequence_operations_max = kOperationsByRule;
};

/// How FitModel will train the sequence transformer, if it will.
std::optional<SequencePlan> SequencePlanOf(const TrainingView& view, const FitOptions& options);

/// What every fit needs while it runs. All of it outlives the call.
struct FitContext {
  Workers workers;
  std::function<void(std::string_view step)> on_step;  ///< May be empty.
  OnSequenceEpoch on_epoch = {};                       ///< Of the longest step; may be empty.
  CheckpointPlace checkpoint = {};                     ///< Of the longest step; none: it begins anew.

  /// Cancelled if somebody asked for it.
  Status Step(std::string_view step) const;
};

/// What a fit has learned that another fit, on more data, takes over: weights and choices, not members.
struct FitChoices {
  std::int64_t half_life_ms = 0;
  /// Prior interactions of what users' own and contextual attributes say; 0 where there are none.
  double user_prior_interactions = 0;
  double context_prior_interactions = 0;
  Blend blend;
  std::array<double, ContentModel::kColdFeatures> cold_weights{};
  std::optional<SequenceFit> sequence;
  /// Figures for the manifest: validation quality of the blend and of each feature, and what was chosen.
  std::map<std::string, double> figures;
};

/// Fits members on `view`, then half-life, blend and cold weights on `cases`, whose answers `view` does not hold.
struct FittedModel {
  ModelParts parts;
  FitChoices choices;
};
Result<FittedModel> FitModel(const TrainingView& view, std::span<const ValidationCase> cases, const FitOptions& options,
                             const FitContext& context);

/// Fits members on `view` with what another fit chose.
Result<ModelParts> RefitModel(const TrainingView& view, const FitChoices& choices, const FitOptions& options,
                              const FitContext& context);

}  // namespace attune
