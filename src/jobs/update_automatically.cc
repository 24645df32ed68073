#include "jobs/update_automatically.h"

#include <algorithm>
#include <set>

#include "jobs/dataset_contents.h"
#include "jobs/fit_artifact.h"

namespace attune {
namespace {

/// Ranking recipes explore nothing: new items wait for the next training there.
bool TakesInNewItems(const SolutionVersion& version) {
  const std::string& recipe = version.solution.recipe_arn;
  return recipe.empty() || recipe.ends_with("/aws-user-personalization") ||
         recipe.ends_with("/aws-user-personalization-v2") || recipe.ends_with("/aws-hrnn-coldstart");
}

/// The versions that campaigns serve, each once.
Result<std::vector<SolutionVersion>> ServedVersions(Catalog& catalog) {
  std::vector<SolutionVersion> versions;
  ATTUNE_RETURN_IF_ERROR(catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(const auto campaigns, transaction.All<Campaign>({}, {ResourceStatus::kActive}));
    std::set<std::string> arns;
    for (const auto& campaign : campaigns) arns.insert(campaign.configuration.solution_version_arn);
    for (const auto& arn : arns) {
      auto version = transaction.Find<SolutionVersion>(arn);
      if (version.ok()) versions.push_back(*std::move(version));
    }
    return {};
  }));
  return versions;
}

Result<bool> IsNewestFull(Catalog& catalog, const SolutionVersion& version) {
  ATTUNE_TRY(const auto all, catalog.All<SolutionVersion>(version.parent_arn, {ResourceStatus::kActive}));
  const auto newest = std::ranges::find(all.rbegin(), all.rend(), std::string("FULL"), &SolutionVersion::training_mode);
  return newest != all.rend() && newest->uid == version.uid;
}

class Source final : public WorkSource {
 public:
  explicit Source(JobEnvironment& environment) : environment_(environment) {}

  Result<std::vector<Work>> Due() override {
    ATTUNE_TRY(const auto versions, ServedVersions(environment_.catalog));
    const std::int64_t now_ms = environment_.clock.UnixMilliseconds();
    std::vector<Work> due;
    for (const SolutionVersion& version : versions) {
      if (version.training_mode != "FULL" || !TakesInNewItems(version)) continue;
      if (now_ms - version.refreshed_ms < environment_.automatic.update_every.count()) continue;
      ATTUNE_TRY(const bool is_newest, IsNewestFull(environment_.catalog, version));
      if (!is_newest) continue;
      const ContentsMark mark{version.data_segments, static_cast<std::uint64_t>(version.data_sequence)};
      ATTUNE_TRY(const bool is_stale, HasNewContents(environment_, version.dataset_group_arn, mark));
      if (!is_stale) continue;
      due.push_back({.key = version.arn, .lane = JobLane::kTrain, .run = [this, version](const CancelFlag& cancelled) {
                       // One that failed is tried again when the next is due.
                       (void)FitNextRevision(environment_, version, version.artifact_name(), "automatic update",
                                             cancelled);
                     }});
    }
    return due;
  }

 private:
  JobEnvironment& environment_;
};

}  // namespace

std::unique_ptr<WorkSource> UpdateAutomaticallyWork(JobEnvironment& environment) {
  return std::make_unique<Source>(environment);
}

}  // namespace attune
