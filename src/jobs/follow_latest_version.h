#pragma once

#include <memory>

#include "jobs/job_environment.h"
#include "jobs/runner.h"

namespace attune {

/// Campaigns with syncWithLatestSolutionVersion: when a newer version of the solution is ACTIVE, it becomes the
/// campaign's update, as if somebody had called UpdateCampaign (it shows as latestCampaignUpdate). A version that could
/// not be deployed is not tried again.
std::unique_ptr<WorkSource> FollowLatestVersionWork(JobEnvironment& environment);

}  // namespace attune
