#include "jobs/deploy_campaign.h"

#include <fmt/format.h>

#include <map>

#include "base/log.h"
#include "base/mutex.h"
#include "jobs/dataset_contents.h"

namespace attune {
namespace {

Result<std::shared_ptr<const Deployment>> LoadDeployment(JobEnvironment& environment, const Campaign& campaign,
                                                         const CampaignConfiguration& configuration) {
  ATTUNE_TRY(const auto version, environment.catalog.Find<SolutionVersion>(configuration.solution_version_arn));
  ATTUNE_TRY(const auto group, environment.catalog.Find<DatasetGroup>(campaign.dataset_group_arn));
  // The model of the same version may be in memory already, with what is believed of its items: an update of the
  // configuration alone need not load it.
  std::shared_ptr<Exploration> exploration;
  const auto live_group = environment.live_groups.Get(group.uid);
  const auto current = environment.deployments.Find(campaign.arn);
  if (current && current->configuration().artifact_name == version.artifact_name()) {
    exploration = current->shared_exploration();
  } else {
    ATTUNE_TRY(auto model,
               RecommenderModel::Load(environment.env, environment.ArtifactFolder(version.artifact_name())));
    exploration =
        std::make_shared<Exploration>(std::move(model), Exploration::Options{.event_type = version.solution.event_type,
                                                                             .artifact_name = version.artifact_name(),
                                                                             .limits = environment.live_items});
    ATTUNE_TRY(const auto datasets, FindGroupDatasets(environment.catalog, group.arn));
    ATTUNE_RETURN_IF_ERROR(live_group->Attach(exploration, environment.log, datasets));
  }
  Deployment::Configuration deployed{
      .uid = campaign.uid,
      .artifact_name = version.artifact_name(),
      .exploration_weight = configuration.exploration_weight,
      .exploration_item_age_cut_off_days = configuration.exploration_item_age_cut_off_days};
  return std::shared_ptr<const Deployment>(
      std::make_shared<Deployment>(std::move(deployed), std::move(exploration), live_group));
}

bool UpdateIsPending(const Campaign& campaign) {
  return campaign.status != ResourceStatus::kCreatePending && campaign.update && IsTransient(campaign.update->status);
}

/// Records that `campaign`, created or updated, serves what was published, or why it does not.
Status RecordOutcome(JobEnvironment& environment, const std::string& arn, const std::string& uid,
                     const Status& outcome) {
  return environment.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(auto campaign, transaction.Find<Campaign>(arn));
    if (campaign.uid != uid) return NotFound("the campaign was deleted meanwhile");
    if (!UpdateIsPending(campaign)) {
      return outcome.ok() ? transaction.Advance(campaign, ResourceStatus::kActive)
                          : transaction.Advance(campaign, ResourceStatus::kCreateFailed, outcome.message());
    }
    CampaignUpdate& update = *campaign.update;
    update.status = outcome.ok() ? ResourceStatus::kActive : ResourceStatus::kCreateFailed;
    update.failure_reason = outcome.message();
    update.updated_ms = environment.clock.UnixMilliseconds();
    if (outcome.ok()) campaign.configuration = update.configuration;
    ATTUNE_RETURN_IF_ERROR(transaction.Update(campaign));
    // What could not be created can be by now.
    const bool is_mended = outcome.ok() && campaign.status == ResourceStatus::kCreateFailed;
    return is_mended ? transaction.Advance(campaign, ResourceStatus::kActive) : Status();
  });
}

void Deploy(JobEnvironment& environment, const Campaign& campaign) {
  const CampaignConfiguration& wanted =
      UpdateIsPending(campaign) ? campaign.update->configuration : campaign.configuration;
  auto deployment = LoadDeployment(environment, campaign, wanted);
  if (deployment.ok()) environment.deployments.Publish(campaign.arn, *deployment);
  if (!deployment.ok()) LogError("campaign {}: {}", campaign.arn, deployment.status().ToString());
  if (campaign.status == ResourceStatus::kActive && !UpdateIsPending(campaign)) return;  // Served again after a start.

  const Status recorded = RecordOutcome(environment, campaign.arn, campaign.uid, deployment.status());
  if (recorded.code() == Code::kNotFound) environment.deployments.Remove(campaign.arn);
  if (!recorded.ok()) LogError("campaign {}: {}", campaign.arn, recorded.ToString());
}

class Source final : public WorkSource {
 public:
  explicit Source(JobEnvironment& environment) : environment_(environment) {}

  Result<std::vector<Work>> Due() override {
    ATTUNE_TRY(const auto campaigns, environment_.catalog.All<Campaign>());
    std::vector<Work> due;
    for (const Campaign& campaign : campaigns) {
      std::string newer;
      const bool is_pending = campaign.status == ResourceStatus::kCreatePending || UpdateIsPending(campaign);
      if (!is_pending) newer = NewerArtifact(campaign);
      if (!is_pending && newer.empty()) continue;
      due.push_back({.key = campaign.arn, .lane = JobLane::kDeploy, .run = [this, campaign, newer](const CancelFlag&) {
                       Deploy(environment_, campaign);
                       const MutexLock lock(mutex_);
                       tried_[campaign.arn] = newer;
                     }});
    }
    return due;
  }

 private:
  /// The artifact that its version has by now, where the campaign serves another one, or none because that could not
  /// be loaded; "" if there is none or it was tried.
  std::string NewerArtifact(const Campaign& campaign) {
    const auto current = environment_.deployments.Find(campaign.arn);
    if (campaign.status != ResourceStatus::kActive) return "";
    const auto version = environment_.catalog.Find<SolutionVersion>(campaign.configuration.solution_version_arn);
    if (!version.ok() || (current && current->configuration().artifact_name == version->artifact_name())) return "";
    const MutexLock lock(mutex_);
    return tried_[campaign.arn] == version->artifact_name() ? "" : version->artifact_name();
  }

  JobEnvironment& environment_;
  Mutex mutex_;
  std::map<std::string, std::string> tried_ GUARDED_BY(mutex_);  ///< The newest artifact by campaign.
};

}  // namespace

std::unique_ptr<WorkSource> DeployCampaignWork(JobEnvironment& environment) {
  return std::make_unique<Source>(environment);
}

Status DeployActiveCampaigns(JobEnvironment& environment) {
  ATTUNE_TRY(const auto campaigns, environment.catalog.All<Campaign>());
  for (const Campaign& campaign : campaigns) {
    if (campaign.status == ResourceStatus::kActive) Deploy(environment, campaign);
  }
  return {};
}

}  // namespace attune
