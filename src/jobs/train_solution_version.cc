#include "jobs/train_solution_version.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "base/log.h"
#include "jobs/dataset_contents.h"
#include "train/train_solution.h"

namespace attune {
namespace {

TrainingSelection SelectionOf(const Solution& solution) {
  TrainingSelection selection{.event_type = solution.event_type,
                              .event_value_threshold = solution.event_value_threshold};
  for (const auto& [type, columns] : solution.included_columns) {
    selection.included_columns[type] = {columns.begin(), columns.end()};
  }
  for (const auto& [type, columns] : solution.excluded_columns) {
    selection.excluded_columns[type] = {columns.begin(), columns.end()};
  }
  return selection;
}

TrainParameters ParametersOf(const Solution& solution) {
  TrainParameters parameters{.event_type = solution.event_type};
  parameters.parameters = solution.algorithm_hyper_parameters;
  parameters.parameters.insert(solution.feature_transformation_parameters.begin(),
                               solution.feature_transformation_parameters.end());
  return parameters;
}

/// The artifact that an UPDATE starts from: of the newest version of the solution that is ACTIVE, FULL or an UPDATE.
Result<std::string> PreviousArtifact(JobEnvironment& environment, const SolutionVersion& version) {
  ATTUNE_TRY(const auto versions, environment.catalog.All<SolutionVersion>(version.parent_arn));
  for (auto previous = versions.rbegin(); previous != versions.rend(); ++previous) {
    if (previous->uid != version.uid && previous->status == ResourceStatus::kActive) {
      return environment.ArtifactFolder(previous->uid);
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

Result<TrainReport> Fit(JobEnvironment& environment, const SolutionVersion& version, const std::atomic<bool>& stop) {
  ATTUNE_TRY(const auto contents, LoadContents(environment, version.dataset_group_arn));
  ATTUNE_TRY(const auto data, BuildTrainingData(contents, SelectionOf(version.solution)));
  LogInfo("training {}: {} interactions, {} users, {} items", version.arn, data.interactions.size(), data.users.size(),
          data.items.size());
  std::string logged_step;
  TrainContext context{.env = environment.env,
                       .clock = environment.clock,
                       .pool = environment.training_pool,
                       .cancelled = stop,
                       .on_progress =
                           [&](const TrainProgress& progress) {
                             if (progress.step == logged_step) return;
                             logged_step = progress.step;
                             LogInfo("training {}: {:.0f} %, {}", version.arn, 100 * progress.fraction, progress.step);
                           },
                       .memory_bytes_max = environment.training_memory_bytes_max};
  const std::string folder = environment.ArtifactFolder(version.uid);
  // A training that was killed may have ended with its artifact but not with its record: it is made again.
  ATTUNE_RETURN_IF_ERROR(environment.env.RemoveTree(folder));
  ATTUNE_RETURN_IF_ERROR(environment.env.CreateDirectories(environment.directory.artifacts_path()));
  const TrainParameters parameters = ParametersOf(version.solution);
  if (version.training_mode == "UPDATE") {
    ATTUNE_TRY(const auto previous, PreviousArtifact(environment, version));
    return TrainUpdate(previous, data, parameters, context, folder);
  }
  return TrainFull(data, parameters, context, folder);
}

Status RecordOutcome(JobEnvironment& environment, const std::string& arn, const Result<TrainReport>& report) {
  return environment.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(auto version, transaction.Find<SolutionVersion>(arn));
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
  const Status recorded = RecordOutcome(environment, version.arn, report);
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
