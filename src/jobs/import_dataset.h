#pragma once

#include <memory>

#include "jobs/job_environment.h"
#include "jobs/runner.h"

namespace attune {

/// Reads what each pending dataset import job names into a segment of its dataset. The imports of one dataset run one
/// after the other, in the order in which they were asked for. The segment and the job's ACTIVE become visible in one
/// transaction; of a failed import nothing is.
std::unique_ptr<WorkSource> ImportDatasetWork(JobEnvironment& environment);

}  // namespace attune
