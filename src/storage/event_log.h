#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "storage/key_value_store.h"

namespace attune {

/// Payloads in the order of their arrival, in streams of any name. Sequence numbers start at 1, grow over all streams
/// of the log together and are never given twice, also after a restart or DropStream. Thread-safe.
class EventLog {
 public:
  /// The log within `store`, which must outlive it. There must be one EventLog to a store.
  static Result<std::unique_ptr<EventLog>> Open(KeyValueStore& store);
  ~EventLog();

  /// Appends all of `payloads` or none; returns the sequence of the first, the others follow it without a gap.
  /// When it returns, they survive a crash, and whoever reads sees them. Calls at the same time share one sync, and
  /// are read in the order of their sequences: what is visible never has a gap that is filled later.
  /// InvalidArgument for no payloads, or a stream name or payload beyond its limit.
  Result<std::uint64_t> Append(std::string_view stream, std::span<const std::string> payloads) EXCLUDES(mutex_);

  /// Returns an error to stop the reading.
  using Visitor = std::function<Status(std::uint64_t sequence, std::string_view payload)>;
  /// Calls `visit` with each payload of the stream from `from_sequence` on, in order, up to LastSequence() as of the
  /// call. Memory does not depend on how many there are. Corrupt if a payload's checksum does not match.
  Status Read(std::string_view stream, std::uint64_t from_sequence, const Visitor& visit) const;

  /// Deletes all of the stream, durably. A stream without payloads is fine.
  Status DropStream(std::string_view stream);

  /// The names of all streams that hold a payload. Costs a seek for each.
  Result<std::vector<std::string>> Streams() const;

  /// The highest sequence that can be read; 0 before the first Append.
  std::uint64_t LastSequence() const EXCLUDES(mutex_);

  /// About what the stream takes on disk.
  std::uint64_t BytesUsed(std::string_view stream) const;

  static constexpr std::size_t kStreamBytesMax = 1024;
  static constexpr std::size_t kPayloadBytesMax = std::size_t{16} << 20;

 private:
  struct Waiter;
  explicit EventLog(KeyValueStore& store, std::uint64_t last_sequence);
  void CommitGroup() REQUIRES(mutex_);

  // Synchronises itself.
  KeyValueStore& store_;
  // Guarded by mutex_.
  mutable Mutex mutex_;
  ConditionVariable committed_;
  std::vector<Waiter*> waiting_ GUARDED_BY(mutex_);
  bool committing_ GUARDED_BY(mutex_) = false;
  std::uint64_t next_sequence_ GUARDED_BY(mutex_);
  std::uint64_t last_sequence_ GUARDED_BY(mutex_);
};

}  // namespace attune
