#pragma once

#include <cstdint>
#include <iterator>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/mutex.h"

namespace attune {

/// Values by key that may be made again, within a limit of bytes: whatever was not asked for longest makes room. A
/// Value is copied out, so it should be a pointer or little more. Thread-safe.
template <class Value>
class BoundedCache {
 public:
  /// 0: keeps nothing.
  explicit BoundedCache(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

  /// Nothing where it is not kept. What `is_valid(value)` denies is removed, and not found.
  template <class IsValid>
  std::optional<Value> Find(const std::string& key, const IsValid& is_valid) EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    ++figures_.asked;
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return std::nullopt;
    const auto entry = found->second;
    if (!is_valid(entry->value)) {
      Remove(entry);
      return std::nullopt;
    }
    ++figures_.found;
    entries_.splice(entries_.begin(), entries_, entry);
    return entry->value;
  }

  /// In the place of what was kept under the key. Nothing is kept of a value that alone takes more than there is.
  void Keep(std::string key, Value value, std::uint64_t value_bytes) EXCLUDES(mutex_) {
    const std::uint64_t bytes = key.size() + value_bytes;
    if (bytes > bytes_max_) return;
    const MutexLock lock(mutex_);
    if (const auto found = by_key_.find(key); found != by_key_.end()) Remove(found->second);
    entries_.push_front({.key = std::move(key), .value = std::move(value), .bytes = bytes});
    by_key_.emplace(entries_.front().key, entries_.begin());
    figures_.bytes += bytes;
    while (figures_.bytes > bytes_max_) Remove(std::prev(entries_.end()));
  }

  struct Figures {
    std::uint64_t asked = 0;
    std::uint64_t found = 0;
    std::uint64_t bytes = 0;  ///< Of keys and values.
  };
  Figures figures() const EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return figures_;
  }

 private:
  struct Entry {
    std::string key;
    Value value;
    std::uint64_t bytes = 0;
  };
  using Entries = std::list<Entry>;

  void Remove(typename Entries::iterator entry) REQUIRES(mutex_) {
    figures_.bytes -= entry->bytes;
    by_key_.erase(entry->key);
    entries_.erase(entry);
  }

  const std::uint64_t bytes_max_;
  // Guarded by mutex_.
  mutable Mutex mutex_;
  Entries entries_ GUARDED_BY(mutex_);  ///< Asked for last first.
  std::unordered_map<std::string_view, typename Entries::iterator> by_key_ GUARDED_BY(mutex_);
  Figures figures_ GUARDED_BY(mutex_);
};

}  // namespace attune
