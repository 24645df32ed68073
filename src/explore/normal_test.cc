#include "explore/normal.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace attune {
namespace {

TEST(Normal, TailHasTheTabulatedValues) {
  EXPECT_DOUBLE_EQ(NormalTail(0), 0.5);
  EXPECT_NEAR(NormalTail(1.959963985), 0.025, 1e-10);
  EXPECT_NEAR(NormalTail(-1.281551566), 0.9, 1e-9);
}

TEST(Normal, InverseUndoesTheTailInItsThreeParts) {
  for (const double chance : {1e-12, 1e-6, 0.001, 0.0242, 0.0243, 0.1, 0.5, 0.8, 0.9757, 0.9758, 0.999, 1 - 1e-9}) {
    EXPECT_NEAR(NormalTail(NormalTailInverse(chance)) / chance, 1, 1e-6) << chance;
  }
  EXPECT_GT(NormalTailInverse(0), 30);  // Finite, so that a draw of exactly 0 harms nothing.
  EXPECT_LT(NormalTailInverse(0), 50);
}

TEST(Normal, TailIsThatOfTheErrorFunction) {
  for (double z = -12; z <= 12; z += 0.0013) {
    const double expected = 0.5 * std::erfc(z / std::numbers::sqrt2);
    EXPECT_NEAR(NormalTail(z), expected, 1e-6 * expected) << z;
  }
  EXPECT_EQ(NormalTail(0), 0.5);
  EXPECT_EQ(NormalTail(HUGE_VAL), 0);
  EXPECT_EQ(NormalTail(-HUGE_VAL), 1);
}

}  // namespace
}  // namespace attune
