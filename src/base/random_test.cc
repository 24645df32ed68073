#include "base/random.h"

#include <gtest/gtest.h>

#include <regex>

namespace attune {
namespace {

TEST(Random, RepeatsItselfForTheSameSeed) {
  Random a(7);
  Random b(7);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a.Next(), b.Next());
}

TEST(Random, DrawsEveryNumberBelowABoundAboutEquallyOften) {
  Random random(1);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70'000; ++i) ++counts[random.Below(7)];
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 400);  // Four standard deviations are 370.
}

TEST(Random, DrawsNormalsOfMeanZeroAndVarianceOne) {
  Random random(2);
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double x = random.Normal();
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / 100'000, 0, 0.015);
  EXPECT_NEAR(squares / 100'000, 1, 0.02);
}

TEST(Entropy, MakesVersion4Uuids) {
  SystemEntropy entropy;
  const std::regex form("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  const std::string uuid = entropy.Uuid();
  EXPECT_TRUE(std::regex_match(uuid, form)) << uuid;
  EXPECT_NE(uuid, entropy.Uuid());
}

TEST(Entropy, GivesTheAskedNumberOfHexDigits) {
  FakeEntropy entropy;
  EXPECT_EQ(entropy.Hex(8).size(), 8u);
  EXPECT_EQ(entropy.Hex(25).size(), 25u);
}

}  // namespace
}  // namespace attune
