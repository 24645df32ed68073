#include "explore/gaussian_draws.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "explore/test_world.h"

namespace attune {
namespace {

constexpr std::uint64_t kSeeds = 20;
/// Where an attribute is spent, the chance that a draw leaves to an item is not exact: see SlateContest::Inclusion.
constexpr GaussianThompson::Options kExact{.spend_attributes = false};

std::vector<std::uint32_t> IndexesOf(const std::vector<Choice>& choices) {
  std::vector<std::uint32_t> indexes;
  for (const Choice& choice : choices) indexes.push_back(choice.index);
  return indexes;
}

TEST(GaussianDraws, GiveTheSlatesOfThePolicyInWhateverOrder) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    const SlateWorld world(seed);
    const SlateRequest request = world.Request(seed % 2 == 0 ? 0.3 : 1);
    GaussianDraws draws(request, {});
    for (const std::uint64_t draw : {5, 1, 5, 2, 1}) {
      Random first(draw);
      Random second(draw);
      const auto found = draws.Choose(first);
      const auto expected = GaussianThompson().Choose(request, second);
      ASSERT_EQ(IndexesOf(found), IndexesOf(expected));
      for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].explored, expected[i].explored);
    }
  }
}

TEST(GaussianDraws, GiveTheProbabilitiesOfThePolicyWithTheFirstSlate) {
  const SlateWorld world(1);
  const SlateRequest request = world.Request(0.3);
  Random first(1);
  Random second(1);
  const auto found = GaussianDraws(request, {}).Choose(first);
  const auto expected = GaussianThompson().Choose(request, second);
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].probability, expected[i].probability);
    EXPECT_EQ(found[i].probability_error, expected[i].probability_error);
  }
}

TEST(GaussianDraws, KnowProbabilitiesBetterTheMoreIsDrawn) {
  constexpr int kDraws = 20'000;
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    SCOPED_TRACE(seed);
    const SlateWorld world(seed);
    GaussianDraws draws(world.Request(1, 1), kExact);
    Random random(seed);
    std::map<std::uint32_t, int> shown;
    std::map<std::uint32_t, Choice> last;
    std::map<std::uint32_t, double> first_error;
    for (int d = 0; d < kDraws; ++d) {
      const Choice choice = draws.Choose(random).front();
      ++shown[choice.index];
      last[choice.index] = choice;
      first_error.try_emplace(choice.index, choice.probability_error);
    }
    for (const auto& [index, count] : shown) {
      if (count < 200) continue;  // The last estimate of who came seldom is an early one.
      const double share = static_cast<double>(count) / kDraws;
      // Four standard errors of the share, and the tenth of a percent that a test of many items needs.
      EXPECT_NEAR(last[index].probability, share, 4 * std::sqrt(share * (1 - share) / kDraws) + 0.001) << index;
      EXPECT_LT(last[index].probability_error, 0.01) << index;
    }
    EXPECT_GT(first_error.begin()->second, last.begin()->second.probability_error);
  }
}

TEST(GaussianDraws, WeighWhatTheyShowByOneOnAverage) {
  constexpr int kContests = 600;
  constexpr int kSlates = 12;
  double sum = 0;
  double squares = 0;
  for (int contest = 0; contest < kContests; ++contest) {
    const SlateWorld world(static_cast<std::uint64_t>(contest));
    const SlateRequest request = world.Request(1, 1);
    std::uint32_t item = 0;  // Whoever comes nearest to the top by a lift.
    float best = -1e9F;
    for (std::uint32_t i = 0; i < request.scores.size(); ++i) {
      if (request.eligible[i] == 0) continue;
      const auto total = request.beliefs->TotalOf(i);
      const float value = request.scores[i] + total.mean + total.deviation;
      if (value > best) item = i;
      best = std::max(best, value);
    }
    GaussianDraws draws(request, kExact);
    Random random(static_cast<std::uint64_t>(contest));
    double weight = 0;
    for (int slate = 0; slate < kSlates; ++slate) {
      const Choice choice = draws.Choose(random).front();
      if (choice.index == item) weight += 1 / choice.probability / kSlates;
    }
    sum += weight;
    squares += weight * weight;
  }
  const double mean = sum / kContests;
  const double error = std::sqrt((squares / kContests - mean * mean) / kContests);
  EXPECT_LT(error, 0.05);
  EXPECT_NEAR(mean, 1, 4 * error);
}

TEST(GaussianDraws, GiveThePlainRankingWhereNothingIsEligible) {
  SlateWorld world(1);
  std::ranges::fill(world.eligible, std::uint8_t{0});
  GaussianDraws draws(world.Request(1), {});
  Random random(1);
  const auto first = draws.Choose(random);
  EXPECT_EQ(IndexesOf(first), IndexesOf(draws.Choose(random)));
  EXPECT_EQ(first.size(), 10U);
  EXPECT_EQ(first.front().probability, 1);
}

}  // namespace
}  // namespace attune
