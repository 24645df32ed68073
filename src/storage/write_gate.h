#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "storage/env.h"
#include "storage/key_value_store.h"

namespace attune {

/// Says whether the server may promise to keep something. It may not while the disk is nearly full, so that what was
/// promised can still be compacted, checkpointed and logged, nor while the store refuses writes; it may again when the
/// disk does. Ask before each operation that changes anything; reads go on in any case. Thread-safe.
class WriteGate {
 public:
  struct Options {
    std::uint64_t free_bytes_min = std::uint64_t{256} << 20;
    std::int64_t check_interval_ms = 1000;  ///< So long an answer holds.
  };

  /// `path` lies on the disk in question. All references must outlive the gate.
  WriteGate(Env& env, const Clock& clock, KeyValueStore& store, std::string path, Options options);

  /// Ok; ResourceExhausted, with the reason, while the disk has less than `free_bytes_min` free or while the store
  /// cannot write. When the last answer is old, looks again and lets the store try to recover.
  Status Check() EXCLUDES(mutex_);

 private:
  Status Look();

  // Synchronise themselves.
  Env& env_;
  const Clock& clock_;
  KeyValueStore& store_;
  // Constant after construction.
  const std::string path_;
  const Options options_;
  // Guarded by mutex_.
  Mutex mutex_;
  Status answer_ GUARDED_BY(mutex_);
  bool looking_ GUARDED_BY(mutex_) = false;
  std::int64_t next_look_ns_ GUARDED_BY(mutex_) = INT64_MIN;
};

}  // namespace attune
