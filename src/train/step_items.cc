#include "train/step_items.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.h"

namespace attune {

StepItems::StepItems(const TrainingView& view, std::size_t negatives) : rows_(view.item_count(), kNoIndex) {
  const std::size_t count = view.item_count();
  if (negatives == 0 || negatives >= count) {
    items_.resize(count);
    std::iota(items_.begin(), items_.end(), 0u);
    rows_ = items_;
    bias_.resize(count);
    return;
  }
  const double evenly = 0.5 * static_cast<double>(negatives) / static_cast<double>(count);
  const double each = 0.5 * static_cast<double>(negatives) / static_cast<double>(std::max<std::size_t>(1, view.size()));
  for (const std::uint32_t occurrences : ItemCounts(view)) {
    chances_.push_back(static_cast<float>(std::min(1.0, evenly + each * occurrences)));
  }
}

void StepItems::Choose(std::uint64_t seed, std::span<const std::span<const std::uint32_t>> held) {
  if (chances_.empty()) return;
  for (const std::uint32_t item : items_) rows_[item] = kNoIndex;
  items_.clear();
  bias_.clear();
  const auto add = [&](std::uint32_t item) {
    rows_[item] = static_cast<std::uint32_t>(items_.size());
    items_.push_back(item);
  };
  Random random(seed);
  while (items_.empty()) {  // A softmax needs a class.
    for (std::uint32_t item = 0; item < chances_.size(); ++item) {
      if (random.Uniform() >= double{chances_[item]}) continue;
      add(item);
      bias_.push_back(-std::log(chances_[item]));
    }
  }
  for (const auto& sequence : held) {
    for (const std::uint32_t item : sequence) {
      if (rows_[item] == kNoIndex) add(item);
    }
  }
}

}  // namespace attune
