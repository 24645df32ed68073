#include "model/blend.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"

namespace attune {
namespace {

/// More items than one block of sums, some features sparse, one weight zero: against one feature after the other,
/// written out.
TEST(Blend, AddsUpDenseAndSparseFeaturesAsTheirWrittenOutTwinDoes) {
  constexpr std::size_t kItems = 10'001;
  constexpr std::size_t kFeatures = 5;
  Random random(3);
  Blend blend{.feature_names = std::vector<std::string>(kFeatures, "f"),
              .weights = {0.5F, -1, 0, 2, 0.25F, 1, -0.5F, 0.125F},
              .by_length = {0.1F, 0, 0, -0.2F, 0.3F, 0, 0.2F, 0},
              .empty_weights = {0, 1, 0, 3, 0},
              .typical_length = 2};
  std::vector<std::vector<float>> values(kFeatures);
  std::vector<std::vector<std::uint32_t>> items(kFeatures);
  std::vector<Feature> features;
  for (std::size_t f = 0; f < kFeatures; ++f) {
    const bool is_dense = f % 2 == 0;
    for (std::uint32_t item = 0; item < kItems; ++item) {
      if (!is_dense && random.Below(50) != 0) continue;
      items[f].push_back(item);
      values[f].push_back(static_cast<float>(random.Normal()));
    }
    features.push_back(is_dense ? Feature{.dense = values[f]}
                                : Feature{.rest = -3, .items = items[f], .values = values[f]});
  }
  const std::vector<std::uint32_t> history = {7, 9'999, 7};
  for (const Query& query : {Query{}, Query{.items = history}}) {
    std::vector<float> scores(kItems, 99);
    blend.Apply(query, features, scores);

    std::vector<double> expected(kItems);
    for (std::size_t f = 0; f < kFeatures; ++f) {
      const double weight = query.items.empty()
                                ? double{blend.empty_weights[f]}
                                : double{blend.weights[f]} + double{blend.by_length[f]} * double{blend.LengthFactor(3)};
      std::vector<float> written(kItems);
      Expand(features[f], written);
      for (std::size_t i = 0; i < kItems; ++i) expected[i] += weight * double{written[i]};
    }
    for (const RepeatedItem& repeated : RepeatedItems(query.items, kItems)) {
      expected[repeated.item] += double{blend.RepeatScore(repeated, query.items.size())};
    }
    for (std::size_t i = 0; i < kItems; ++i) ASSERT_NEAR(scores[i], expected[i], 1e-4) << i;
  }
}

}  // namespace
}  // namespace attune
