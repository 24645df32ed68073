#include "services/personalize_runtime/campaign_request.h"

#include <fmt/format.h>

#include "base/log.h"
#include "services/answers.h"

namespace attune {

Result<std::shared_ptr<const Deployment>> FindDeployment(Context& context, const std::string& campaign_arn) {
  if (auto deployment = context.deployments.Find(campaign_arn)) return deployment;
  ATTUNE_RETURN_IF_ERROR(CheckArn(campaign_arn, "campaign"));
  ATTUNE_TRY(const auto campaign, context.catalog.Find<Campaign>(campaign_arn));
  if (campaign.status != ResourceStatus::kActive) {
    return NotFound(
        fmt::format("The campaign {} is {}; it answers when it is ACTIVE.", campaign_arn, StatusText(campaign.status)));
  }
  // It may have become so since the first look; otherwise its artifact is damaged, or of another version of attune.
  if (auto deployment = context.deployments.Find(campaign_arn)) return deployment;
  return ResourceExhausted(fmt::format(
      "The campaign {} does not answer: its model could not be loaded when the server started. It is trained "
      "anew, and the server's log says how far that is, or why it failed; UpdateCampaign gives the campaign "
      "another version.",
      campaign_arn));
}

std::string NewRecommendationId(Context& context, const Deployment& deployment) {
  const std::string uuid = context.entropy.Uuid();
  constexpr std::size_t kKept = 25;
  return fmt::format("RID-{}-CID-{}", uuid.substr(uuid.size() - kKept), deployment.configuration().uid.substr(0, 6));
}

std::vector<NamedValue> ReadContext(const std::optional<StringMap<std::string>>& context) {
  std::vector<NamedValue> values;
  if (!context) return values;
  for (const auto& [name, value] : *context) values.push_back({name, value});
  return values;
}

UserRecord ReadUserRecord(Context& context, const RuntimeCampaign& campaign, const Deployment& deployment,
                          std::string_view user_id) {
  const StoredDataset* users = campaign.group->Find(DatasetType::kUsers);
  if (users == nullptr || !deployment.model().reads_user_attributes()) return {};
  const auto records = context.filter_data.Records(users->uid);
  if (const Status read = records->Refresh(*users, context.env, context.log); !read.ok()) {
    LogWarning("what is known of users could not be read, lists are made without: {}", read.ToString());
  }
  return UserRecord(records->Current().table, user_id);
}

}  // namespace attune
