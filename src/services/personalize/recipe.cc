#include "services/personalize/recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/hash.h"
#include "services/answers.h"
#include "services/personalize/recipe_catalogue.h"

namespace attune {
namespace {

/// A page continues after the name in its token, which carries a check so that other texts are refused.
std::string PageToken(std::string_view name) {
  return ToBase64(AsBytes(fmt::format("{:016x}{}", Hash64(name, 3), name)));
}

Result<std::string> NameOfPageToken(std::string_view token) {
  const auto text = FromBase64(token);
  constexpr std::size_t kCheckDigits = 16;
  if (text && text->size() > kCheckDigits && PageToken(text->substr(kCheckDigits)) == token) {
    return text->substr(kCheckDigits);
  }
  return Status(Code::kInvalidPageToken, "The nextToken is not one that this list returned.");
}

personalize::RecipeSummary Summarise(const RecipeEntry& recipe) {
  return {.name = std::string(recipe.name),
          .recipe_arn = RecipeArn(recipe),
          .status = "ACTIVE",
          .creation_date_time = Timestamp{CreatedMs(recipe)},
          .last_updated_date_time = Timestamp{CreatedMs(recipe)},
          .domain = IfSet(std::string(recipe.domain))};
}

const RecipeEntry* FindByPart(std::string_view arn, std::string_view type, std::string_view RecipeEntry::*part) {
  const auto parsed = Arn::Parse(arn);
  if (!parsed.ok() || parsed->service != "personalize" || parsed->resource_type() != type) return nullptr;
  const auto found = std::ranges::find(Recipes(), parsed->resource_name(), part);
  return found == Recipes().end() ? nullptr : &*found;
}

Status DoesNotExist(const std::string& arn) { return NotFound(fmt::format("Resource Arn {} does not exist.", arn)); }

personalize::DefaultHyperParameterRanges RangesOf(const RecipeEntry& recipe) {
  personalize::DefaultHyperParameterRanges ranges;
  ranges.integer_hyper_parameter_ranges.emplace();
  ranges.continuous_hyper_parameter_ranges.emplace();
  ranges.categorical_hyper_parameter_ranges.emplace();
  for (const RecipeParameter& parameter : recipe.parameters) {
    if (parameter.place != ParameterPlace::kAlgorithm) continue;
    const std::string name(parameter.name);
    switch (parameter.kind) {
      case ParameterKind::kInteger:
        ranges.integer_hyper_parameter_ranges->push_back({.name = name,
                                                          .min_value = static_cast<std::int32_t>(parameter.min),
                                                          .max_value = static_cast<std::int32_t>(parameter.max),
                                                          .is_tunable = parameter.tunable});
        break;
      case ParameterKind::kContinuous:
        ranges.continuous_hyper_parameter_ranges->push_back(
            {.name = name, .min_value = parameter.min, .max_value = parameter.max, .is_tunable = parameter.tunable});
        break;
      case ParameterKind::kBoolean:
      case ParameterKind::kCategorical:
        ranges.categorical_hyper_parameter_ranges->push_back(
            {.name = name,
             .values = std::vector<std::string>(parameter.values.begin(), parameter.values.end()),
             .is_tunable = parameter.tunable});
        break;
    }
  }
  return ranges;
}

StringMap<std::string> DefaultsOf(const RecipeEntry& recipe, ParameterPlace place) {
  StringMap<std::string> defaults;
  for (const RecipeParameter& parameter : recipe.parameters) {
    if (parameter.place == place) defaults[std::string(parameter.name)] = parameter.default_value;
  }
  return defaults;
}

}  // namespace

Result<personalize::ListRecipesResponse> ListRecipes(Context&, const personalize::ListRecipesRequest& request) {
  std::string after;
  if (request.next_token) {
    ATTUNE_TRY(after, NameOfPageToken(*request.next_token));
  }
  const std::size_t limit = static_cast<std::size_t>(request.max_results.value_or(ListQuery::kPageMax));
  personalize::ListRecipesResponse out;
  for (const RecipeEntry& recipe : Recipes()) {
    if (recipe.name <= after || (request.domain && recipe.domain != *request.domain)) continue;
    if (out.recipes.size() == limit) {
      out.next_token = PageToken(*out.recipes.back().name);
      break;
    }
    out.recipes.push_back(Summarise(recipe));
  }
  return out;
}

Result<personalize::DescribeRecipeResponse> DescribeRecipe(Context&,
                                                           const personalize::DescribeRecipeRequest& request) {
  ATTUNE_RETURN_IF_ERROR(CheckArn(request.recipe_arn, "recipe"));
  const RecipeEntry* recipe = FindRecipe(request.recipe_arn);
  if (recipe == nullptr) return DoesNotExist(request.recipe_arn);
  return personalize::DescribeRecipeResponse{
      .recipe = personalize::Recipe{.name = std::string(recipe->name),
                                    .recipe_arn = RecipeArn(*recipe),
                                    .algorithm_arn = AlgorithmArn(*recipe),
                                    .feature_transformation_arn = IfSet(FeatureTransformationArn(*recipe)),
                                    .status = "ACTIVE",
                                    .description = std::string(recipe->description),
                                    .creation_date_time = Timestamp{CreatedMs(*recipe)},
                                    .recipe_type = std::string(recipe->type),
                                    .last_updated_date_time = Timestamp{CreatedMs(*recipe)}}};
}

Result<personalize::DescribeAlgorithmResponse> DescribeAlgorithm(Context&,
                                                                 const personalize::DescribeAlgorithmRequest& request) {
  ATTUNE_RETURN_IF_ERROR(CheckArn(request.algorithm_arn, "algorithm"));
  const RecipeEntry* recipe = FindByPart(request.algorithm_arn, "algorithm", &RecipeEntry::algorithm);
  if (recipe == nullptr) return DoesNotExist(request.algorithm_arn);
  return personalize::DescribeAlgorithmResponse{
      .algorithm =
          personalize::Algorithm{.name = std::string(recipe->algorithm),
                                 .algorithm_arn = AlgorithmArn(*recipe),
                                 .default_hyper_parameters = DefaultsOf(*recipe, ParameterPlace::kAlgorithm),
                                 .default_hyper_parameter_ranges = RangesOf(*recipe),
                                 .default_resource_config = StringMap<std::string>{{"maxNumberOfTrainingJobs", "40"},
                                                                                   {"maxParallelTrainingJobs", "10"}},
                                 .training_input_mode = "File",
                                 .creation_date_time = Timestamp{CreatedMs(*recipe)},
                                 .last_updated_date_time = Timestamp{CreatedMs(*recipe)}}};
}

Result<personalize::DescribeFeatureTransformationResponse> DescribeFeatureTransformation(
    Context&, const personalize::DescribeFeatureTransformationRequest& request) {
  ATTUNE_RETURN_IF_ERROR(CheckArn(request.feature_transformation_arn, "feature-transformation"));
  const RecipeEntry* recipe =
      FindByPart(request.feature_transformation_arn, "feature-transformation", &RecipeEntry::feature_transformation);
  if (recipe == nullptr) return DoesNotExist(request.feature_transformation_arn);
  return personalize::DescribeFeatureTransformationResponse{
      .feature_transformation = personalize::FeatureTransformation{
          .name = std::string(recipe->feature_transformation),
          .feature_transformation_arn = FeatureTransformationArn(*recipe),
          .default_parameters = DefaultsOf(*recipe, ParameterPlace::kFeatureTransformation),
          .creation_date_time = Timestamp{CreatedMs(*recipe)},
          .last_updated_date_time = Timestamp{CreatedMs(*recipe)},
          .status = "ACTIVE"}};
}

}  // namespace attune
