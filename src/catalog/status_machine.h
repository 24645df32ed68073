#pragma once

#include <string_view>
#include <vector>

namespace attune {

/// What is kept in the catalog. The values are on disk: never renumber them.
enum class ResourceKind : int {
  kDatasetGroup = 1,
  kSchema = 2,
  kDataset = 3,
  kDatasetImportJob = 4,
  kDatasetExportJob = 5,
  kEventTracker = 6,
  kSolution = 7,
  kSolutionVersion = 8,
  kCampaign = 9,
  kFilter = 10,
};

/// Where a resource stands. The values are on disk: never renumber them.
enum class ResourceStatus : int {
  kCreatePending = 1,
  kCreateInProgress = 2,
  kActive = 3,
  kCreateFailed = 4,
  kCreateStopping = 5,
  kCreateStopped = 6,
  kDeletePending = 7,
  kDeleteInProgress = 8,
};

/// As it stands on the wire: "CREATE PENDING", with a blank, and "CREATE IN_PROGRESS", with both.
std::string_view StatusText(ResourceStatus status);

/// "campaign", for messages.
std::string_view KindText(ResourceKind kind);

/// Whether a resource of `kind` may go from one status to the other (behaviour of Amazon Personalize; the whole table
/// is in the .cc file). A resource that is gone has no status.
bool MayAdvance(ResourceKind kind, ResourceStatus from, ResourceStatus to);

/// Pending, in progress or stopping: a job will still move it.
bool IsTransient(ResourceStatus status);
/// All of those, for queries.
const std::vector<ResourceStatus>& TransientStatuses();

}  // namespace attune
