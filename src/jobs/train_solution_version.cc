#include "jobs/train_solution_version.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "base/log.h"
#include "jobs/dataset_contents.h"
#include "jobs/fit_artifact.h"

namespace attune {
namespace {

/// The artifact that an UPDATE starts from: of the newest version of the solution that is ACTIVE, FULL or an UPDATE.
Result<std::string> PreviousArtifact(JobEnvironment& environment, const SolutionVersion& version) {
  ATTUNE_TRY(const auto versions, environment.catalog.All<SolutionVersion>(version.parent_arn));
  for (auto previous = versions.rbegin(); previous != versions.rend(); ++previous) {
    if (previous->uid != version.uid && previous->status == ResourceStatus::kActive) {
      return previous->artifact_name();
    }
  }
  return InvalidArgument("An UPDATE needs a solution version of trainingMode FULL that is ACTIVE.");
}

/// Asks the catalog, while the training runs, whether somebody stopped it.
class StopWatcher {
 public:
  StopWatcher(JobEnvironment& environment, std::string arn, const CancelFlag& cancelled, std::atomic<bool>& stop)
      : thread_([this, &environment, arn = std::move(arn), &cancelled, &stop] {
          constexpr std::chrono::milliseconds kLookEvery{200};
          const MutexLock lock(mutex_);
          while (!done_) {
            const auto version = environment.catalog.Find<SolutionVersion>(arn);
            if (cancelled || !version.ok() || version->status == ResourceStatus::kCreateStopping) stop = true;
            changed_.WaitFor(mutex_, kLookEvery);
          }
        }) {}
  ~StopWatcher() {
    {
      const MutexLock lock(mutex_);
      done_ = true;
    }
    changed_.NotifyAll();
    thread_.join();
  }

 private:
  Mutex mutex_;
  ConditionVariable changed_;
  bool done_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

Result<TrainReport> Fit(JobEnvironment& environment, SolutionVersion& version, const std::atomic<bool>& stop) {
  std::string previous;
  if (version.training_mode == "UPDATE") {
    ATTUNE_TRY(previous, PreviousArtifact(environment, version));
  }
  return FitArtifact(environment, version, previous, version.artifact_name(), stop);
}

Status RecordOutcome(JobEnvironment& environment, const SolutionVersion& trained, const Result<TrainReport>& report) {
  return environment.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(auto version, transaction.Find<SolutionVersion>(trained.arn));
    if (report.status().code() == Code::kCancelled) {
      return transaction.Advance(version, ResourceStatus::kCreateStopped);
    }
    if (!report.ok()) {
      return transaction.Advance(version, ResourceStatus::kCreateFailed, report.status().message());
    }
    constexpr double kSecondsPerHour = 3600;
    // Three decimals, and never zero: some time was spent.
    version.training_hours = std::max(std::round(report->seconds / kSecondsPerHour * 1000), 1.0) / 1000;
    version.metrics = report->metrics;
    version.data_segments = trained.data_segments;
    version.data_sequence = trained.data_sequence;
    version.refreshed_ms = trained.refreshed_ms;
    ATTUNE_RETURN_IF_ERROR(transaction.Update(version));
    return transaction.Advance(version, ResourceStatus::kActive);
  });
}

void Train(JobEnvironment& environment, SolutionVersion version, const CancelFlag& cancelled) {
  if (version.status == ResourceStatus::kCreatePending) {
    const Status begun = environment.catalog.Advance(version, ResourceStatus::kCreateInProgress);
    if (!begun.ok()) return LogWarning("training {}: {}", version.arn, begun.ToString());
  }
  std::atomic<bool> stop{version.status == ResourceStatus::kCreateStopping};
  Result<TrainReport> report = Cancelled("stopped before it began");
  if (!stop) {
    const StopWatcher watcher(environment, version.arn, cancelled, stop);
    report = Fit(environment, version, stop);
  }
  if (report.status().code() == Code::kCancelled && cancelled) return;  // The server stops: the next start goes on.
  const Status recorded = RecordOutcome(environment, version, report);
  if (!recorded.ok()) return LogError("training {}: {}", version.arn, recorded.ToString());
  if (report.ok()) {
    LogInfo("training {}: done in {:.1f} s", version.arn, report->seconds);
  } else {
    LogWarning("training {}: {}", version.arn, report.status().message());
  }
}

class Source final : public WorkSource {
 public:
  explicit Source(JobEnvironment& environment) : environment_(environment) {}

  Result<std::vector<Work>> Due() override {
    ATTUNE_TRY(const auto versions, environment_.catalog.All<SolutionVersion>({}, TransientStatuses()));
    std::vector<Work> due;
    for (const SolutionVersion& version : versions) {
      ATTUNE_TRY(const bool must_wait, ImportsArePending(environment_.catalog, version.dataset_group_arn));
      if (must_wait && version.status != ResourceStatus::kCreateStopping) continue;
      due.push_back({.key = version.arn, .lane = JobLane::kTrain, .run = [this, version](const CancelFlag& cancelled) {
                       Train(environment_, version, cancelled);
                     }});
    }
    return due;
  }

 private:
  JobEnvironment& environment_;
};

}  // namespace

std::unique_ptr<WorkSource> TrainSolutionVersionWork(JobEnvironment& environment) {
  return std::make_unique<Source>(environment);
}

}  // namespace attune
