#include "train/train_parameters.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "model/recommender_model.h"

namespace attune {
namespace {

Result<std::size_t> ParseWhole(const std::string& name, const std::string& text, std::size_t low, std::size_t high) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < low || value > high) {
    return InvalidArgument(
        fmt::format("The value {} of hyperparameter {} is not an integer from {} to {}.", text, name, low, high));
  }
  return value;
}

Result<double> ParseShare(const std::string& name, const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= 0) || value > 1) {
    return InvalidArgument(fmt::format("The value {} of parameter {} is not a number from 0 to 1.", text, name));
  }
  return value;
}

Result<bool> ParseBool(const std::string& name, const std::string& text) {
  if (text == "True" || text == "true") return true;
  if (text == "False" || text == "false") return false;
  return InvalidArgument(fmt::format("The value {} of hyperparameter {} is not True or False.", text, name));
}

}  // namespace

Result<RecipeParameters> ParseRecipeParameters(const TrainParameters& parameters) {
  RecipeParameters parsed;
  for (const auto& [name, text] : parameters.parameters) {
    if (name == "hidden_dimension") {
      ATTUNE_TRY(parsed.hidden_dimension, ParseWhole(name, text, 32, 256));
    } else if (name == "bptt") {
      ATTUNE_TRY(parsed.bptt, ParseWhole(name, text, 2, 32));
    } else if (name == "recency_mask" || name == "apply_recency_bias") {  // The v2 recipes' name for it.
      ATTUNE_TRY(parsed.recency_mask, ParseBool(name, text));
    } else if (name == "min_user_history_length_percentile") {
      ATTUNE_TRY(parsed.min_user_history_length_percentile, ParseShare(name, text));
    } else if (name == "max_user_history_length_percentile") {
      ATTUNE_TRY(parsed.max_user_history_length_percentile, ParseShare(name, text));
    } else {
      return InvalidArgument(fmt::format("The recipe {} has no parameter {}.", parameters.recipe, name));
    }
  }
  if (parsed.min_user_history_length_percentile > parsed.max_user_history_length_percentile) {
    return InvalidArgument("min_user_history_length_percentile is greater than max_user_history_length_percentile.");
  }
  return parsed;
}

Status CheckTrainParameters(const TrainParameters& parameters) {
  const auto parsed = ParseRecipeParameters(parameters);
  return parsed.ok() ? Status() : parsed.status();
}

Result<FitOptions> FitOptionsOf(const TrainParameters& parameters) {
  ATTUNE_TRY(const auto recipe, ParseRecipeParameters(parameters));
  return FitOptions{.seed = parameters.seed,
                    .recency = recipe.recency_mask,
                    .history_max = RecommenderModel::kHistoryMax,
                    .hidden_dimension = recipe.hidden_dimension,
                    .bptt = recipe.bptt,
                    .sequence_operations_max = parameters.sequence_operations_max};
}

}  // namespace attune
