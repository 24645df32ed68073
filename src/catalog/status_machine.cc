#include "catalog/status_machine.h"

#include <algorithm>
#include <array>
#include <utility>

namespace attune {
namespace {

using enum ResourceStatus;

// Every change there is, for all kinds.
constexpr std::array kChanges = {
    std::pair{kCreatePending, kCreateInProgress}, std::pair{kCreatePending, kActive},
    std::pair{kCreatePending, kCreateFailed},     std::pair{kCreateInProgress, kActive},
    std::pair{kCreateInProgress, kCreateFailed},  std::pair{kActive, kDeletePending},
    std::pair{kCreatePending, kDeletePending},    std::pair{kCreateFailed, kDeletePending},
    std::pair{kDeletePending, kDeleteInProgress},
};

// Only trainings can be stopped; a stopped one stays until its solution goes.
constexpr std::array kStopChanges = {
    std::pair{kCreatePending, kCreateStopped},  std::pair{kCreateInProgress, kCreateStopping},
    std::pair{kCreateStopping, kCreateStopped}, std::pair{kCreateStopping, kActive},  // It was done before it noticed.
    std::pair{kCreateStopping, kCreateFailed},
};

// Only campaigns come back from a failure: by an update to what can be served.
constexpr std::array kCampaignChanges = {std::pair{kCreateFailed, kActive}};

}  // namespace

std::string_view StatusText(ResourceStatus status) {
  switch (status) {
    case kCreatePending: return "CREATE PENDING";
    case kCreateInProgress: return "CREATE IN_PROGRESS";
    case kActive: return "ACTIVE";
    case kCreateFailed: return "CREATE FAILED";
    case kCreateStopping: return "CREATE STOPPING";
    case kCreateStopped: return "CREATE STOPPED";
    case kDeletePending: return "DELETE PENDING";
    case kDeleteInProgress: return "DELETE IN_PROGRESS";
  }
  return "";
}

std::string_view KindText(ResourceKind kind) {
  switch (kind) {
    case ResourceKind::kDatasetGroup: return "dataset group";
    case ResourceKind::kSchema: return "schema";
    case ResourceKind::kDataset: return "dataset";
    case ResourceKind::kDatasetImportJob: return "dataset import job";
    case ResourceKind::kDatasetExportJob: return "dataset export job";
    case ResourceKind::kEventTracker: return "event tracker";
    case ResourceKind::kSolution: return "solution";
    case ResourceKind::kSolutionVersion: return "solution version";
    case ResourceKind::kCampaign: return "campaign";
    case ResourceKind::kFilter: return "filter";
  }
  return "resource";
}

bool MayAdvance(ResourceKind kind, ResourceStatus from, ResourceStatus to) {
  const std::pair change{from, to};
  if (std::ranges::find(kChanges, change) != kChanges.end()) return true;
  switch (kind) {
    case ResourceKind::kSolutionVersion: return std::ranges::find(kStopChanges, change) != kStopChanges.end();
    case ResourceKind::kCampaign: return std::ranges::find(kCampaignChanges, change) != kCampaignChanges.end();
    default: return false;
  }
}

bool IsTransient(ResourceStatus status) {
  return std::ranges::find(TransientStatuses(), status) != TransientStatuses().end();
}

const std::vector<ResourceStatus>& TransientStatuses() {
  static const std::vector<ResourceStatus> kTransient{kCreatePending, kCreateInProgress, kCreateStopping,
                                                      kDeletePending, kDeleteInProgress};
  return kTransient;
}

}  // namespace attune
