#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "data/schema.h"
#include "data/training_data_builder.h"
#include "storage/env.h"

namespace attune {

/// One import of a dataset, as a file.
struct StoredSegment {
  std::string path;
  std::int64_t received_ms = 0;

  friend bool operator==(const StoredSegment&, const StoredSegment&) = default;
};

/// Where what a dataset holds is to be read: its imports, then what was put one by one.
struct StoredDataset {
  std::string uid;
  std::string stream;       ///< Of the event log.
  std::string schema_name;  ///< Differs for different schemas.
  std::shared_ptr<const Schema> schema;
  std::vector<StoredSegment> segments;  ///< Oldest first.

  /// Whether what was read of `other` is still what there is, but for puts.
  bool HoldsWhat(const StoredDataset& other) const {
    return uid == other.uid && schema_name == other.schema_name && segments == other.segments;
  }

  /// Opens, which maps, every segment.
  Result<std::vector<ImportedSegment>> Open(Env& env) const;
};

}  // namespace attune
