#pragma once

#include <memory>

#include "jobs/job_environment.h"
#include "jobs/runner.h"

namespace attune {

/// An artifact that cannot be loaded (damaged, lost, or of another version of attune) is fitted anew, once a start,
/// from what its dataset group holds now, whatever the version's trainingMode: what was trained can be trained again,
/// so nobody has to notice. Until then its ACTIVE campaigns do not answer. One that the system refuses to read is left
/// alone: it may be well.
std::unique_ptr<WorkSource> RefitUnreadableWork(JobEnvironment& environment);

}  // namespace attune
