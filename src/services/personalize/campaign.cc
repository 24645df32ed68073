#include "services/personalize/campaign.h"

#include <fmt/format.h>

#include <algorithm>

#include "services/answers.h"
#include "services/personalize/campaign_configuration.h"

namespace attune {
namespace {

personalize::CampaignSummary Summarise(const Campaign& campaign) {
  personalize::CampaignSummary out{.name = campaign.name, .campaign_arn = campaign.arn};
  DescribeCommon(campaign, &out);
  return out;
}

/// The members that a campaign and its update describe alike.
template <class Out>
Status DescribeConfiguration(const CampaignConfiguration& configuration, Out* out) {
  out->solution_version_arn = configuration.solution_version_arn;
  if (configuration.min_provisioned_tps) {
    out->min_provisioned_tps = static_cast<std::int32_t>(*configuration.min_provisioned_tps);
  }
  if (!configuration.campaign_config_json.empty()) {
    ATTUNE_TRY(out->campaign_config, FromJson<personalize::CampaignConfig>(configuration.campaign_config_json));
  }
  return {};
}

}  // namespace

Result<personalize::CreateCampaignResponse> CreateCampaign(Context& context,
                                                           const personalize::CreateCampaignRequest& request) {
  Campaign campaign;
  campaign.name = request.name;
  campaign.arn = NewArn(context, "campaign", request.name);
  campaign.configuration.min_provisioned_tps = request.min_provisioned_tps.value_or(1);
  ATTUNE_RETURN_IF_ERROR(SetCampaignConfig(request.campaign_config, &campaign.configuration));
  const Status stored = context.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(const auto version, ResolveVersion(transaction, request.solution_version_arn, &campaign.configuration));
    campaign.parent_arn = version.parent_arn;
    campaign.dataset_group_arn = version.dataset_group_arn;
    ATTUNE_RETURN_IF_ERROR(CheckCampaignConfig(campaign.configuration, version));
    ATTUNE_TRY(const auto campaigns, transaction.All<Campaign>());
    const auto in_group = std::ranges::count(campaigns, version.dataset_group_arn, &Campaign::dataset_group_arn);
    ATTUNE_RETURN_IF_ERROR(InsertWithTags(transaction, campaign, request.tags));
    return CheckLimit(
        static_cast<std::size_t>(in_group), context.limits.campaigns_per_group,
        fmt::format("Cannot create a campaign. More than {} resources in ACTIVE state. Please delete some "
                    "and try again.",
                    context.limits.campaigns_per_group));
  });
  if (!stored.ok()) return stored;
  return personalize::CreateCampaignResponse{.campaign_arn = campaign.arn};
}

Result<personalize::DescribeCampaignResponse> DescribeCampaign(Context& context,
                                                               const personalize::DescribeCampaignRequest& request) {
  ATTUNE_RETURN_IF_ERROR(CheckArn(request.campaign_arn, "campaign"));
  ATTUNE_TRY(const auto campaign, context.catalog.Find<Campaign>(request.campaign_arn));
  personalize::Campaign out{.name = campaign.name, .campaign_arn = campaign.arn};
  ATTUNE_RETURN_IF_ERROR(DescribeConfiguration(campaign.configuration, &out));
  if (campaign.update) {
    const CampaignUpdate& update = *campaign.update;
    personalize::CampaignUpdateSummary summary{.status = std::string(StatusText(update.status)),
                                               .failure_reason = IfSet(update.failure_reason),
                                               .creation_date_time = Timestamp{update.created_ms},
                                               .last_updated_date_time = Timestamp{update.updated_ms}};
    ATTUNE_RETURN_IF_ERROR(DescribeConfiguration(update.configuration, &summary));
    out.latest_campaign_update = std::move(summary);
  }
  DescribeCommon(campaign, &out);
  return personalize::DescribeCampaignResponse{.campaign = std::move(out)};
}

Result<personalize::ListCampaignsResponse> ListCampaigns(Context& context,
                                                         const personalize::ListCampaignsRequest& request) {
  personalize::ListCampaignsResponse out;
  ATTUNE_RETURN_IF_ERROR(
      ListPage(context, request.solution_arn, "solution", request, &out.campaigns, &out.next_token, &Summarise));
  return out;
}

Result<personalize::UpdateCampaignResponse> UpdateCampaign(Context& context,
                                                           const personalize::UpdateCampaignRequest& request) {
  const Status stored = context.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(auto campaign, FindChecked<Campaign>(transaction, request.campaign_arn, "campaign"));
    const bool is_updating = campaign.update && IsTransient(campaign.update->status);
    const bool can_update =
        campaign.status == ResourceStatus::kActive || campaign.status == ResourceStatus::kCreateFailed;
    if (!can_update || is_updating) {
      return Busy(fmt::format("The campaign {} is {}; it can be updated when it is ACTIVE or CREATE FAILED.",
                              campaign.arn, is_updating ? "being updated" : StatusText(campaign.status)));
    }
    CampaignConfiguration next = campaign.configuration;  // What is not given stays.
    if (request.campaign_config) ATTUNE_RETURN_IF_ERROR(SetCampaignConfig(request.campaign_config, &next));
    if (request.min_provisioned_tps) next.min_provisioned_tps = *request.min_provisioned_tps;
    const std::string version_arn = request.solution_version_arn.value_or(next.solution_version_arn);
    ATTUNE_TRY(const auto version, ResolveVersion(transaction, version_arn, &next));
    if (version.parent_arn != campaign.parent_arn) {
      return InvalidArgument(fmt::format("The solution version {} is not of the campaign's solution {}.", version.arn,
                                         campaign.parent_arn));
    }
    // Kept from before, "$LATEST" still stands for itself.
    if (!request.solution_version_arn) next.follows_latest = campaign.configuration.follows_latest;
    ATTUNE_RETURN_IF_ERROR(CheckCampaignConfig(next, version));
    const std::int64_t now_ms = context.clock.UnixMilliseconds();
    campaign.update = CampaignUpdate{.configuration = std::move(next), .created_ms = now_ms, .updated_ms = now_ms};
    return transaction.Update(campaign);
  });
  if (!stored.ok()) return stored;
  return personalize::UpdateCampaignResponse{.campaign_arn = request.campaign_arn};
}

Status DeleteCampaign(Context& context, const personalize::DeleteCampaignRequest& request) {
  std::string uid;
  const Status stored = context.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(const auto campaign, FindChecked<Campaign>(transaction, request.campaign_arn, "campaign"));
    if (IsTransient(campaign.status) || (campaign.update && IsTransient(campaign.update->status))) {
      return Busy(fmt::format("The campaign {} is being created or updated.", campaign.arn));
    }
    uid = campaign.uid;
    return transaction.Remove(campaign.arn);
  });
  if (!stored.ok()) return stored;
  context.deployments.Remove(request.campaign_arn);
  context.filter_data.ForgetCampaign(uid);
  return {};
}

}  // namespace attune
