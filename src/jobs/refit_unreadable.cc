#include "jobs/refit_unreadable.h"

#include <set>
#include <string>

#include "base/log.h"
#include "base/mutex.h"
#include "jobs/fit_artifact.h"

namespace attune {
namespace {

bool IsLost(const Status& loaded) {
  return !loaded.ok() && loaded.code() != Code::kIo && loaded.code() != Code::kResourceExhausted;
}

class Source final : public WorkSource {
 public:
  explicit Source(JobEnvironment& environment) : environment_(environment) {}

  Result<std::vector<Work>> Due() override {
    ATTUNE_TRY(const auto campaigns, environment_.catalog.All<Campaign>({}, {ResourceStatus::kActive}));
    std::vector<Work> due;
    for (const Campaign& campaign : campaigns) {
      // Whatever is ACTIVE was published first, unless it could not be loaded when the server started.
      if (environment_.deployments.Find(campaign.arn)) continue;
      const auto version = environment_.catalog.Find<SolutionVersion>(campaign.configuration.solution_version_arn);
      if (!version.ok() || WasTried(version->artifact_name())) continue;
      due.push_back({.key = version->arn,
                     .lane = JobLane::kTrain,
                     .run = [this, version = *version](const CancelFlag& cancelled) { Refit(version, cancelled); }});
    }
    return due;
  }

 private:
  bool WasTried(const std::string& artifact_name) const {
    const MutexLock lock(mutex_);
    return tried_.contains(artifact_name);
  }

  void Refit(const SolutionVersion& version, const CancelFlag& cancelled) {
    const std::string artifact_name = version.artifact_name();
    const Status loaded = RecommenderModel::Load(environment_.env, environment_.ArtifactFolder(artifact_name)).status();
    if (IsLost(loaded)) {
      LogWarning("the model of {} is lost and is fitted anew: {}", version.arn, loaded.message());
      const Status fitted = FitNextRevision(environment_, version, "", "fitting anew", cancelled);
      if (fitted.code() == Code::kCancelled) return;  // The server stops: it is due again at the next start.
    }
    const MutexLock lock(mutex_);
    tried_.insert(artifact_name);
  }

  JobEnvironment& environment_;
  // Guarded by mutex_.
  mutable Mutex mutex_;
  std::set<std::string> tried_ GUARDED_BY(mutex_);  ///< Names of artifacts.
};

}  // namespace

std::unique_ptr<WorkSource> RefitUnreadableWork(JobEnvironment& environment) {
  return std::make_unique<Source>(environment);
}

}  // namespace attune
