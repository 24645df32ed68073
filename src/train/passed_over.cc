#include "train/passed_over.h"

#include <algorithm>

#include "base/random.h"

namespace attune {

void PassedOver::Choose(std::span<const std::uint32_t> users, std::span<const std::size_t> counts, std::uint64_t seed,
                        const Workers& workers) {
  users_.resize(std::max(users_.size(), users.size()));
  workers.ParallelFor(users.size(), [&](std::size_t i) { Gather(users[i], counts[i], seed, users_[i]); });
}

void PassedOver::Gather(std::uint32_t user, std::size_t count, std::uint64_t seed, OfUser& out) const {
  const Interactions& interactions = view_.data->interactions;
  std::vector<std::uint32_t> taken(view_.Items(user).begin(), view_.Items(user).end());
  std::ranges::sort(taken);
  std::vector<std::uint32_t> others;
  out.offsets.assign(1, 0);
  out.items.clear();
  for (std::size_t position = view_.end[user] - count; position < view_.end[user]; ++position) {
    others.clear();
    for (std::uint32_t i = interactions.impression_offsets[position]; i < interactions.impression_offsets[position + 1];
         ++i) {
      const std::uint32_t item = interactions.impressions[i];
      if (!std::ranges::binary_search(taken, item)) others.push_back(item);
    }
    std::ranges::sort(others);
    others.erase(std::unique(others.begin(), others.end()), others.end());
    if (others.size() > kEachMax) {
      Random random(MixSeed(seed, position));
      for (std::size_t i = 0; i < kEachMax; ++i) std::swap(others[i], others[i + random.Below(others.size() - i)]);
      others.resize(kEachMax);
    }
    out.items.insert(out.items.end(), others.begin(), others.end());
    out.offsets.push_back(static_cast<std::uint32_t>(out.items.size()));
  }
}

}  // namespace attune
