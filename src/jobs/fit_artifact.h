#pragma once

#include <atomic>
#include <string>

#include "jobs/job_environment.h"
#include "train/train_solution.h"

namespace attune {

/// Fits a model to what the version's dataset group holds now, by the version's solution, and writes the artifact
/// `artifact_name`; one of that name that lies there is replaced. With `previous_artifact_name` only what is new is
/// learned, as UPDATE training does. Sets in `version` what the artifact is made of. Cancelled once `stop` is set.
Result<TrainReport> FitArtifact(JobEnvironment& environment, SolutionVersion& version,
                                const std::string& previous_artifact_name, const std::string& artifact_name,
                                const std::atomic<bool>& stop);

}  // namespace attune
