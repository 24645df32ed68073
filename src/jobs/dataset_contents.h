#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/training_data_builder.h"
#include "jobs/job_environment.h"
#include "serve/group_log.h"

namespace attune {

/// Everything that a dataset group holds now: its segments, mapped, and what was put one by one, up to the log's newest
/// entry as of the call.
Result<DatasetContents> LoadContents(JobEnvironment& environment, std::string_view group_arn);

/// Which interactions and items a group had at some moment.
struct ContentsMark {
  std::vector<std::string> segments;
  std::uint64_t sequence = 0;  ///< Of the event log.
};
Result<ContentsMark> MarkContents(JobEnvironment& environment, std::string_view group_arn);

/// Whether interactions or items were imported or put into the group since.
Result<bool> HasNewContents(JobEnvironment& environment, std::string_view group_arn, const ContentsMark& since);

/// The streams that tell what happens in a group.
Result<GroupDatasets> FindGroupDatasets(Catalog& catalog, std::string_view group_arn);

/// Whether an import into one of the group's datasets is still to be done.
Result<bool> ImportsArePending(Catalog& catalog, std::string_view group_arn);

}  // namespace attune
