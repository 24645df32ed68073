#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace attune {

/// What time it is in a dataset group: the newest time of its events, by the events' own clocks, so that days can be
/// replayed in minutes. An event more than kAheadMaxMs ahead of that moves nothing until kWitnessesMin people agree:
/// one client whose clock is years wrong does not make every item old. Depends on nothing but the order of calls. One
/// thread at a time.
class GroupClock {
 public:
  explicit GroupClock(std::int64_t start_ms = 0) : now_ms_(start_ms) {}

  /// `event_ms` in milliseconds since 1970 UTC; `who` tells people apart.
  void Observe(std::int64_t event_ms, std::uint64_t who);
  std::int64_t now_ms() const { return now_ms_; }

  static constexpr std::int64_t kAheadMaxMs = std::int64_t{24} * 60 * 60 * 1000;
  static constexpr std::size_t kWitnessesMin = 16;

 private:
  std::int64_t now_ms_;
  std::map<std::uint64_t, std::int64_t> ahead_;  ///< Who spoke of a time too far ahead, and of which at last.
};

}  // namespace attune
