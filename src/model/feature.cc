#include "model/feature.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"

namespace attune {

void Expand(const Feature& feature, std::span<float> values) {
  if (feature.is_dense()) {
    ATTUNE_CHECK(feature.dense.size() == values.size());
    std::ranges::copy(feature.dense, values.begin());
    return;
  }
  std::ranges::fill(values, feature.rest);
  for (std::size_t i = 0; i < feature.items.size(); ++i) values[feature.items[i]] = feature.values[i];
}

float ValueAt(const Feature& feature, std::uint32_t item) {
  if (feature.is_dense()) return feature.dense[item];
  const auto found = std::ranges::find(feature.items, item);
  return found == feature.items.end() ? feature.rest
                                      : feature.values[static_cast<std::size_t>(found - feature.items.begin())];
}

double Mean(const Feature& feature, std::size_t item_count) {
  const auto count = static_cast<double>(item_count);
  if (feature.is_dense()) return std::accumulate(feature.dense.begin(), feature.dense.end(), 0.0) / count;
  double sum = 0;
  for (const float value : feature.values) sum += static_cast<double>(value - feature.rest);
  return static_cast<double>(feature.rest) + sum / count;
}

}  // namespace attune
