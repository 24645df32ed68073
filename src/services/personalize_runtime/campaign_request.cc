#include "services/personalize_runtime/campaign_request.h"

#include <fmt/format.h>

#include "services/answers.h"

namespace attune {

Result<std::shared_ptr<const Deployment>> FindDeployment(Context& context, const std::string& campaign_arn) {
  if (auto deployment = context.deployments.Find(campaign_arn)) return deployment;
  ATTUNE_RETURN_IF_ERROR(CheckArn(campaign_arn, "campaign"));
  ATTUNE_TRY(const auto campaign, context.catalog.Find<Campaign>(campaign_arn));
  return NotFound(
      fmt::format("The campaign {} is {}; it answers when it is ACTIVE.", campaign_arn, StatusText(campaign.status)));
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

}  // namespace attune
