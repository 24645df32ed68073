#include "train/folds.h"

#include <algorithm>

#include "base/random.h"

namespace attune {
namespace {

/// Users with two or more events, in an order drawn from `seed`.
std::vector<std::uint32_t> ShuffledUsers(const TrainingView& view, std::uint64_t seed) {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> drawn;
  for (std::uint32_t user = 0; user < view.user_count(); ++user) {
    if (view.Length(user) >= 2) drawn.emplace_back(MixSeed(seed, user), user);
  }
  std::sort(drawn.begin(), drawn.end());
  std::vector<std::uint32_t> users;
  for (const auto& [draw, user] : drawn) users.push_back(user);
  return users;
}

}  // namespace

TrainingView WithoutExtremeUsers(const TrainingView& view, double min_percentile, double max_percentile) {
  std::vector<std::size_t> lengths;
  for (std::uint32_t user = 0; user < view.user_count(); ++user) {
    if (view.Length(user) > 0) lengths.push_back(view.Length(user));
  }
  if (lengths.empty()) return view;
  std::sort(lengths.begin(), lengths.end());
  const auto at = [&](double percentile) {
    return lengths[static_cast<std::size_t>(percentile * static_cast<double>(lengths.size() - 1))];
  };
  const std::size_t shortest = at(min_percentile);
  const std::size_t longest = at(max_percentile);
  TrainingView kept = view;
  for (std::uint32_t user = 0; user < kept.user_count(); ++user) {
    const std::size_t length = kept.Length(user);
    if (length < shortest || length > longest) kept.end[user] = kept.begin[user];
  }
  return kept;
}

Fold HoldOutNewest(const TrainingView& view, std::uint64_t seed) {
  Fold fold{.view = view, .cases = {}};
  auto users = ShuffledUsers(view, seed);
  if (users.size() > kCasesMax) users.resize(kCasesMax);
  const std::size_t wanted_each = users.empty() ? 0 : (kCasesWanted + users.size() - 1) / users.size();
  for (const std::uint32_t user : users) {
    const std::size_t each = std::clamp<std::size_t>(view.Length(user) / 5, 1, wanted_each);
    fold.view.end[user] -= static_cast<std::uint32_t>(each);
    for (std::uint32_t position = fold.view.end[user]; position < view.end[user]; ++position) {
      fold.cases.push_back({.user = user, .position = position});
    }
  }
  return fold;
}

std::vector<std::uint32_t> DrawTestUsers(const TrainingView& view, std::uint64_t seed) {
  auto users = ShuffledUsers(view, seed);
  if (!users.empty()) users.resize(std::max<std::size_t>(1, users.size() / 10));
  std::sort(users.begin(), users.end());
  return users;
}

TrainingView WithoutUsers(const TrainingView& view, std::span<const std::uint32_t> users) {
  TrainingView rest = view;
  for (const std::uint32_t user : users) rest.end[user] = rest.begin[user];
  return rest;
}

}  // namespace attune
