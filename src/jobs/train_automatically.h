#pragma once

#include <memory>

#include "jobs/job_environment.h"
#include "jobs/runner.h"

namespace attune {

/// Automatic training: makes a solution version of trainingType AUTOMATIC when its solution's schedule says so. The
/// first is due AutomaticWorkOptions::first_training_after the creation of the solution (or after its schedule was set
/// anew), unless somebody made one by hand in between; the next ones so many days after the one before began. None is
/// made while no interactions came since the one before, or while a version of the solution is on its way.
std::unique_ptr<WorkSource> TrainAutomaticallyWork(JobEnvironment& environment);

/// When the solution's next automatic training is due, in ms since 1970; `versions` are the solution's, oldest first.
std::int64_t NextAutomaticTraining(const Solution& solution, const std::vector<SolutionVersion>& versions,
                                   const AutomaticWorkOptions& options);

}  // namespace attune
