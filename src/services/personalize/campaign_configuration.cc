#include "services/personalize/campaign_configuration.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "services/answers.h"
#include "services/personalize/recipe_catalogue.h"

namespace attune {
namespace {

constexpr std::string_view kLatest = "/$LATEST";

Result<double> ReadNumber(std::string_view key, std::string_view text, double min, double max) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return InvalidArgument(fmt::format("{} is '{}'; it must be a number.", key, text));
  }
  if (value < min || value > max) {
    return InvalidArgument(std::isfinite(max)
                               ? fmt::format("{} is {}; it must lie between {} and {}.", key, text, min, max)
                               : fmt::format("{} is {}; it must be at least {}.", key, text, min));
  }
  return value;
}

}  // namespace

Status SetCampaignConfig(const std::optional<personalize::CampaignConfig>& config, CampaignConfiguration* out) {
  const CampaignConfiguration defaults;
  out->exploration_weight = defaults.exploration_weight;
  out->exploration_item_age_cut_off_days = defaults.exploration_item_age_cut_off_days;
  out->campaign_config_json = config ? ToJson(*config) : "";
  if (!config) return {};
  out->sync_with_latest_solution_version = config->sync_with_latest_solution_version.value_or(false);
  out->enable_metadata_with_recommendations = config->enable_metadata_with_recommendations.value_or(false);
  if (config->ranking_influence) {
    return InvalidArgument("rankingInfluence is for campaigns of aws-semantic-similarity only.");
  }
  if (!config->item_exploration_config) return {};
  for (const auto& [key, text] : *config->item_exploration_config) {
    if (key == "explorationWeight") {
      ATTUNE_TRY(out->exploration_weight, ReadNumber(key, text, 0, 1));
    } else if (key == "explorationItemAgeCutOff") {
      ATTUNE_TRY(out->exploration_item_age_cut_off_days, ReadNumber(key, text, 1, INFINITY));
    } else {
      return InvalidArgument(fmt::format(
          "itemExplorationConfig has the unknown key {}; there are explorationWeight and explorationItemAgeCutOff.",
          key));
    }
  }
  return {};
}

Status CheckCampaignConfig(const CampaignConfiguration& configuration, const SolutionVersion& version) {
  const RecipeEntry* recipe = FindRecipe(version.solution.recipe_arn);
  if (recipe != nullptr && recipe->type == "PERSONALIZED_RANKING" && !configuration.campaign_config_json.empty()) {
    ATTUNE_TRY(const auto config, FromJson<personalize::CampaignConfig>(configuration.campaign_config_json));
    if (config.item_exploration_config) {
      return InvalidArgument(fmt::format(
          "itemExplorationConfig is for campaigns of aws-user-personalization; {} does not explore.", recipe->name));
    }
  }
  if (configuration.sync_with_latest_solution_version && !configuration.follows_latest) {
    return InvalidArgument(
        fmt::format("syncWithLatestSolutionVersion needs the solutionVersionArn {}/$LATEST.", version.parent_arn));
  }
  return {};
}

Result<SolutionVersion> ResolveVersion(CatalogTransaction& transaction, std::string_view arn,
                                       CampaignConfiguration* out) {
  ATTUNE_RETURN_IF_ERROR(CheckArn(arn, "solution"));
  out->follows_latest = arn.ends_with(kLatest);
  if (out->follows_latest) {
    const std::string_view solution_arn = arn.substr(0, arn.size() - kLatest.size());
    ATTUNE_RETURN_IF_ERROR(transaction.Find<Solution>(solution_arn).status());
    ATTUNE_TRY(const auto versions, transaction.All<SolutionVersion>(solution_arn));
    for (auto version = versions.rbegin(); version != versions.rend(); ++version) {
      if (version->status != ResourceStatus::kActive) continue;
      out->solution_version_arn = version->arn;
      return *version;
    }
    return Busy(fmt::format("The solution {} has no solution version that is ACTIVE.", solution_arn));
  }
  ATTUNE_TRY(auto version, transaction.Find<SolutionVersion>(arn));
  if (version.status != ResourceStatus::kActive) {
    return Busy(fmt::format("The solution version {} is {}; it must be ACTIVE.", arn, StatusText(version.status)));
  }
  out->solution_version_arn = version.arn;
  return version;
}

}  // namespace attune
