#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "explore/posterior.h"
#include "filter/item_set.h"
#include "model/recommender_model.h"

namespace attune {

/// Items of any age that hardly anybody met: fewer than kFewInteractions interactions and impressions in training. They
/// may be explored as new ones may, a few at a time, the newest first, until they were looked at as often: who was
/// clicked by then stays, who was not makes room for the next. So the long tail of a catalogue is met once and pushes
/// nothing aside. Immutable.
class FewTaken {
 public:
  /// Of the model's own catalogue.
  explicit FewTaken(const RecommenderModel& model);

  /// Adds those of `kept` (all, if null) to `eligible` and returns them, at most `count_max`, of those that were not
  /// met yet at most `unmet_max`. `model` is the one of the constructor or an extension. O(kListMax + items that
  /// joined).
  std::vector<std::uint32_t> AddTo(ItemSet& eligible, const RecommenderModel& model, const Posterior& posterior,
                                   const ItemSet* kept, std::size_t count_max, std::size_t unmet_max = kUnmetMax) const;

  static constexpr std::uint32_t kFewInteractions = 5;
  /// Of those that nobody met yet, so many compete at a time.
  static constexpr std::size_t kUnmetMax = 10;
  /// The newest of a catalogue.
  static constexpr std::size_t kListMax = 20'000;

 private:
  std::size_t base_count_ = 0;
  std::vector<std::uint32_t> newest_first_;
};

}  // namespace attune
