#include "tensor/best_values.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/random.h"
#include "tensor/cpu.h"

namespace attune {
namespace {

std::vector<std::uint32_t> SortAll(std::span<const float> values, std::size_t k) {
  std::vector<std::uint32_t> indexes(values.size());
  std::iota(indexes.begin(), indexes.end(), 0U);
  std::ranges::stable_sort(indexes, std::greater<>(), [&](std::uint32_t i) { return values[i]; });
  indexes.resize(std::min(k, indexes.size()));
  std::ranges::sort(indexes);
  return indexes;
}

class BestValuesTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { ASSERT_TRUE(CapCpu(GetParam()).ok()); }
  void TearDown() override { ASSERT_TRUE(CapCpu("amx").ok()); }
};

TEST_P(BestValuesTest, AreThoseThatSortingFinds) {
  for (const std::size_t count : {0, 1, 63, 64, 65, 1000, 6401, 20'000}) {
    for (const std::size_t k : {0, 1, 25, 300}) {
      Random random(count + k);
      std::vector<float> values(count);
      for (float& value : values) value = static_cast<float>(random.Normal());
      EXPECT_EQ(BestValues(values, k), SortAll(values, k)) << count << " " << k;
      for (float& value : values) value = std::round(2 * value);  // Ties.
      EXPECT_EQ(BestValues(values, k), SortAll(values, k)) << count << " " << k;
      std::ranges::sort(values);  // The best stand together.
      EXPECT_EQ(BestValues(values, k), SortAll(values, k)) << count << " " << k;
      for (std::size_t i = 0; i < count; ++i) values[i] = i % 400 == 7 ? 1 : -HUGE_VALF;
      EXPECT_EQ(BestValues(values, k), SortAll(values, k)) << count << " " << k;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EveryCpu, BestValuesTest, testing::Values("baseline", "avx2", "avx512"));

}  // namespace
}  // namespace attune
