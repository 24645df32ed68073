#include "services/personalize_runtime/get_recommendations.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "serve/recommender.h"
#include "services/answers.h"

namespace attune {
namespace {

constexpr std::int32_t kResultsDefault = 25;
constexpr std::int32_t kResultsMax = 500;

/// "RID-<25 characters of a UUID>-CID-<6 digits>": 40 characters, the last of which tell the campaign.
std::string NewRecommendationId(Context& context, const Deployment& deployment) {
  const std::string uuid = context.entropy.Uuid();
  constexpr std::size_t kKept = 25;
  return fmt::format("RID-{}-CID-{}", uuid.substr(uuid.size() - kKept), deployment.configuration().uid.substr(0, 6));
}

/// What serves the campaign now. NotFound where there is no such campaign, or none that was ever ACTIVE.
Result<std::shared_ptr<const Deployment>> FindDeployment(Context& context, const std::string& campaign_arn) {
  if (auto deployment = context.deployments.Find(campaign_arn)) return deployment;
  ATTUNE_RETURN_IF_ERROR(CheckArn(campaign_arn, "campaign"));
  ATTUNE_TRY(const auto campaign, context.catalog.Find<Campaign>(campaign_arn));
  return NotFound(
      fmt::format("The campaign {} is {}; it answers when it is ACTIVE.", campaign_arn, StatusText(campaign.status)));
}

Status RefuseWhatIsNotThere(const std::optional<std::string>& filter_arn, bool has_metadata_columns) {
  if (filter_arn) {
    ATTUNE_RETURN_IF_ERROR(CheckArn(*filter_arn, "filter"));
    return NotFound(fmt::format("Resource Arn {} does not exist.", *filter_arn));
  }
  if (has_metadata_columns) {
    return InvalidArgument("metadataColumns is given, but metadata in answers is not available in this version.");
  }
  return {};
}

std::vector<NamedValue> ReadContext(const std::optional<StringMap<std::string>>& context) {
  std::vector<NamedValue> values;
  if (!context) return values;
  for (const auto& [name, value] : *context) values.push_back({name, value});
  return values;
}

Status CheckRequest(const personalize_runtime::GetRecommendationsRequest& request) {
  if (!request.user_id || request.user_id->empty()) {
    return InvalidArgument("userId is missing: the campaign's recipe needs it.");
  }
  if (request.num_results.value_or(0) > kResultsMax) {
    return InvalidArgument(fmt::format("numResults is {}; the limit is {}.", *request.num_results, kResultsMax));
  }
  if (request.promotions && !request.promotions->empty()) {
    return InvalidArgument("promotions is given, but promotions are not available in this version.");
  }
  return RefuseWhatIsNotThere(request.filter_arn, request.metadata_columns.has_value());
}

}  // namespace

Result<personalize_runtime::GetRecommendationsResponse> GetRecommendations(
    Context& context, const personalize_runtime::GetRecommendationsRequest& request) {
  if (request.campaign_arn.has_value() == request.recommender_arn.has_value()) {
    return InvalidArgument("Exactly one of campaignArn and recommenderArn must be given.");
  }
  if (request.recommender_arn) {
    ATTUNE_RETURN_IF_ERROR(CheckArn(*request.recommender_arn, "recommender"));
    return NotFound(fmt::format("Resource Arn {} does not exist.", *request.recommender_arn));
  }
  ATTUNE_TRY(const auto deployment, FindDeployment(context, *request.campaign_arn));
  ATTUNE_RETURN_IF_ERROR(CheckRequest(request));
  const std::int32_t wanted = request.num_results.value_or(0) == 0 ? kResultsDefault : *request.num_results;
  const std::string recommendation_id = NewRecommendationId(context, *deployment);
  const auto values = ReadContext(request.context);
  const auto list = Recommend(*deployment, {.user_id = *request.user_id,
                                            .result_count = static_cast<std::size_t>(wanted),
                                            .context = values,
                                            .seed = Hash64(recommendation_id)});

  auto served = std::make_shared<ServedList>();
  served->deployment = *request.campaign_arn;
  served->model = deployment->exploration().artifact_name();
  served->user_id = *request.user_id;
  personalize_runtime::GetRecommendationsResponse out{.recommendation_id = recommendation_id};
  for (const RecommendedItem& item : list) {
    served->item_ids.push_back(item.item_id);
    served->scores.push_back(item.log_probability);
    served->propensities.push_back(static_cast<float>(item.propensity));
    out.item_list.push_back({.item_id = item.item_id, .score = item.score});
  }
  context.served_lists.Remember(recommendation_id, std::move(served));
  return out;
}

Result<personalize_runtime::GetPersonalizedRankingResponse> GetPersonalizedRanking(
    Context& context, const personalize_runtime::GetPersonalizedRankingRequest& request) {
  ATTUNE_RETURN_IF_ERROR(FindDeployment(context, request.campaign_arn).status());
  return InvalidArgument(
      fmt::format("The campaign {} is not of a PERSONALIZED_RANKING recipe, which this version of attune cannot train.",
                  request.campaign_arn));
}

Result<personalize_runtime::GetActionRecommendationsResponse> GetActionRecommendations(
    Context& context, const personalize_runtime::GetActionRecommendationsRequest& request) {
  if (!request.campaign_arn) return InvalidArgument("campaignArn is missing.");
  ATTUNE_RETURN_IF_ERROR(FindDeployment(context, *request.campaign_arn).status());
  return InvalidArgument(fmt::format(
      "The campaign {} is not of the recipe aws-next-best-action, which this version of attune cannot train.",
      *request.campaign_arn));
}

}  // namespace attune
