#include "explore/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>

#include "explore/beta_thompson.h"
#include "explore/epsilon_greedy.h"
#include "explore/gaussian_thompson.h"
#include "explore/greedy.h"
#include "explore/ranking.h"
#include "explore/test_world.h"
#include "explore/ucb.h"

namespace attune {
namespace {

constexpr double kWeights[] = {0, 0.1, 0.3, 0.6, 1};
constexpr std::uint64_t kSeeds = 20;

std::vector<std::unique_ptr<Policy>> AllPolicies() {
  std::vector<std::unique_ptr<Policy>> policies;
  policies.push_back(std::make_unique<Greedy>());
  policies.push_back(std::make_unique<EpsilonGreedy>());
  policies.push_back(std::make_unique<Ucb>());
  policies.push_back(std::make_unique<BetaThompson>());
  policies.push_back(std::make_unique<GaussianThompson>());
  return policies;
}

std::vector<std::uint32_t> IndexesOf(std::span<const Choice> choices) {
  std::vector<std::uint32_t> indexes;
  for (const Choice& choice : choices) indexes.push_back(choice.index);
  return indexes;
}

/// How often each candidate is in the slate. [N]
std::vector<double> Frequencies(const Policy& policy, const SlateRequest& request, int draw_count, std::uint64_t seed) {
  Random random(seed);
  std::vector<double> frequencies(request.scores.size(), 0.0);
  for (int i = 0; i < draw_count; ++i) {
    for (const Choice& choice : policy.Choose(request, random)) frequencies[choice.index] += 1.0 / draw_count;
  }
  return frequencies;
}

TEST(Policy, GivesAtWeightZeroThePlainRankingWithItsTies) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SlateWorld world(seed);
    for (std::size_t i = 0; i < world.scores.size(); i += 3) world.scores[i] = std::round(world.scores[i]);
    world.scores[5] = -std::numeric_limits<float>::infinity();
    world.Ignore(70, 30);
    std::vector<std::uint32_t> expected(world.scores.size());
    std::iota(expected.begin(), expected.end(), 0U);
    std::stable_sort(expected.begin(), expected.end(),
                     [&](auto a, auto b) { return world.scores[a] > world.scores[b]; });
    expected.resize(25);
    for (const auto& policy : AllPolicies()) {
      Random random(seed);
      const std::vector<Choice> choices = policy->Choose(world.Request(0, 25), random);

      EXPECT_EQ(IndexesOf(choices), expected) << policy->name() << " seed " << seed;
      for (const Choice& choice : choices) {
        EXPECT_EQ(choice.probability, 1);
        EXPECT_FALSE(choice.explored);
      }
    }
  }
}

TEST(Policy, GivesThePlainRankingWhereNothingIsEligibleOrKnown) {
  SlateWorld world(1);
  const std::vector<std::uint32_t> plain = PlainRanking(world.scores, 10);
  for (const auto& policy : AllPolicies()) {
    Random random(1);
    SlateRequest request = world.Request(1);
    const std::vector<std::uint8_t> nobody(world.scores.size(), 0);
    request.eligible = nobody;
    EXPECT_EQ(IndexesOf(policy->Choose(request, random)), plain) << policy->name();
    request.beliefs = nullptr;
    EXPECT_EQ(IndexesOf(policy->Choose(request, random)), plain) << policy->name();
  }
}

TEST(Policy, FillsTheSlateWhileThereAreCandidates) {
  SlateWorld world(2, 3, 3);
  world.scores[0] = -std::numeric_limits<float>::infinity();
  for (const auto& policy : AllPolicies()) {
    Random random(1);
    EXPECT_EQ(policy->Choose(world.Request(0.5, 4), random).size(), 4U) << policy->name();
    EXPECT_EQ(policy->Choose(world.Request(0.5, 5), random).size(), 5U) << policy->name();
    EXPECT_EQ(policy->Choose(world.Request(0.5, 6), random).size(), 5U) << policy->name();
    EXPECT_EQ(policy->Choose(world.Request(0.5, 0), random).size(), 0U) << policy->name();
    SlateRequest nothing = world.Request(0.5, 4);
    nothing.scores = {};
    nothing.eligible = {};
    const SlateBeliefs none;
    nothing.beliefs = &none;
    EXPECT_EQ(policy->Choose(nothing, random).size(), 0U) << policy->name();
  }
}

TEST(Policy, IsAFunctionOfItsSeed) {
  const SlateWorld world(3);
  for (const auto& policy : AllPolicies()) {
    Random first(9);
    Random second(9);
    const std::vector<Choice> a = policy->Choose(world.Request(0.5), first);
    const std::vector<Choice> b = policy->Choose(world.Request(0.5), second);
    EXPECT_EQ(IndexesOf(a), IndexesOf(b)) << policy->name();
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].probability, b[i].probability);
  }
}

/// Eligible items in all slates of kSeeds worlds, at each of kWeights.
std::vector<double> EligibleShares(const std::function<void(SlateWorld&, std::uint64_t)>& prepare) {
  const GaussianThompson policy({.propensity_draws = 0});
  std::vector<double> shares(std::size(kWeights), 0.0);
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SlateWorld world(seed);
    prepare(world, seed);
    for (std::size_t w = 0; w < shares.size(); ++w) {
      const std::vector<double> frequencies = Frequencies(policy, world.Request(kWeights[w]), 200, seed);
      for (std::size_t i = 60; i < 100; ++i) shares[w] += frequencies[i] / kSeeds;
    }
  }
  return shares;
}

void ExpectRising(std::span<const double> shares) {
  for (std::size_t w = 1; w < shares.size(); ++w) {
    EXPECT_GT(shares[w], shares[w - 1] * 1.02) << "weight " << kWeights[w];
  }
}

// The guard rail: over 5 weights and 20 seeds, each step of the weight raises the share of eligible items.
TEST(GaussianThompson, ShowsMoreEligibleItemsTheLargerTheWeight) {
  ExpectRising(EligibleShares([](SlateWorld&, std::uint64_t) {}));
}

TEST(GaussianThompson, ShowsMoreEligibleItemsTheLargerTheWeightOnceItLearnedToo) {
  ExpectRising(EligibleShares([](SlateWorld& world, std::uint64_t seed) { world.Live(seed, 40); }));
}

TEST(GaussianThompson, LiftsNoEligibleItemLessAtALargerWeight) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const SlateWorld world(seed);
    const GaussianThompson policy({.propensity_draws = 0, .spend_attributes = false});
    std::size_t before = 0;
    for (const double weight : kWeights) {
      Random random(seed);
      std::size_t eligible_count = 0;
      for (const Choice& choice : policy.Choose(world.Request(weight), random)) {
        eligible_count += world.eligible[choice.index];
      }
      if (weight == 0) continue;  // The generator did not move: the draws do not compare.
      EXPECT_GE(eligible_count, before) << "seed " << seed << " weight " << weight;
      before = eligible_count;
    }
  }
}

TEST(GaussianThompson, ShowsAnItemLessTheMoreItIsIgnored) {
  const GaussianThompson policy({.propensity_draws = 0});
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    double before = 2;
    for (const int ignored : {0, 30, 100, 300}) {
      SlateWorld world(seed);
      world.scores[70] = -4;  // At the edge of the slate.
      world.Ignore(70, ignored);
      const double share = Frequencies(policy, world.Request(0.6), 2'000, seed)[70];
      EXPECT_LT(share, before) << "seed " << seed << " ignored " << ignored;
      before = share;
    }
  }
}

TEST(GaussianThompson, NeverRaisesAnItemThatIsNotEligible) {
  SlateWorld world(4);
  const std::vector<Impression> loved{{.item = 30, .score = -5, .feedback = Feedback::kClicked}};
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(world.posterior.Observe(loved, world.factors).ok());
  const std::vector<std::uint32_t> plain = PlainRanking(world.scores, 10);
  for (const double weight : kWeights) {
    Random random(4);
    for (int i = 0; i < 300; ++i) {
      const std::vector<std::uint32_t> slate =
          IndexesOf(GaussianThompson({.propensity_draws = 0}).Choose(world.Request(weight), random));
      for (std::size_t place = 0; place < slate.size(); ++place) {
        if (world.eligible[slate[place]] != 0) continue;
        const auto plain_place = std::find(plain.begin(), plain.end(), slate[place]) - plain.begin();
        EXPECT_GE(static_cast<std::ptrdiff_t>(place), 0);
        EXPECT_LT(plain_place, 10) << "item " << slate[place] << " was not in the plain ranking";
      }
    }
  }
}

// Indexes stand for ids, and nothing depends on what they look like.
TEST(GaussianThompson, DependsNeitherOnTheMagnitudeNorTheOrderOfIndexes) {
  Random shuffle_random(5);
  SlateWorld plain(5);
  SlateWorld renamed(5);
  std::vector<std::uint32_t> names(10'000);
  std::iota(names.begin(), names.end(), 0U);
  std::shuffle(names.begin(), names.end(), shuffle_random);
  Posterior posterior({.factor_count = 2, .items_max = 10'000});
  Random random(5);
  for (std::uint32_t i = 0; i < plain.items.size(); ++i) {
    const std::vector<std::uint64_t> attributes{random.Below(6), 50 + random.Below(4)};
    const double deviation = 0.05 + 0.01 * i;
    ASSERT_TRUE(plain.posterior.SetItem(i, deviation, attributes).ok());
    ASSERT_TRUE(posterior.SetItem(names[i], deviation, attributes).ok());
    renamed.items[i] = names[i];
  }
  SlateRequest other = renamed.Request(0.5);
  const SlateBeliefs beliefs = ReadBeliefs(posterior, renamed.items, renamed.eligible, renamed.factors);
  other.beliefs = &beliefs;

  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Random first(seed);
    Random second(seed);
    EXPECT_EQ(IndexesOf(GaussianThompson().Choose(plain.Request(0.5), first)),
              IndexesOf(GaussianThompson().Choose(other, second)));
  }
}

TEST(GaussianThompson, TellsWhatItExplored) {
  const SlateWorld world(6);
  const std::vector<std::uint32_t> plain = PlainRanking(world.scores, 10);
  Random random(6);
  for (int i = 0; i < 50; ++i) {
    for (const Choice& choice : GaussianThompson().Choose(world.Request(1), random)) {
      EXPECT_EQ(choice.explored, std::find(plain.begin(), plain.end(), choice.index) == plain.end());
    }
  }
}

TEST(GaussianThompson, LetsAnAttributeLiftOnePlaceOfASlate) {
  // All that is uncertain is one attribute, which half of the new items share.
  Posterior posterior({.attribute_deviation = 1, .items_max = 100});
  std::vector<float> scores;
  std::vector<std::uint32_t> items;
  std::vector<std::uint8_t> eligible;
  for (std::uint32_t i = 0; i < 40; ++i) {
    scores.push_back(i < 20 ? -4 : -5);
    items.push_back(i);
    eligible.push_back(i < 20 ? 0 : 1);
    const std::vector<std::uint64_t> attributes{7};
    ASSERT_TRUE(posterior.SetItem(i, 0.01, attributes).ok());
  }
  const SlateBeliefs beliefs = ReadBeliefs(posterior, items, eligible, {});
  const SlateRequest request{
      .scores = scores, .eligible = eligible, .beliefs = &beliefs, .slate_size = 10, .weight = 1};
  Random random(7);
  std::size_t lifted_max = 0;
  std::size_t lifted_max_unspent = 0;
  for (int i = 0; i < 200; ++i) {
    std::size_t lifted = 0;
    for (const Choice& choice : GaussianThompson().Choose(request, random)) lifted += eligible[choice.index];
    lifted_max = std::max(lifted_max, lifted);
    std::size_t unspent = 0;
    for (const Choice& c : GaussianThompson({.spend_attributes = false}).Choose(request, random))
      unspent += eligible[c.index];
    lifted_max_unspent = std::max(lifted_max_unspent, unspent);
  }

  EXPECT_EQ(lifted_max_unspent, 10U);
  EXPECT_LE(lifted_max, 2U);  // The attribute lifts one; "being new" may lift another.
}

/// Each probability that comes with a choice, averaged over slates, against how often the candidate really is chosen.
/// `draws` is how many further ones a policy averages over; 0 where it knows.
void ExpectHonestProbabilities(const Policy& policy, const SlateWorld& world, double weight, std::size_t draws,
                               double tolerance) {
  const SlateRequest request = world.Request(weight);
  constexpr int kDraws = 20'000;
  Random random(8);
  std::vector<double> frequency(request.scores.size(), 0.0);
  std::vector<double> told(request.scores.size(), 0.0);
  std::vector<double> inverse(request.scores.size(), 0.0);
  for (int i = 0; i < kDraws; ++i) {
    for (const Choice& choice : policy.Choose(request, random)) {
      ASSERT_GT(choice.probability, 0);
      ASSERT_LE(choice.probability, 1);
      frequency[choice.index] += 1.0 / kDraws;
      told[choice.index] += choice.probability / kDraws;
      inverse[choice.index] += 1 / choice.probability / kDraws;
    }
  }
  for (std::size_t i = 0; i < frequency.size(); ++i) {
    if (frequency[i] < 0.01) continue;  // 200 choices: one standard error is 7 % of it.
    // Where probabilities are shares of draws, the served one is among them: what is shown is told a little too high.
    const double own_share = draws == 0 ? 0 : (1 - frequency[i]) / static_cast<double>(draws + 1);
    const double error = tolerance + 4 * std::sqrt(frequency[i] / kDraws);
    EXPECT_GT(told[i] / frequency[i], frequency[i] - error) << policy.name() << " candidate " << i;
    EXPECT_LT(told[i] / frequency[i], frequency[i] + own_share + error) << policy.name() << " candidate " << i;
    // What off-policy evaluation needs: the mean of 1 / probability over all draws is 1, but for what no draw would
    // show.
    const double never = draws == 0 ? 0 : std::pow(1 - frequency[i], static_cast<double>(draws + 1));
    const double spread = 5 / std::sqrt(frequency[i] * kDraws);
    EXPECT_LT(inverse[i], 1 + spread) << policy.name() << " candidate " << i;
    EXPECT_GT(inverse[i], 1 - never - spread) << policy.name() << " candidate " << i;
  }
}

TEST(Policy, TellsTheProbabilityOfWhatItShows) {
  SlateWorld world(9, 30, 20);
  for (std::uint32_t i = 30; i < 40; ++i) world.Ignore(i, 20);
  for (const double weight : {0.3, 1.0}) {
    ExpectHonestProbabilities(EpsilonGreedy(0.1), world, weight, 0, 0.001);
    ExpectHonestProbabilities(GaussianThompson(), world, weight, 16, 0.01);
    ExpectHonestProbabilities(GaussianThompson({.optimistic = false}), world, weight, 16, 0.01);
  }
}

TEST(Policy, TellsTheProbabilityOfABetaDraw) {
  SlateWorld world(10, 20, 6);
  ExpectHonestProbabilities(BetaThompson(), world, 0.5, 100, 0.01);
}

TEST(GaussianThompson, StatesTheErrorOfItsProbabilities) {
  SlateWorld world(11, 30, 20);
  const SlateRequest request = world.Request(0.6);
  const std::vector<double> truth = Frequencies(GaussianThompson({.propensity_draws = 0}), request, 50'000, 1);
  Random random(12);
  int within = 0;
  int count = 0;
  for (int i = 0; i < 300; ++i) {
    for (const Choice& choice : GaussianThompson({.propensity_draws = 64}).Choose(request, random)) {
      if (truth[choice.index] < 0.02) continue;
      ++count;
      within += std::abs(choice.probability - truth[choice.index]) < 3 * choice.probability_error + 0.02;
    }
  }
  EXPECT_GT(within, 0.97 * count);
}

}  // namespace
}  // namespace attune
