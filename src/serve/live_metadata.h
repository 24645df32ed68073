#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "data/metadata_table.h"
#include "data/put_record.h"
#include "serve/stored_dataset.h"
#include "storage/event_log.h"

namespace attune {

/// The newest record of every item, or of every user, of one dataset as it happens: imports once Refresh was called,
/// puts once Apply was. Thread-safe: readers take a snapshot.
class LiveMetadata {
 public:
  struct Snapshot {
    std::shared_ptr<const MetadataTable> table;  ///< Null before the first Refresh.
    std::uint64_t generation = 0;                ///< Rows keep their numbers within one.
    std::uint64_t version = 0;                   ///< Grows with every change.
  };

  /// Reads the dataset anew if its imports or its schema changed, or if nothing was read yet; whoever calls meanwhile
  /// waits. Cheap otherwise. After an error what was there stays.
  Status Refresh(const StoredDataset& dataset, Env& env, const EventLog& log) EXCLUDES(load_mutex_, mutex_);

  /// Makes puts visible that stand in the log from `first_sequence` on. Before the first Refresh nothing is done: that
  /// will read them. Puts of one id may come in another order than the log's; the later one stays.
  void Apply(std::span<const EntityPut> puts, std::uint64_t first_sequence) EXCLUDES(mutex_);

  /// Whether Refresh would do nothing.
  bool IsFresh(const StoredDataset& dataset) const EXCLUDES(mutex_);

  Snapshot Current() const EXCLUDES(mutex_);

 private:
  struct Put {
    std::uint64_t sequence = 0;
    EntityPut put;
  };
  struct Loaded {
    std::shared_ptr<const MetadataTable> table;
    std::uint64_t last_sequence = 0;
  };

  static Result<Loaded> Load(const StoredDataset& dataset, Env& env, const EventLog& log);
  void ApplyNewer(std::span<const Put> puts) REQUIRES(mutex_);

  /// One reads at a time. Taken before mutex_.
  Mutex load_mutex_;
  // Guarded by mutex_.
  mutable Mutex mutex_;
  Snapshot current_ GUARDED_BY(mutex_);
  StoredDataset dataset_ GUARDED_BY(mutex_);
  std::uint64_t loaded_sequence_ GUARDED_BY(mutex_) = 0;  ///< Puts up to here were read with the table.
  std::unordered_map<std::string, std::uint64_t> sequence_of_ GUARDED_BY(mutex_);  ///< Of later puts, by id.
  bool is_loading_ GUARDED_BY(mutex_) = false;
  std::vector<Put> while_loading_ GUARDED_BY(mutex_);
};

}  // namespace attune
