#include "services/personalize/solution_configuration.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "data/schema.h"
#include "services/answers.h"
#include "services/personalize/recipe_catalogue.h"

namespace attune {
namespace {

std::optional<double> ParseNumber(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

Status CheckValue(const RecipeParameter& parameter, std::string_view text) {
  if (parameter.kind == ParameterKind::kBoolean || parameter.kind == ParameterKind::kCategorical) {
    const bool known = std::ranges::any_of(parameter.values, [&](std::string_view value) {
      return parameter.kind == ParameterKind::kBoolean ? Lower(value) == Lower(text) : value == text;
    });
    if (known) return {};
    return InvalidArgument(
        fmt::format("{} is '{}'; it must be one of {}.", parameter.name, text, fmt::join(parameter.values, ", ")));
  }
  const auto value = ParseNumber(text);
  const bool is_whole = value && *value == std::trunc(*value);
  if (!value || (parameter.kind == ParameterKind::kInteger && !is_whole)) {
    return InvalidArgument(fmt::format("{} is '{}'; it must be {}.", parameter.name, text,
                                       parameter.kind == ParameterKind::kInteger ? "a whole number" : "a number"));
  }
  if (*value < parameter.min || *value > parameter.max) {
    return InvalidArgument(
        fmt::format("{} is {}; it must lie between {} and {}.", parameter.name, text, parameter.min, parameter.max));
  }
  return {};
}

Status CheckParameters(const RecipeEntry& recipe, ParameterPlace place, const StringMap<std::string>& given) {
  for (const auto& [name, text] : given) {
    const auto found =
        std::ranges::find_if(recipe.parameters, [&, wanted = std::string_view(name)](const auto& parameter) {
          return parameter.name == wanted && parameter.place == place;
        });
    if (found == recipe.parameters.end()) {
      return InvalidArgument(fmt::format(
          "{} is not a {} of the recipe {}.", name,
          place == ParameterPlace::kAlgorithm ? "hyperparameter" : "feature transformation parameter", recipe.name));
    }
    ATTUNE_RETURN_IF_ERROR(CheckValue(*found, text));
  }
  return {};
}

/// The schema of the group's dataset of that type, if there is one.
Result<std::optional<Schema>> FindSchema(CatalogTransaction& transaction, std::string_view group_arn,
                                         std::string_view type) {
  ATTUNE_TRY(const auto datasets, transaction.All<Dataset>(group_arn));
  for (const Dataset& dataset : datasets) {
    if (dataset.type != type) continue;
    ATTUNE_TRY(const auto resource, transaction.Find<SchemaResource>(dataset.schema_arn));
    ATTUNE_TRY(auto schema, Schema::Parse(resource.schema_json));
    return std::optional(std::move(schema));
  }
  return std::optional<Schema>();
}

Status ReadColumns(CatalogTransaction& transaction, std::string_view group_arn, std::string_view member,
                   const StringMap<std::vector<std::string>>& given,
                   std::map<std::string, std::vector<std::string>>* out) {
  for (const auto& [type_text, columns] : given) {
    const auto type = ParseDatasetType(type_text);
    const bool is_known =
        type == DatasetType::kInteractions || type == DatasetType::kItems || type == DatasetType::kUsers;
    if (!is_known) {
      return InvalidArgument(
          fmt::format("{} has the key {}; there are Interactions, Items and Users.", member, type_text));
    }
    ATTUNE_TRY(const auto schema, FindSchema(transaction, group_arn, DatasetTypeText(*type)));
    for (const std::string& column : columns) {
      if (!schema || !schema->FindColumn(column)) {
        return InvalidArgument(
            fmt::format("{} names the column {} of {}, which does not exist.", member, column, type_text));
      }
      const std::string folded = FoldName(column);
      const bool must_stay = folded == "userid" || folded == "itemid" || folded == "timestamp" || folded == "eventtype";
      if (must_stay && member == "excludedDatasetColumns") {
        return InvalidArgument(fmt::format("The column {} of {} cannot be excluded.", column, type_text));
      }
    }
    (*out)[std::string(DatasetTypeText(*type))] = columns;
  }
  return {};
}

/// HPO ranges come back with the part of training that they belong to: "training.bptt", "data.recency_mask".
void QualifyNames(const RecipeEntry& recipe, personalize::HyperParameterRanges& ranges) {
  const auto qualify = [&](std::optional<std::string>& name) {
    if (!name || name->find('.') != std::string::npos) return;
    const bool is_algorithm = std::ranges::any_of(recipe.parameters, [&](const RecipeParameter& parameter) {
      return parameter.name == *name && parameter.place == ParameterPlace::kAlgorithm;
    });
    name = (is_algorithm && *name != "recency_mask" ? "training." : "data.") + *name;
  };
  if (ranges.integer_hyper_parameter_ranges) {
    for (auto& range : *ranges.integer_hyper_parameter_ranges) qualify(range.name);
  }
  if (ranges.continuous_hyper_parameter_ranges) {
    for (auto& range : *ranges.continuous_hyper_parameter_ranges) qualify(range.name);
  }
  if (ranges.categorical_hyper_parameter_ranges) {
    for (auto& range : *ranges.categorical_hyper_parameter_ranges) qualify(range.name);
  }
}

Status ReadConfig(CatalogTransaction& transaction, const RecipeEntry& recipe, const personalize::SolutionConfig& config,
                  Solution* out) {
  if (config.events_config && recipe.name.ends_with("-v2")) {
    return InvalidArgument("eventsConfig is not available in this version.");
  }
  if (config.events_config) {
    return InvalidArgument(fmt::format("eventsConfig is for the v2 recipes; the recipe is {}.", recipe.name));
  }
  if (config.optimization_objective && config.optimization_objective->objective_sensitivity.value_or("OFF") != "OFF") {
    return InvalidArgument("optimizationObjective is not available in this version.");
  }
  if (config.algorithm_hyper_parameters) {
    ATTUNE_RETURN_IF_ERROR(CheckParameters(recipe, ParameterPlace::kAlgorithm, *config.algorithm_hyper_parameters));
    out->algorithm_hyper_parameters = {config.algorithm_hyper_parameters->begin(),
                                       config.algorithm_hyper_parameters->end()};
  }
  if (config.feature_transformation_parameters) {
    ATTUNE_RETURN_IF_ERROR(
        CheckParameters(recipe, ParameterPlace::kFeatureTransformation, *config.feature_transformation_parameters));
    out->feature_transformation_parameters = {config.feature_transformation_parameters->begin(),
                                              config.feature_transformation_parameters->end()};
  }
  if (config.event_value_threshold) {
    out->event_value_threshold = ParseNumber(*config.event_value_threshold);
    if (!out->event_value_threshold) {
      return InvalidArgument(
          fmt::format("eventValueThreshold is '{}'; it must be a number.", *config.event_value_threshold));
    }
    if (out->event_type.empty()) return InvalidArgument("eventValueThreshold needs an eventType.");
  }
  if (config.auto_training_config && config.auto_training_config->scheduling_expression) {
    out->auto_training_expression = *config.auto_training_config->scheduling_expression;
    ATTUNE_RETURN_IF_ERROR(CheckSchedulingExpression(out->auto_training_expression));
  }
  if (config.training_data_config) {
    const auto& columns = *config.training_data_config;
    if (columns.excluded_dataset_columns && columns.included_dataset_columns) {
      return InvalidArgument("excludedDatasetColumns and includedDatasetColumns may not both be given.");
    }
    if (columns.excluded_dataset_columns) {
      ATTUNE_RETURN_IF_ERROR(ReadColumns(transaction, out->parent_arn, "excludedDatasetColumns",
                                         *columns.excluded_dataset_columns, &out->excluded_columns));
    }
    if (columns.included_dataset_columns) {
      ATTUNE_RETURN_IF_ERROR(ReadColumns(transaction, out->parent_arn, "includedDatasetColumns",
                                         *columns.included_dataset_columns, &out->included_columns));
    }
  }
  personalize::SolutionConfig echo = config;
  if (echo.hpo_config && echo.hpo_config->algorithm_hyper_parameter_ranges) {
    QualifyNames(recipe, *echo.hpo_config->algorithm_hyper_parameter_ranges);
  }
  out->solution_config_json = ToJson(echo);
  return {};
}

Result<const RecipeEntry*> ChooseRecipe(const personalize::CreateSolutionRequest& request) {
  if (request.perform_auto_ml.value_or(false)) {
    if (request.recipe_arn) return InvalidArgument("With performAutoML no recipeArn may be given.");
    return FindRecipe("arn:aws:personalize:::recipe/aws-user-personalization");
  }
  if (!request.recipe_arn) return InvalidArgument("recipeArn is missing.");
  ATTUNE_RETURN_IF_ERROR(CheckArn(*request.recipe_arn, "recipe"));
  const RecipeEntry* recipe = FindRecipe(*request.recipe_arn);
  if (recipe == nullptr) return NotFound(fmt::format("Resource Arn {} does not exist.", *request.recipe_arn));
  if (!recipe->domain.empty()) {
    return InvalidArgument(fmt::format("The recipe {} is of the domain {}: it is for recommenders, not for solutions.",
                                       recipe->name, recipe->domain));
  }
  if (!recipe->trainable) {
    return InvalidArgument(fmt::format("The recipe {} cannot be trained by this version of attune.", recipe->name));
  }
  return recipe;
}

}  // namespace

Status CheckSchedulingExpression(std::string_view expression) {
  // The model's pattern has made sure of "rate(N days)".
  constexpr std::string_view kBefore = "rate(";
  constexpr int kDaysMax = 30;
  int days = 0;
  if (expression.starts_with(kBefore)) {
    std::from_chars(expression.data() + kBefore.size(), expression.data() + expression.size(), days);
  }
  if (days >= 1 && days <= kDaysMax) return {};
  return InvalidArgument(fmt::format("schedulingExpression is '{}'; it must say 1 to {} days.", expression, kDaysMax));
}

Status ReadSolution(CatalogTransaction& transaction, const personalize::CreateSolutionRequest& request, Solution* out) {
  ATTUNE_TRY(const RecipeEntry* recipe, ChooseRecipe(request));
  if (request.perform_incremental_update.value_or(false)) {
    return InvalidArgument("performIncrementalUpdate is for the recipe aws-semantic-similarity only.");
  }
  out->recipe_arn = request.recipe_arn.value_or("");
  out->event_type = request.event_type.value_or("");
  out->perform_hpo = request.perform_hpo.value_or(false);
  out->perform_auto_ml = request.perform_auto_ml.value_or(false);
  out->perform_auto_training = request.perform_auto_training.value_or(true);
  ATTUNE_TRY(const auto interactions, FindSchema(transaction, out->parent_arn, "INTERACTIONS"));
  if (!interactions) {
    return InvalidArgument(fmt::format("The dataset group {} has no Interactions dataset, which the recipe {} needs.",
                                       out->parent_arn, recipe->name));
  }
  if (!out->event_type.empty() && !interactions->FindColumn("EVENT_TYPE")) {
    return InvalidArgument("eventType is given, but the Interactions schema has no EVENT_TYPE.");
  }
  if (request.solution_config) ATTUNE_RETURN_IF_ERROR(ReadConfig(transaction, *recipe, *request.solution_config, out));
  if (out->event_value_threshold && !interactions->FindColumn("EVENT_VALUE")) {
    return InvalidArgument("eventValueThreshold is given, but the Interactions schema has no EVENT_VALUE.");
  }
  return {};
}

}  // namespace attune
