#include "services/personalize_runtime/get_recommendations.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "base/log.h"
#include "serve/recommendation_record.h"
#include "serve/recommender.h"
#include "services/answers.h"
#include "services/personalize_runtime/campaign_request.h"
#include "services/personalize_runtime/request_filter.h"

namespace attune {
namespace {

constexpr std::int32_t kResultsDefault = 25;
constexpr std::int32_t kResultsMax = 500;

Status CheckRequest(const RuntimeCampaign& campaign, const personalize_runtime::GetRecommendationsRequest& request) {
  if (campaign.recipe_type == "PERSONALIZED_RANKING") {
    return InvalidArgument(
        fmt::format("The campaign {} is of the recipe {}, which ranks given items: call "
                    "GetPersonalizedRanking.",
                    *request.campaign_arn, campaign.recipe_name));
  }
  if (!request.user_id || request.user_id->empty()) {
    return InvalidArgument("userId is missing: the campaign's recipe needs it.");
  }
  if (request.num_results.value_or(0) > kResultsMax) {
    return InvalidArgument(fmt::format("numResults is {}; the limit is {}.", *request.num_results, kResultsMax));
  }
  if (request.promotions && !request.promotions->empty()) {
    return InvalidArgument("promotions is given, but promotions are not available in this version.");
  }
  if (request.metadata_columns) {
    return InvalidArgument("metadataColumns is given, but metadata in answers is not available in this version.");
  }
  return {};
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
  ATTUNE_TRY(const auto campaign, context.runtime_index.FindCampaign(*request.campaign_arn));
  ATTUNE_RETURN_IF_ERROR(CheckRequest(campaign, request));
  ATTUNE_TRY(const auto filter,
             OpenRequestFilter(context, campaign, {request.filter_arn, request.filter_values}, *request.user_id));
  std::optional<ItemSet> kept;
  if (filter) kept = filter->KeptOf(*deployment);
  const std::int32_t wanted = request.num_results.value_or(0) == 0 ? kResultsDefault : *request.num_results;
  const std::string recommendation_id = NewRecommendationId(context, *deployment);
  const auto values = ReadContext(request.context);
  const UserRecord user = ReadUserRecord(context, campaign, *deployment, *request.user_id);
  const bool is_logged = context.recommendation_log.Wants(recommendation_id);
  auto recommendation = Recommend(*deployment, {.user_id = *request.user_id,
                                                .result_count = static_cast<std::size_t>(wanted),
                                                .context = values,
                                                .user_attributes = user.values(),
                                                .seed = Hash64(recommendation_id),
                                                .kept = kept ? &*kept : nullptr,
                                                .tells_drawn_from = is_logged,
                                                .score_cache = &context.score_cache,
                                                .slate_cache = &context.slate_cache});

  ServedList served{.deployment = *request.campaign_arn,
                    .model = deployment->exploration().artifact_name(),
                    .user_id = *request.user_id,
                    .factors = std::move(recommendation.factors)};
  personalize_runtime::GetRecommendationsResponse out{.recommendation_id = recommendation_id};
  for (const RecommendedItem& item : recommendation.items) {
    served.item_ids.push_back(item.item_id);
    served.scores.push_back(item.log_probability);
    served.propensities.push_back(static_cast<float>(item.propensity));
    out.item_list.push_back({.item_id = item.item_id, .score = item.score});
  }
  if (is_logged) {
    const RecommendationRecord record =
        RecordOf(*deployment, context.clock.UnixMilliseconds(), recommendation_id, served, recommendation);
    const std::string_view drawn_from = recommendation.slate ? recommendation.slate->drawn_from() : std::string_view();
    context.recommendation_log.Append(EncodeLogLine(record, drawn_from));
  }
  const Status remembered = context.served_lists.Remember(recommendation_id, std::move(served));
  // The answer is right all the same; what comes of it will not be learned.
  if (!remembered.ok()) LogWarning("the list {} is not remembered: {}", recommendation_id, remembered.ToString());
  return out;
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
