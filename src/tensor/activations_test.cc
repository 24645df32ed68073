#include "tensor/activations.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.h"

namespace attune {
namespace {

TEST(SoftmaxInPlace, AgreesWithDoublesForOddSizes) {
  Random random(1);
  for (const std::size_t size : {1, 2, 15, 16, 17, 63, 200}) {
    std::vector<float> row(size);
    for (float& value : row) value = static_cast<float>(20 * random.Normal());
    double largest = -HUGE_VAL;
    for (const float value : row) largest = std::max(largest, double{value});
    double sum = 0;
    for (const float value : row) sum += std::exp(value - largest);
    const std::vector<float> before = row;

    EXPECT_NEAR(LogSumExp(row), largest + std::log(sum), 1e-5 * std::abs(largest) + 1e-5);
    const float log_sum = SoftmaxInPlace(row);

    // A few units in the last place of a float, and of the approximated exponential.
    EXPECT_NEAR(log_sum, largest + std::log(sum), 1e-5 * std::abs(largest) + 1e-5);
    for (std::size_t i = 0; i < size; ++i) EXPECT_NEAR(row[i], std::exp(before[i] - largest) / sum, 2e-6);
  }
}

TEST(LogSumExp, AddsBlocksOfEveryScale) {
  // Each block of thousands has another maximum, the largest in the first, in the last or between.
  for (const float slope : {-1e-3f, 0.0f, 1e-3f, 1.0f}) {
    std::vector<float> row(20'011);
    double sum = 0;
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = i % 5000 == 7 ? -HUGE_VALF : slope * static_cast<float>(i % 15'000);
      sum += std::exp(double{row[i]} - double{slope} * (slope > 0 ? 14'999 : 0));
    }
    EXPECT_NEAR(LogSumExp(row), std::log(sum) + double{slope} * (slope > 0 ? 14'999 : 0), 2e-3) << slope;
  }
}

TEST(LogSumExp, PassesOverMinusInfinity) {
  std::vector<float> row(21, -HUGE_VALF);
  EXPECT_EQ(LogSumExp(row), -HUGE_VALF);
  row[3] = 2;
  EXPECT_FLOAT_EQ(LogSumExp(row), 2);
  row[20] = 2;
  EXPECT_FLOAT_EQ(LogSumExp(row), 2 + std::log(2.0f));
}

TEST(SoftmaxInPlace, DoesNotOverflow) {
  std::vector<float> row = {1000, 1000, -1000};

  SoftmaxInPlace(row);

  EXPECT_NEAR(row[0], 0.5, 1e-6);
  EXPECT_EQ(row[2], 0);
}

TEST(SigmoidInPlace, AgreesWithDoublesForOddSizes) {
  Random random(2);
  for (const std::size_t size : {1, 15, 16, 33}) {
    std::vector<float> values(size);
    for (float& value : values) value = static_cast<float>(30 * random.Normal());
    const std::vector<float> before = values;

    SigmoidInPlace(values);

    for (std::size_t i = 0; i < size; ++i) EXPECT_NEAR(values[i], 1 / (1 + std::exp(-double{before[i]})), 1e-6);
  }
}

}  // namespace
}  // namespace attune
