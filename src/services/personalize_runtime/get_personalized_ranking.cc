#include "services/personalize_runtime/get_personalized_ranking.h"

#include <fmt/format.h>

#include "serve/recommender.h"
#include "services/personalize_runtime/campaign_request.h"
#include "services/personalize_runtime/request_filter.h"

namespace attune {
namespace {

constexpr std::size_t kInputItemsMax = 500;

Status CheckRequest(const RuntimeCampaign& campaign,
                    const personalize_runtime::GetPersonalizedRankingRequest& request) {
  if (campaign.recipe_type != "PERSONALIZED_RANKING") {
    return InvalidArgument(fmt::format("The campaign {} is of the recipe {}; ranking needs a PERSONALIZED_RANKING one.",
                                       request.campaign_arn, campaign.recipe_name));
  }
  if (request.user_id.empty()) return InvalidArgument("userId is empty: the campaign's recipe needs it.");
  if (request.input_list.size() > kInputItemsMax) {
    return InvalidArgument(
        fmt::format("inputList has {} items; the limit is {}.", request.input_list.size(), kInputItemsMax));
  }
  if (request.metadata_columns) {
    return InvalidArgument("metadataColumns is given, but metadata in answers is not available in this version.");
  }
  return {};
}

}  // namespace

Result<personalize_runtime::GetPersonalizedRankingResponse> GetPersonalizedRanking(
    Context& context, const personalize_runtime::GetPersonalizedRankingRequest& request) {
  ATTUNE_TRY(const auto deployment, FindDeployment(context, request.campaign_arn));
  ATTUNE_TRY(const auto campaign, context.runtime_index.FindCampaign(request.campaign_arn));
  ATTUNE_RETURN_IF_ERROR(CheckRequest(campaign, request));
  ATTUNE_TRY(const auto filter,
             OpenRequestFilter(context, campaign, {request.filter_arn, request.filter_values}, request.user_id));
  const std::vector<std::string_view> given(request.input_list.begin(), request.input_list.end());
  const auto values = ReadContext(request.context);
  const UserRecord user = ReadUserRecord(context, campaign, *deployment, request.user_id);
  const auto ranked = Rank(*deployment, {.user_id = request.user_id,
                                         .item_ids = given,
                                         .context = values,
                                         .user_attributes = user.values(),
                                         .score_cache = &context.score_cache});

  std::vector<std::string_view> item_ids;
  for (const RankedItem& item : ranked) item_ids.push_back(item.item_id);
  const auto kept = filter ? filter->KeptOf(item_ids) : std::vector<bool>(item_ids.size(), true);
  personalize_runtime::GetPersonalizedRankingResponse out{.recommendation_id =
                                                              NewRecommendationId(context, *deployment)};
  for (std::size_t i = 0; i < ranked.size(); ++i) {
    if (kept[i]) out.personalized_ranking.push_back({.item_id = ranked[i].item_id, .score = ranked[i].score});
  }
  return out;
}

}  // namespace attune
