#include "data/group_clock.h"

#include <algorithm>
#include <vector>

namespace attune {

void GroupClock::Observe(std::int64_t event_ms, std::uint64_t who) {
  if (event_ms <= now_ms_) return;
  if (event_ms - now_ms_ <= kAheadMaxMs) {
    now_ms_ = event_ms;
    return;
  }
  ahead_[who] = event_ms;
  if (ahead_.size() < kWitnessesMin) return;
  // The earliest of them is a time that all of them have reached.
  std::vector<std::int64_t> times;
  for (const auto& [each, time_ms] : ahead_) times.push_back(time_ms);
  std::ranges::sort(times);
  ahead_.clear();
  now_ms_ = std::max(now_ms_, times.front());
  for (const std::int64_t time_ms : times) {
    if (time_ms - now_ms_ <= kAheadMaxMs) now_ms_ = std::max(now_ms_, time_ms);
  }
}

}  // namespace attune
