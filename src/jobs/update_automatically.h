#pragma once

#include <memory>

#include "jobs/job_environment.h"
#include "jobs/runner.h"

namespace attune {

/// Automatic updates: the newest FULL version of a solution that a campaign serves takes in what was put and imported
/// since, every AutomaticWorkOptions::update_every; skipped while there is nothing new. The version stays the same and
/// gets another artifact; its campaigns are deployed again. A version of trainingMode UPDATE, or one with a newer FULL
/// version beside it, is left alone (Amazon Personalize guide, "Automatic updates").
std::unique_ptr<WorkSource> UpdateAutomaticallyWork(JobEnvironment& environment);

}  // namespace attune
