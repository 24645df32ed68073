#pragma once

#include <memory>

#include "jobs/job_environment.h"
#include "jobs/runner.h"

namespace attune {

/// Trains each pending solution version, once the imports into its group are done. Oldest first, one at a time. The
/// artifact is complete on disk before the version is ACTIVE. A version that says CREATE STOPPING ends CREATE STOPPED.
std::unique_ptr<WorkSource> TrainSolutionVersionWork(JobEnvironment& environment);

}  // namespace attune
