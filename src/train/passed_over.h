#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/workers.h"
#include "model/training_view.h"

namespace attune {

/// Of each interaction the items that its user was shown with it (the impression) and never took: what was passed over
/// for what was taken. Items that the user takes at any time of the view are none of them, and each counts once.
/// Nothing is known of who looked where: where lists have an order of their own, what stands far down seems to be liked
/// less. One thread at a time; the view outlives it.
class PassedOver {
 public:
  explicit PassedOver(const TrainingView& view) : view_(view) {}

  /// Whether there are impressions at all.
  bool any() const { return !view_.data->interactions.impression_offsets.empty(); }

  /// Gathers for a step those of the newest `counts[i]` interactions of each of `users`: of one that passed over more
  /// than kEachMax, as many, drawn from `seed`. The same for any number of threads.
  void Choose(std::span<const std::uint32_t> users, std::span<const std::size_t> counts, std::uint64_t seed,
              const Workers& workers);

  /// Of user users[place] those of one of these interactions, counted from the oldest of them.
  std::span<const std::uint32_t> Of(std::size_t place, std::size_t interaction) const {
    const OfUser& own = users_[place];
    return std::span(own.items).subspan(own.offsets[interaction],
                                        own.offsets[interaction + 1] - own.offsets[interaction]);
  }
  /// All of a user together.
  std::span<const std::uint32_t> Of(std::size_t place) const { return users_[place].items; }

  static constexpr std::size_t kEachMax = 16;

 private:
  struct OfUser {
    std::vector<std::uint32_t> offsets;
    std::vector<std::uint32_t> items;
  };
  void Gather(std::uint32_t user, std::size_t count, std::uint64_t seed, OfUser& out) const;

  const TrainingView& view_;
  std::vector<OfUser> users_;
};

}  // namespace attune
