#include "services/personalize/recipe_catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>

namespace attune {
namespace {

using enum ParameterPlace;
using enum ParameterKind;

constexpr std::string_view kUserPersonalization = "USER_PERSONALIZATION";
constexpr std::string_view kRelatedItems = "RELATED_ITEMS";
constexpr std::string_view kPopularItems = "POPULAR_ITEMS";
constexpr std::string_view kPersonalizedRanking = "PERSONALIZED_RANKING";
constexpr std::string_view kUserSegmentation = "USER_SEGMENTATION";
constexpr std::string_view kPersonalizedActions = "PERSONALIZED_ACTIONS";
constexpr std::string_view kEcommerce = "ECOMMERCE";
constexpr std::string_view kVideo = "VIDEO_ON_DEMAND";
constexpr double kUnbounded = std::numeric_limits<double>::max();

std::vector<RecipeParameter> SequenceParameters(std::string_view hidden_dimension) {
  return {{"hidden_dimension", kAlgorithm, kInteger, hidden_dimension, 32, 256, {}, true},
          {"bptt", kAlgorithm, kInteger, "32", 2, 32, {}, true},
          {"recency_mask", kAlgorithm, kBoolean, "True", 0, 0, {"True", "False"}, true},
          {"min_user_history_length_percentile", kFeatureTransformation, kContinuous, "0.0", 0, 1, {}, false},
          {"max_user_history_length_percentile", kFeatureTransformation, kContinuous, "0.99", 0, 1, {}, false}};
}

std::vector<RecipeParameter> ColdStartParameters() {
  auto parameters = SequenceParameters("149");
  parameters.insert(parameters.end(),
                    {{"cold_start_max_interactions", kFeatureTransformation, kInteger, "15", 1, kUnbounded, {}, false},
                     {"cold_start_max_duration", kFeatureTransformation, kContinuous, "5.0", 0, kUnbounded, {}, false},
                     {"cold_start_relative_from",
                      kFeatureTransformation,
                      kCategorical,
                      "latestItem",
                      0,
                      0,
                      {"currentTime", "latestItem"},
                      false}});
  return parameters;
}

std::vector<RecipeParameter> SimsParameters() {
  return {{"popularity_discount_factor", kAlgorithm, kContinuous, "0.5", 0, 1, {}, true},
          {"min_cointeraction_count", kAlgorithm, kInteger, "3", 0, 10, {}, true},
          {"min_user_history_length_percentile", kFeatureTransformation, kContinuous, "0.005", 0, 1, {}, false},
          {"max_user_history_length_percentile", kFeatureTransformation, kContinuous, "0.995", 0, 1, {}, false},
          {"min_item_interaction_count_percentile", kFeatureTransformation, kContinuous, "0.01", 0, 1, {}, false},
          {"max_item_interaction_count_percentile", kFeatureTransformation, kContinuous, "0.9", 0, 1, {}, false}};
}

std::vector<RecipeParameter> SimilarItemsParameters() {
  return {{"item_id_hidden_dim", kAlgorithm, kInteger, "100", 30, 200, {}, true},
          {"item_metadata_hidden_dim", kAlgorithm, kInteger, "100", 30, 200, {}, true},
          {"popularity_discount_factor", kAlgorithm, kContinuous, "0.0", 0, 1, {}, true}};
}

std::vector<RecipeParameter> TrendingParameters() {
  return {{"trend_discovery_frequency",
           kFeatureTransformation,
           kCategorical,
           "2 hours",
           0,
           0,
           {"30 minutes", "1 hour", "2 hours", "3 hours", "1 day"},
           false}};
}

std::vector<RecipeParameter> RecencyBiasParameter() {
  return {{"apply_recency_bias", kAlgorithm, kBoolean, "true", 0, 0, {"true", "false"}, false}};
}

std::vector<RecipeParameter> AffinityParameters() {
  return {{"hidden_dimension", kAlgorithm, kInteger, "149", 32, 256, {}, false}};
}

std::vector<RecipeEntry> MakeRecipes() {
  constexpr std::string_view kPercentiles = "JSON-percentile-filtering";
  std::vector<RecipeEntry> recipes{
      {"aws-user-personalization", kUserPersonalization, "", "aws-user-personalization", kPercentiles, "2019-06-10",
       "Predicts what a user does next, and explores new items.", true, SequenceParameters("149")},
      {"aws-user-personalization-v2", kUserPersonalization, "", "aws-user-personalization-v2", kPercentiles,
       "2024-01-01", "Predicts what a user does next from large catalogues.", false, RecencyBiasParameter()},
      {"aws-hrnn", kUserPersonalization, "", "aws-hrnn", kPercentiles, "2019-06-10",
       "Predicts what a user does next; the same as aws-user-personalization without exploration.", true,
       SequenceParameters("43")},
      {"aws-hrnn-metadata", kUserPersonalization, "", "aws-hrnn-metadata", "featurize_metadata", "2019-06-10",
       "Predicts what a user does next, with metadata.", true, SequenceParameters("43")},
      {"aws-hrnn-coldstart", kUserPersonalization, "", "aws-hrnn-coldstart", "featurize_coldstart", "2019-06-10",
       "Predicts what a user does next, with new items.", true, ColdStartParameters()},
      {"aws-popularity-count",
       kPopularItems,
       "",
       "aws-popularity-count",
       "sims",
       "2019-06-10",
       "Ranks items by how many users met them.",
       false,
       {}},
      {"aws-trending-now", kPopularItems, "", "aws-trending-now-custom", "", "2022-11-15",
       "Ranks items by how fast they gain interactions.", false, TrendingParameters()},
      {"aws-personalized-ranking", kPersonalizedRanking, "", "aws-personalized-ranking", kPercentiles, "2019-06-10",
       "Orders given items for a user.", true, SequenceParameters("149")},
      {"aws-personalized-ranking-v2", kPersonalizedRanking, "", "aws-personalized-ranking-v2", "", "2024-01-01",
       "Orders given items for a user, from large catalogues.", true, RecencyBiasParameter()},
      {"aws-similar-items", kRelatedItems, "", "aws-similar-items", "", "2021-09-01",
       "Finds items like a given one, from interactions and metadata.", false, SimilarItemsParameters()},
      {"aws-sims", kRelatedItems, "", "aws-sims", "sims", "2019-06-10", "Finds items that the same users met.", false,
       SimsParameters()},
      {"aws-semantic-similarity",
       kRelatedItems,
       "",
       "aws-semantic-similarity",
       "aws-semantic-similarity",
       "2025-12-01",
       "Finds items whose texts mean the like.",
       false,
       {}},
      {"aws-next-best-action",
       kPersonalizedActions,
       "",
       "aws-next-best-action",
       "",
       "2023-08-11",
       "Ranks actions by the chance that a user takes them.",
       false,
       {{"action_optimization_period", kAlgorithm, kInteger, "14", 7, 28, {}, false}}},
      {"aws-item-affinity", kUserSegmentation, "", "aws-item-affinity", "item-affinity", "2021-07-15",
       "Finds the users most likely to meet an item.", false, AffinityParameters()},
      {"aws-item-attribute-affinity", kUserSegmentation, "", "aws-item-attribute-affinity", "item-attribute-affinity",
       "2021-08-25", "Finds the users most likely to meet items with given attributes.", false, AffinityParameters()},
      {"aws-vod-because-you-watched-x",
       kRelatedItems,
       kVideo,
       "aws-vod-because-you-watched-x",
       "",
       "2021-11-29",
       "Because you watched X.",
       false,
       {}},
      {"aws-vod-more-like-x",
       kRelatedItems,
       kVideo,
       "aws-vod-more-like-x",
       "",
       "2021-11-29",
       "More like X.",
       false,
       {}},
      {"aws-vod-most-popular",
       kPopularItems,
       kVideo,
       "aws-vod-most-popular",
       "",
       "2021-11-29",
       "Most popular.",
       false,
       {}},
      {"aws-vod-trending-now",
       kPopularItems,
       kVideo,
       "aws-vod-trending-now",
       "",
       "2022-11-15",
       "Trending now.",
       false,
       {}},
      {"aws-vod-top-picks",
       kUserPersonalization,
       kVideo,
       "aws-vod-top-picks",
       "",
       "2021-11-29",
       "Top picks for you.",
       false,
       {}},
      {"aws-ecomm-popular-items-by-views",
       kPopularItems,
       kEcommerce,
       "aws-ecomm-popular-items-by-views",
       "",
       "2021-11-29",
       "Most viewed.",
       false,
       {}},
      {"aws-ecomm-popular-items-by-purchases",
       kPopularItems,
       kEcommerce,
       "aws-ecomm-popular-items-by-purchases",
       "",
       "2021-11-29",
       "Best sellers.",
       false,
       {}},
      {"aws-ecomm-frequently-bought-together",
       kRelatedItems,
       kEcommerce,
       "aws-ecomm-frequently-bought-together",
       "",
       "2021-11-29",
       "Frequently bought together.",
       false,
       {}},
      {"aws-ecomm-customers-who-viewed-x-also-viewed",
       kRelatedItems,
       kEcommerce,
       "aws-ecomm-customers-who-viewed-x-also-viewed",
       "",
       "2021-11-29",
       "Customers who viewed X also viewed.",
       false,
       {}},
      {"aws-ecomm-recommended-for-you",
       kUserPersonalization,
       kEcommerce,
       "aws-ecomm-recommended-for-you",
       "",
       "2021-11-29",
       "Recommended for you.",
       false,
       {}},
  };
  std::ranges::sort(recipes, {}, &RecipeEntry::name);
  return recipes;
}

}  // namespace

std::span<const RecipeEntry> Recipes() {
  static const std::vector<RecipeEntry> recipes = MakeRecipes();
  return recipes;
}

const RecipeEntry* FindRecipe(std::string_view arn) {
  constexpr std::string_view kBeforeName = ":personalize:::recipe/";
  const std::size_t at = arn.find(kBeforeName);
  if (!arn.starts_with("arn:") || at == std::string_view::npos) return nullptr;
  const auto found = std::ranges::find(Recipes(), arn.substr(at + kBeforeName.size()), &RecipeEntry::name);
  return found == Recipes().end() ? nullptr : &*found;
}

std::string RecipeArn(const RecipeEntry& recipe) { return fmt::format("arn:aws:personalize:::recipe/{}", recipe.name); }

std::string AlgorithmArn(const RecipeEntry& recipe) {
  return fmt::format("arn:aws:personalize:::algorithm/{}", recipe.algorithm);
}

std::string FeatureTransformationArn(const RecipeEntry& recipe) {
  if (recipe.feature_transformation.empty()) return {};
  return fmt::format("arn:aws:personalize:::feature-transformation/{}", recipe.feature_transformation);
}

std::int64_t CreatedMs(const RecipeEntry& recipe) {
  const auto number = [&](std::size_t at, std::size_t size) {
    int value = 0;
    std::from_chars(recipe.created.data() + at, recipe.created.data() + at + size, value);
    return value;
  };
  const std::chrono::year_month_day day{std::chrono::year(number(0, 4)),
                                        std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                        std::chrono::day(static_cast<unsigned>(number(8, 2)))};
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::sys_days(day).time_since_epoch()).count();
}

}  // namespace attune
