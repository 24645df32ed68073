#include "jobs/fit_artifact.h"

#include "base/log.h"
#include "jobs/dataset_contents.h"

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

TrainParameters ParametersOf(const Solution& solution, const TrainingLimits& limits) {
  TrainParameters parameters{.event_type = solution.event_type,
                             .sequence_operations_max = limits.sequence_operations_max};
  parameters.parameters = solution.algorithm_hyper_parameters;
  parameters.parameters.insert(solution.feature_transformation_parameters.begin(),
                               solution.feature_transformation_parameters.end());
  return parameters;
}

Status RecordRevision(JobEnvironment& environment, const SolutionVersion& fitted, bool has_artifact) {
  return environment.catalog.Transact([&](CatalogTransaction& transaction) -> Status {
    ATTUNE_TRY(auto version, transaction.Find<SolutionVersion>(fitted.arn));
    if (version.uid != fitted.uid) return NotFound("the version was deleted meanwhile");
    version.refreshed_ms = fitted.refreshed_ms;
    if (has_artifact) {
      version.data_segments = fitted.data_segments;
      version.data_sequence = fitted.data_sequence;
      version.artifact_revision += 1;
    }
    return transaction.Update(version);
  });
}

}  // namespace

Result<TrainReport> FitArtifact(JobEnvironment& environment, SolutionVersion& version,
                                const std::string& previous_artifact_name, const std::string& artifact_name,
                                const std::atomic<bool>& stop) {
  version.refreshed_ms = environment.clock.UnixMilliseconds();
  ATTUNE_TRY(const ContentsMark mark, MarkContents(environment, version.dataset_group_arn));
  version.data_segments = mark.segments;
  version.data_sequence = static_cast<std::int64_t>(mark.sequence);
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
                       .memory_bytes_max = environment.training.memory_bytes_max};
  const std::string folder = environment.ArtifactFolder(artifact_name);
  // A training that was killed may have ended with its artifact but not with its record: it is made again.
  ATTUNE_RETURN_IF_ERROR(environment.env.RemoveTree(folder));
  ATTUNE_RETURN_IF_ERROR(environment.env.CreateDirectories(environment.directory.artifacts_path()));
  const TrainParameters parameters = ParametersOf(version.solution, environment.training);
  if (previous_artifact_name.empty()) return TrainFull(data, parameters, context, folder);
  return TrainUpdate(environment.ArtifactFolder(previous_artifact_name), data, parameters, context, folder);
}

Status FitNextRevision(JobEnvironment& environment, SolutionVersion version, const std::string& previous_artifact_name,
                       std::string_view what, const std::atomic<bool>& stop) {
  const std::string next = version.ArtifactName(version.artifact_revision + 1);
  const auto report = FitArtifact(environment, version, previous_artifact_name, next, stop);
  if (report.status().code() == Code::kCancelled) return report.status();
  const Status recorded = RecordRevision(environment, version, report.ok());
  const Status outcome = report.ok() ? recorded : report.status();
  if (!outcome.ok()) {
    LogWarning("{} of {}: {}", what, version.arn, outcome.message());
  } else {
    LogInfo("{} of {}: done in {:.1f} s", what, version.arn, report->seconds);
  }
  return outcome;
}

}  // namespace attune
