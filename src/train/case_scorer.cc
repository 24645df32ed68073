#include "train/case_scorer.h"

namespace attune {

std::vector<std::uint32_t> WarmItems(const TrainingView& view) {
  const auto counts = ItemCounts(view);
  std::vector<std::uint32_t> warm;
  for (std::uint32_t item = 0; item < counts.size(); ++item) {
    if (counts[item] > 0) warm.push_back(item);
  }
  return warm;
}

}  // namespace attune
