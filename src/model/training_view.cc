#include "model/training_view.h"

#include <numeric>

namespace attune {

std::size_t TrainingView::size() const {
  std::size_t total = 0;
  for (std::uint32_t user = 0; user < user_count(); ++user) total += Length(user);
  return total;
}

TrainingView WholeView(const TrainingData& data) {
  const auto& offsets = data.interactions.user_offsets;
  if (offsets.empty()) return {.data = &data, .begin = {}, .end = {}};
  return {.data = &data, .begin = {offsets.begin(), offsets.end() - 1}, .end = {offsets.begin() + 1, offsets.end()}};
}

std::vector<std::uint32_t> ItemCounts(const TrainingView& view) {
  std::vector<std::uint32_t> counts(view.item_count());
  for (std::uint32_t user = 0; user < view.user_count(); ++user) {
    for (const std::uint32_t item : view.Items(user)) ++counts[item];
  }
  return counts;
}

}  // namespace attune
