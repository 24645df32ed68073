#include "data/splits.h"

#include <algorithm>

#include "base/hash.h"

namespace attune {
namespace {

HistoryRanges Everything(const TrainingData& data) {
  const auto& offsets = data.interactions.user_offsets;
  if (offsets.empty()) return {};
  return {.begin = {offsets.begin(), offsets.end() - 1}, .end = {offsets.begin() + 1, offsets.end()}};
}

}  // namespace

bool IsTestUser(std::string_view user_id, std::uint64_t seed) {
  constexpr std::uint64_t kTestUserShare = 10;  // One in so many.
  return Hash64(user_id, seed) % kTestUserShare == 0;
}

Split SplitUsers(const TrainingData& data, std::uint64_t seed) {
  Split split{.training = Everything(data), .held_out = {}};
  for (std::uint32_t user = 0; user < split.training.begin.size(); ++user) {
    if (!IsTestUser(data.users.id(user), seed)) continue;
    const std::uint32_t begin = split.training.begin[user];
    const std::uint32_t end = split.training.end[user];
    split.training.end[user] = begin;
    const std::uint32_t length = end - begin;
    if (length < 2) continue;
    const std::uint32_t truth = std::max<std::uint32_t>(1, length / 10);
    split.held_out.push_back({.user = user, .begin = begin, .truth_begin = end - truth, .truth_end = end});
  }
  return split;
}

Split SplitLastOne(const TrainingData& data, LeaveOut leave_out) {
  Split split{.training = Everything(data), .held_out = {}};
  for (std::uint32_t user = 0; user < split.training.begin.size(); ++user) {
    const std::uint32_t begin = split.training.begin[user];
    const std::uint32_t end = split.training.end[user];
    constexpr std::uint32_t kTestedLengthMin = 3;
    if (end - begin < kTestedLengthMin) continue;
    split.training.end[user] = end - 2;
    const std::uint32_t truth = leave_out == LeaveOut::kTest ? end - 1 : end - 2;
    split.held_out.push_back({.user = user, .begin = begin, .truth_begin = truth, .truth_end = truth + 1});
  }
  return split;
}

Split SplitByTime(const TrainingData& data, std::int64_t cut_ms) {
  Split split{.training = Everything(data), .held_out = {}};
  for (std::uint32_t user = 0; user < split.training.begin.size(); ++user) {
    const auto times = data.interactions.Times(user);
    const auto older = static_cast<std::uint32_t>(std::ranges::lower_bound(times, cut_ms) - times.begin());
    const std::uint32_t begin = split.training.begin[user];
    const std::uint32_t end = split.training.end[user];
    split.training.end[user] = begin + older;
    if (older == 0 || begin + older == end) continue;
    split.held_out.push_back({.user = user, .begin = begin, .truth_begin = begin + older, .truth_end = end});
  }
  return split;
}

std::int64_t TimeQuantile(const TrainingData& data, double share) {
  auto times = data.interactions.timestamp_ms;
  if (times.empty()) return 0;
  const auto wanted = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(times.size()));
  const std::size_t at = std::min(wanted, times.size() - 1);
  std::ranges::nth_element(times, times.begin() + static_cast<std::ptrdiff_t>(at));
  return times[at];
}

}  // namespace attune
