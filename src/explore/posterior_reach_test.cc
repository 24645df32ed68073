#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "base/random.h"
#include "explore/posterior.h"
#include "explore/user_factors.h"

namespace attune {
namespace {

constexpr std::size_t kItems = 1500;
constexpr std::size_t kFactors = 3;

std::vector<float> RandomFactors(Random& random) {
  std::vector<float> factors(kFactors);
  for (float& factor : factors) factor = static_cast<float>(2 * random.Normal());
  return factors;
}

/// Of some items nothing was told, of some attributes, and some were shown.
void Live(Posterior& posterior, Random& random) {
  for (std::uint32_t item = 0; item < 1000; ++item) {
    std::vector<std::uint64_t> attributes;
    for (std::uint64_t attribute = random.Below(60); attribute < 60; attribute += 1 + random.Below(8)) {
      attributes.push_back(attribute);
    }
    ASSERT_TRUE(posterior.SetItem(item, 0.1 + random.Uniform(), attributes, 2 * random.Uniform()).ok());
  }
  for (int i = 0; i < 300; ++i) {
    std::vector<Impression> list;
    for (std::uint32_t rank = 1; rank <= 10; ++rank) {
      list.push_back({.item = static_cast<std::uint32_t>(random.Below(300)),
                      .rank = rank,
                      .score = static_cast<float>(-5 + random.Normal()),
                      .feedback = static_cast<Feedback>(random.Below(3))});
    }
    ASSERT_TRUE(posterior.Observe(list, RandomFactors(random)).ok());
  }
  for (std::uint32_t item = 0; item < 20; ++item) posterior.Forget(item);
}

/// What the belief in every item can move, added up one by one, is within its reach.
void ExpectWithinReach(const Posterior& posterior, Random& random) {
  std::vector<std::uint32_t> items(kItems);
  std::iota(items.begin(), items.end(), 0U);
  std::vector<Posterior::Reach> reaches;
  std::vector<std::uint32_t> kept;
  posterior.Sift(
      items,
      [&](std::uint32_t item, const Posterior::Reach& reach) {
        reaches.push_back(reach);
        return item % 3 == 0;
      },
      kept);
  ASSERT_EQ(reaches.size(), kItems);
  ASSERT_EQ(kept.size(), kItems / 3);
  EXPECT_EQ(kept[7], 21U);
  for (int user = 0; user < 5; ++user) {
    const std::vector<float> factors = user == 0 ? std::vector<float>() : RandomFactors(random);
    for (std::uint32_t item = 0; item < kItems; ++item) {
      const Belief belief = posterior.Believe(item, factors);
      float attributes = 0;
      for (std::size_t a = 0; a < belief.attribute_count; ++a) {
        const Posterior::Effect effect = posterior.AttributeEffect(belief.attributes[a]);
        attributes += std::abs(belief.shared_weight) * (a == 0 ? 1 : belief.attribute_scale) *
                      (std::abs(effect.mean) + Posterior::kReach * effect.deviation);
      }
      // Sums of a few floats, taken in another order.
      EXPECT_LE(std::abs(belief.mean) + Posterior::kReach * belief.deviation, reaches[item].own + 1e-4) << item;
      EXPECT_LE(attributes, reaches[item].attributes + 1e-4) << item;
    }
  }
}

TEST(PosteriorReach, IsAtLeastWhatBeliefsCanMove) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const Posterior::Options options{.factor_count = kFactors, .items_max = 1400};
    Posterior posterior(options);
    ExpectWithinReach(posterior, random);
    Live(posterior, random);
    ExpectWithinReach(posterior, random);

    auto read = Posterior::Parse(options, posterior.Serialize());
    ASSERT_TRUE(read.ok()) << read.status().ToString();
    ExpectWithinReach(**read, random);

    posterior.Relax(0.5);
    ExpectWithinReach(posterior, random);
  }
}

TEST(PosteriorReach, IsNarrowWhereLittleIsUnknown) {
  Posterior posterior({});
  ASSERT_TRUE(posterior.SetItem(0, 0.1, {}).ok());
  std::vector<std::uint32_t> kept;
  posterior.Sift(
      std::vector<std::uint32_t>{0},
      [](std::uint32_t, const Posterior::Reach& reach) {
        EXPECT_NEAR(reach.own, 0.48, 0.48 / 128);         // Seven bits behind the point are kept.
        EXPECT_NEAR(reach.attributes, 1.44, 1.44 / 128);  // That of being new.
        return true;
      },
      kept);
}

}  // namespace
}  // namespace attune
