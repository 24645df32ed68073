#include "explore/user_factors.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "base/random.h"

namespace attune {
namespace {

constexpr std::size_t kAnchors = 20;

/// Scores of users who differ in two tastes, the first of them the stronger, and in how freely they score.
struct Sample {
  std::vector<float> scores;
  std::vector<float> taste;
};

Sample MakeSample(std::size_t user_count) {
  Random random(3);
  Sample sample;
  for (std::size_t u = 0; u < user_count; ++u) {
    const double first = random.Normal();
    const double second = random.Normal();
    const double freely = 5 * random.Normal();
    sample.taste.push_back(static_cast<float>(first));
    for (std::size_t a = 0; a < kAnchors; ++a) {
      const double position = static_cast<double>(a);
      sample.scores.push_back(
          static_cast<float>(freely - position / 3 + 2 * first * std::sin(position) + second * std::cos(2 * position)));
    }
  }
  return sample;
}

TEST(UserFactors, FindTheDirectionsInWhichUsersDiffer) {
  const Sample sample = MakeSample(500);

  const UserFactors factors = UserFactors::Fit(sample.scores, kAnchors, 8);

  ASSERT_EQ(factors.factor_count(), 2U);  // There are no more.
  double products = 0;
  double squares = 0;
  for (std::size_t u = 0; u < 500; ++u) {
    std::array<float, 2> x{};
    factors.Project(std::span(sample.scores).subspan(u * kAnchors, kAnchors), x);
    products += x[0] * sample.taste[u] / 500;
    squares += x[0] * x[0] / 500;
  }
  EXPECT_NEAR(squares, 1, 0.05);
  EXPECT_GT(std::abs(products), 0.9);
}

TEST(UserFactors, TakeNoNoticeOfAConstantAddedToAllScores) {
  const Sample sample = MakeSample(100);
  const UserFactors factors = UserFactors::Fit(sample.scores, kAnchors, 2);
  std::vector<float> shifted(sample.scores.begin(), sample.scores.begin() + kAnchors);
  for (float& score : shifted) score += 7;

  std::array<float, 2> before{};
  std::array<float, 2> after{};
  factors.Project(std::span(sample.scores).first(kAnchors), before);
  factors.Project(shifted, after);

  EXPECT_NEAR(before[0], after[0], 1e-3);
  EXPECT_NEAR(before[1], after[1], 1e-3);
}

TEST(UserFactors, AreFewerWhereAllUsersAreAlike) {
  const std::vector<float> scores(10 * kAnchors, -3.0F);

  EXPECT_EQ(UserFactors::Fit(scores, kAnchors, 4).factor_count(), 0U);
}

TEST(UserFactors, ReadBackWhatTheyWrote) {
  const Sample sample = MakeSample(50);
  const UserFactors factors = UserFactors::Fit(sample.scores, kAnchors, 2);

  const Result<UserFactors> parsed = UserFactors::Parse(factors.Serialize());

  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->Serialize(), factors.Serialize());
  EXPECT_EQ(UserFactors::Parse(factors.Serialize().substr(0, 40)).status().code(), Code::kCorrupt);
  EXPECT_EQ(UserFactors::Parse("").status().code(), Code::kCorrupt);
}

}  // namespace
}  // namespace attune
