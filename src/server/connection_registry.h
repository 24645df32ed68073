#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "server/connection.h"

namespace attune {

/// Who is connected, and whether there is room for one more. Thread-safe.
class ConnectionRegistry {
 public:
  explicit ConnectionRegistry(const HttpLimits& limits) : limits_(limits) {}

  /// Counts one more client. A refusal says why there is no room; it too is counted, up to kRefusedMax, so that the
  /// client can be told. Call Leave for what was counted.
  enum class Admission { kWelcome, kRefused, kDropped };
  Admission Enter(const std::string& peer_address, HttpRefusal* refusal) EXCLUDES(mutex_);
  void Leave(const std::string& peer_address, Admission admission) EXCLUDES(mutex_);

  /// From here on All gives it, as long as it lives.
  void Add(const std::shared_ptr<Connection>& connection) EXCLUDES(mutex_);
  void Remove(Connection* connection) EXCLUDES(mutex_);
  std::vector<std::shared_ptr<Connection>> All() const EXCLUDES(mutex_);

  /// False if the time passed first.
  bool WaitUntilEmpty(std::chrono::nanoseconds duration) EXCLUDES(mutex_);
  std::size_t size() const EXCLUDES(mutex_);

  /// Clients that are being told that there is no room.
  static constexpr std::size_t kRefusedMax = 256;

 private:
  // Constant after construction.
  const HttpLimits limits_;
  // Guarded by mutex_.
  mutable Mutex mutex_;
  ConditionVariable changed_;
  std::unordered_map<Connection*, std::weak_ptr<Connection>> connections_ GUARDED_BY(mutex_);
  std::unordered_map<std::string, std::size_t> per_peer_ GUARDED_BY(mutex_);
  std::size_t welcome_count_ GUARDED_BY(mutex_) = 0;
  std::size_t refused_count_ GUARDED_BY(mutex_) = 0;
};

}  // namespace attune
