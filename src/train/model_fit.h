#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/workers.h"
#include "model/model_parts.h"
#include "model/training_view.h"

namespace attune {

/// A question with a known answer: interaction `position` of the data is what `user` took next; the history is what
/// the user did before it.
struct ValidationCase {
  std::uint32_t user = 0;
  std::uint32_t position = 0;
};

struct FitOptions {
  std::uint64_t seed = 1;
  bool recency = true;            ///< Weigh recent popularity (recency_mask).
  std::size_t history_max = 200;  ///< Events of a history that are read.
};

/// What every fit needs while it runs. All of it outlives the call.
struct FitContext {
  Workers workers;
  std::function<void(std::string_view step)> on_step;  ///< May be empty.

  /// Cancelled if somebody asked for it.
  Status Step(std::string_view step) const;
};

/// What a fit has learned that another fit, on more data, takes over: weights and choices, not members.
struct FitChoices {
  std::int64_t half_life_ms = 0;
  Blend blend;
  std::array<double, ContentModel::kColdFeatures> cold_weights{};
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

/// The query of a case. Views into the data.
Query CaseQuery(const TrainingData& data, const ValidationCase& validation_case, std::size_t history_max);

}  // namespace attune
