#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "jobs/job_environment.h"
#include "train/train_solution.h"

namespace attune {

/// Fits a model to what the version's dataset group holds now, by the version's solution, and writes the artifact
/// `artifact_name`; one of that name that lies there is replaced. With `previous_artifact_name` only what is new is
/// learned, as UPDATE training does. Sets in `version` what the artifact is made of. Cancelled once `stop` is set.
Result<TrainReport> FitArtifact(JobEnvironment& environment, SolutionVersion& version,
                                const std::string& previous_artifact_name, const std::string& artifact_name,
                                const std::atomic<bool>& stop);

/// The same for a version that is ACTIVE: its next revision, recorded in the catalog, so that its campaigns are
/// deployed again. What is served stays where it fails, which is recorded too; nothing is where it was Cancelled. Logs
/// how it went; `what` names it.
Status FitNextRevision(JobEnvironment& environment, SolutionVersion version, const std::string& previous_artifact_name,
                       std::string_view what, const std::atomic<bool>& stop);

}  // namespace attune
