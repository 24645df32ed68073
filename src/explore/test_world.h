#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "base/random.h"
#include "explore/gaussian_thompson.h"
#include "explore/policy.h"
#include "explore/posterior.h"

// Requests to choose from, for tests.
namespace attune {

/// A request about old items, whose scores are known, and new ones, which the content model places somewhat lower.
struct SlateWorld {
  explicit SlateWorld(std::uint64_t seed, std::size_t old_count = 60, std::size_t new_count = 40)
      : posterior({.factor_count = 2, .items_max = 10'000}) {
    Random random(seed);
    for (std::uint32_t i = 0; i < old_count + new_count; ++i) {
      const bool is_new = i >= old_count;
      scores.push_back(static_cast<float>(-5 + random.Normal() - (is_new ? 0.7 : 0)));
      items.push_back(i);
      eligible.push_back(is_new ? 1 : 0);
      const std::vector<std::uint64_t> attributes{random.Below(6), 50 + random.Below(4)};
      EXPECT_TRUE(posterior.SetItem(i, is_new ? 0.6 + 0.6 * random.Uniform() : 0.05, attributes).ok());
    }
    factors = {static_cast<float>(random.Normal()), static_cast<float>(random.Normal())};
  }

  SlateRequest Request(double weight, std::size_t slate_size = 10) const {
    beliefs.push_back(std::make_unique<SlateBeliefs>(ReadBeliefs(posterior, items, eligible, factors)));
    return {.scores = scores,
            .eligible = eligible,
            .beliefs = beliefs.back().get(),
            .slate_size = slate_size,
            .weight = weight};
  }

  void Ignore(std::uint32_t index, int times) {
    const std::vector<Impression> list{{.item = items[index], .rank = 1, .score = scores[index]}};
    for (int i = 0; i < times; ++i) ASSERT_TRUE(posterior.Observe(list, factors).ok());
  }

  /// Slates are served and clicked: new items are as good as their scores say on average, each by itself better or
  /// worse.
  void Live(std::uint64_t seed, int slate_count) {
    Random random(seed);
    std::vector<double> corrections(scores.size());
    for (std::size_t i = 0; i < scores.size(); ++i) corrections[i] = eligible[i] != 0 ? 0.8 * random.Normal() : 0;
    for (int i = 0; i < slate_count; ++i) {
      std::vector<Impression> list;
      for (const Choice& choice : GaussianThompson({.propensity_draws = 0}).Choose(Request(0.3), random)) {
        const auto rank = static_cast<std::uint32_t>(list.size() + 1);
        const double chance = 1 / (1 + std::exp(-(scores[choice.index] + corrections[choice.index] + 1)));
        const bool clicked = random.Uniform() < chance * std::pow(rank, -0.6);
        list.push_back({.item = items[choice.index],
                        .rank = rank,
                        .score = scores[choice.index],
                        .feedback = clicked ? Feedback::kClicked : Feedback::kIgnored});
      }
      ASSERT_TRUE(posterior.Observe(list, factors).ok());
    }
  }

  std::vector<float> scores;
  std::vector<std::uint32_t> items;
  std::vector<std::uint8_t> eligible;
  std::vector<float> factors;
  Posterior posterior;
  mutable std::vector<std::unique_ptr<SlateBeliefs>> beliefs;  ///< That requests refer to.
};

}  // namespace attune
