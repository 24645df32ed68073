#pragma once

#include <string_view>

#include "data/training_data_builder.h"
#include "jobs/job_environment.h"

namespace attune {

/// Everything that a dataset group holds now: its segments, mapped, and what was put one by one, up to the log's newest
/// entry as of the call.
Result<DatasetContents> LoadContents(JobEnvironment& environment, std::string_view group_arn);

/// Whether an import into one of the group's datasets is still to be done.
Result<bool> ImportsArePending(Catalog& catalog, std::string_view group_arn);

}  // namespace attune
