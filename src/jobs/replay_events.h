#pragma once

#include "jobs/job_environment.h"

namespace attune {

/// Tells every live group the events that its Interactions dataset has in the log, in the log's order: after this it
/// knows what it knew before the server stopped. Called once, at start, after the campaigns are deployed and before the
/// first request. What was shown under a recommendationId before the start is not known any more.
Status ReplayEvents(JobEnvironment& environment);

}  // namespace attune
