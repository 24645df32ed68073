#pragma once

#include <string>
#include <string_view>

namespace attune {

/// The stream of the event log that holds what was put into a dataset one by one; jobs/job_environment.h names the
/// same.
inline std::string DatasetStream(std::string_view dataset_uid) { return "dataset/" + std::string(dataset_uid); }

}  // namespace attune
