#include "jobs/follow_latest_version.h"

#include "base/log.h"

namespace attune {
namespace {

bool IsUpdating(const Campaign& campaign) { return campaign.update && IsTransient(campaign.update->status); }

/// The ARN of the version that the campaign should turn to; "" if there is none.
Result<std::string> NewerVersion(CatalogTransaction& transaction, const Campaign& campaign) {
  const CampaignConfiguration& configuration = campaign.configuration;
  if (!configuration.follows_latest || !configuration.sync_with_latest_solution_version || IsUpdating(campaign)) {
    return std::string();
  }
  ATTUNE_TRY(const auto versions, transaction.All<SolutionVersion>(campaign.parent_arn, {ResourceStatus::kActive}));
  if (versions.empty()) return std::string();
  const std::string& newest = versions.back().arn;
  const bool has_failed = campaign.update && campaign.update->status == ResourceStatus::kCreateFailed &&
                          campaign.update->configuration.solution_version_arn == newest;
  return newest == configuration.solution_version_arn || has_failed ? std::string() : newest;
}

Status Follow(JobEnvironment& environment, const std::string& arn) {
  return environment.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(auto campaign, transaction.Find<Campaign>(arn));
    if (campaign.status != ResourceStatus::kActive) return {};
    ATTUNE_TRY(const std::string newer, NewerVersion(transaction, campaign));
    if (newer.empty()) return {};
    const std::int64_t now_ms = environment.clock.UnixMilliseconds();
    campaign.update =
        CampaignUpdate{.configuration = campaign.configuration, .created_ms = now_ms, .updated_ms = now_ms};
    campaign.update->configuration.solution_version_arn = newer;
    return transaction.Update(campaign);
  });
}

class Source final : public WorkSource {
 public:
  explicit Source(JobEnvironment& environment) : environment_(environment) {}

  Result<std::vector<Work>> Due() override {
    std::vector<Work> due;
    ATTUNE_RETURN_IF_ERROR(environment_.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
      ATTUNE_TRY(const auto campaigns, transaction.All<Campaign>({}, {ResourceStatus::kActive}));
      for (const Campaign& campaign : campaigns) {
        ATTUNE_TRY(const std::string newer, NewerVersion(transaction, campaign));
        if (newer.empty()) continue;
        due.push_back({.key = campaign.arn, .lane = JobLane::kDeploy, .run = [this, campaign](const CancelFlag&) {
                         const Status followed = Follow(environment_, campaign.arn);
                         if (!followed.ok()) LogWarning("campaign {}: {}", campaign.arn, followed.message());
                       }});
      }
      return {};
    }));
    return due;
  }

 private:
  JobEnvironment& environment_;
};

}  // namespace

std::unique_ptr<WorkSource> FollowLatestVersionWork(JobEnvironment& environment) {
  return std::make_unique<Source>(environment);
}

}  // namespace attune
