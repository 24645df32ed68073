#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/training_data.h"

namespace attune {

/// Part of the training data: of each user u the interactions [begin[u], end[u]), a run of `data`'s own. This is how a
/// fold is cut without copying. Immutable; `data` outlives it.
struct TrainingView {
  const TrainingData* data = nullptr;
  std::vector<std::uint32_t> begin;  ///< [users]
  std::vector<std::uint32_t> end;    ///< [users]

  std::size_t user_count() const { return begin.size(); }
  std::size_t item_count() const { return data->items.size(); }
  std::size_t Length(std::uint32_t user) const { return end[user] - begin[user]; }
  std::span<const std::uint32_t> Items(std::uint32_t user) const {
    return std::span(data->interactions.item).subspan(begin[user], Length(user));
  }
  std::span<const std::int64_t> Times(std::uint32_t user) const {
    return std::span(data->interactions.timestamp_ms).subspan(begin[user], Length(user));
  }
  std::span<const std::uint32_t> EventTypes(std::uint32_t user) const {
    return std::span(data->interactions.event_type).subspan(begin[user], Length(user));
  }
  std::span<const float> EventValues(std::uint32_t user) const {
    return std::span(data->interactions.event_value).subspan(begin[user], Length(user));
  }
  /// All interactions of the view.
  std::size_t size() const;
};

/// Everything of `data`.
TrainingView WholeView(const TrainingData& data);

/// How often each item occurs. [items]
std::vector<std::uint32_t> ItemCounts(const TrainingView& view);

}  // namespace attune
