#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "catalog/catalog.h"
#include "data/schema.h"
#include "serve/group_log.h"

namespace attune {

/// What a put needs to know of a dataset.
struct IngestDataset {
  std::string arn;
  std::string uid;
  DatasetType type = DatasetType::kInteractions;
  std::shared_ptr<const Schema> schema;
  std::string group_arn;
  std::string group_uid;
  std::shared_ptr<const GroupDatasets> group_datasets;
};

/// Where events of a tracker go.
struct IngestTracker {
  std::string group_uid;
  std::optional<IngestDataset> interactions;  ///< Nothing while the group has no Interactions dataset.
};

/// Trackers and datasets as the catalog has them, read anew when the catalog changed: a put costs no query.
/// Thread-safe.
class IngestIndex {
 public:
  explicit IngestIndex(Catalog& catalog) : catalog_(catalog) {}

  /// InvalidArgument where no tracker has that id: PutEvents knows no other error.
  Result<IngestTracker> FindTracker(std::string_view tracking_id) EXCLUDES(mutex_);
  /// NotFound where there is no such dataset.
  Result<IngestDataset> FindDataset(std::string_view dataset_arn) EXCLUDES(mutex_);

 private:
  struct Snapshot {
    std::uint64_t change_count = 0;
    std::map<std::string, IngestTracker, std::less<>> trackers;
    std::map<std::string, IngestDataset, std::less<>> datasets;
  };

  Result<std::shared_ptr<const Snapshot>> Current() EXCLUDES(mutex_);
  Result<std::shared_ptr<const Snapshot>> Read() const;

  Catalog& catalog_;
  Mutex mutex_;
  std::shared_ptr<const Snapshot> snapshot_ GUARDED_BY(mutex_);
};

}  // namespace attune
