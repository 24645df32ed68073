#include "serve/stored_dataset.h"

namespace attune {

Result<std::vector<ImportedSegment>> StoredDataset::Open(Env& env) const {
  std::vector<ImportedSegment> opened;
  for (const StoredSegment& stored : segments) {
    ATTUNE_TRY(auto segment, Segment::Open(env, stored.path));
    opened.push_back({.segment = std::move(segment), .received_ms = stored.received_ms});
  }
  return opened;
}

}  // namespace attune
