#pragma once

#include <cstddef>

namespace attune {

/// How many of each thing there may be (Amazon Personalize guide, "Quotas"). Configurable; these are the service's own.
struct Limits {
  std::size_t dataset_groups = 5;
  std::size_t schemas = 500;
  std::size_t import_jobs_in_progress = 5;
  std::size_t export_jobs_in_progress = 5;
  std::size_t solution_versions_in_progress = 20;
  std::size_t solutions_per_group = 10;
  std::size_t campaigns_per_group = 5;
  std::size_t event_trackers_per_group = 1;
  std::size_t filters_per_group = 30;
  std::size_t filter_columns_per_group = 20;  ///< Distinct ones, over all filters.
};

}  // namespace attune
