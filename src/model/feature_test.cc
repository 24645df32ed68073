#include "model/feature.h"

#include <gtest/gtest.h>

#include <vector>

namespace attune {
namespace {

TEST(Feature, SaysTheSameDenseAndSparse) {
  const std::vector<std::uint32_t> items = {4, 1};
  const std::vector<float> values = {-1, 2};
  const Feature sparse{.rest = -8, .items = items, .values = values};
  std::vector<float> written(6);
  Expand(sparse, written);
  EXPECT_EQ(written, (std::vector<float>{-8, 2, -8, -8, -1, -8}));
  const Feature dense{.dense = written};
  std::vector<float> again(6);
  Expand(dense, again);
  EXPECT_EQ(again, written);

  for (std::uint32_t item = 0; item < written.size(); ++item) {
    EXPECT_EQ(ValueAt(sparse, item), written[item]);
    EXPECT_EQ(ValueAt(dense, item), written[item]);
  }
  EXPECT_NEAR(Mean(sparse, 6), -31.0 / 6, 1e-6);
  EXPECT_NEAR(Mean(dense, 6), -31.0 / 6, 1e-6);
}

}  // namespace
}  // namespace attune
