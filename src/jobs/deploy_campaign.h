#pragma once

#include <memory>
#include <string>

#include "jobs/job_environment.h"
#include "jobs/runner.h"

namespace attune {

/// Loads the model of each campaign that is being created or updated, publishes it, and then says so in the catalog.
/// Until then an updated campaign serves what it served.
std::unique_ptr<WorkSource> DeployCampaignWork(JobEnvironment& environment);

/// Publishes every ACTIVE campaign at once, before the first request. A campaign whose model cannot be loaded is logged
/// and left out.
Status DeployActiveCampaigns(JobEnvironment& environment);

}  // namespace attune
