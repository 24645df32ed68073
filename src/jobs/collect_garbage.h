#pragma once

#include <memory>

#include "jobs/job_environment.h"
#include "jobs/runner.h"

namespace attune {

/// Frees what deleted resources left on disk: folders of datasets and models, and streams of the event log, whose uid
/// the catalog does not know; and segments that no dataset lists and no import is writing. Uids are never used again,
/// so what is garbage once stays garbage. Due once after each delete, and at start.
std::unique_ptr<WorkSource> CollectGarbageWork(JobEnvironment& environment);

}  // namespace attune
