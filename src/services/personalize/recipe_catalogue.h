#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace attune {

/// Where a parameter of a recipe is given.
enum class ParameterPlace { kAlgorithm, kFeatureTransformation };
enum class ParameterKind { kInteger, kContinuous, kBoolean, kCategorical };

struct RecipeParameter {
  std::string_view name;
  ParameterPlace place = ParameterPlace::kAlgorithm;
  ParameterKind kind = ParameterKind::kInteger;
  std::string_view default_value;
  double min = 0;
  double max = 0;
  std::vector<std::string_view> values;  ///< Of a categorical one.
  bool tunable = false;                  ///< By hyperparameter optimisation.
};

/// One built-in recipe (Amazon Personalize guide, "Choosing a recipe").
struct RecipeEntry {
  std::string_view name;
  std::string_view type;    ///< "USER_PERSONALIZATION"
  std::string_view domain;  ///< "" for custom recipes.
  std::string_view algorithm;
  std::string_view feature_transformation;
  std::string_view created;  ///< ISO day.
  std::string_view description;
  bool trainable = false;  ///< By this version of attune.
  std::vector<RecipeParameter> parameters;
};

/// All recipes by name, alphabetically.
std::span<const RecipeEntry> Recipes();

/// Null if `arn` is not arn:…:personalize:::recipe/<known name>.
const RecipeEntry* FindRecipe(std::string_view arn);

std::string RecipeArn(const RecipeEntry& recipe);
std::string AlgorithmArn(const RecipeEntry& recipe);
/// "" where the recipe has none.
std::string FeatureTransformationArn(const RecipeEntry& recipe);

/// When it came, in milliseconds since 1970 UTC.
std::int64_t CreatedMs(const RecipeEntry& recipe);

}  // namespace attune
