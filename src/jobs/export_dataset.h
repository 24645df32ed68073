#pragma once

#include <memory>

#include "jobs/job_environment.h"
#include "jobs/runner.h"

namespace attune {

/// Writes what each pending dataset export job names as CSV below its output path: "<path>/<job name>/part-00000.csv".
/// The object appears whole, before the job is ACTIVE.
std::unique_ptr<WorkSource> ExportDatasetWork(JobEnvironment& environment);

}  // namespace attune
