#pragma once

#include "base/status.h"
#include "train/model_fit.h"
#include "train/train_solution.h"

namespace attune {

/// The recipe's parameters as numbers.
struct RecipeParameters {
  std::size_t hidden_dimension = 0;  ///< 0: not given.
  std::size_t bptt = 0;              ///< 0: not given.
  bool recency_mask = true;
  double min_user_history_length_percentile = 0;
  double max_user_history_length_percentile = 0.99;
};

/// InvalidArgument for a name the recipe does not have, a value that is no number, or one out of its range.
Result<RecipeParameters> ParseRecipeParameters(const TrainParameters& parameters);

/// What a fit is told by these parameters. Errors as above.
Result<FitOptions> FitOptionsOf(const TrainParameters& parameters);

}  // namespace attune
