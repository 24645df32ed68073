#include "serve/slate_cache.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "serving_world.h"

namespace attune {
namespace {

/// What a request's draw decides, without how exactly its probabilities are known.
std::vector<std::tuple<std::string, double, bool>> ListOf(const Recommendation& recommendation) {
  std::vector<std::tuple<std::string, double, bool>> list;
  for (const auto& item : recommendation.items) list.emplace_back(item.item_id, item.score, item.explored);
  return list;
}

TEST(SlateCache, GivesTheSameListsAsWithoutItWhateverHappensBetween) {
  ServingWorld world(0.3);
  ScoreCache scores;
  SlateCache slates;
  std::uint64_t seed = 0;
  const auto expect_same = [&](const std::string& user, std::size_t count) {
    for (int i = 0; i < 4; ++i) {
      ++seed;
      EXPECT_EQ(ListOf(world.Ask(user, count, seed, &scores, &slates)), ListOf(world.Ask(user, count, seed)))
          << user << ' ' << count << ' ' << seed;
    }
  };
  expect_same("u", 8);
  EXPECT_EQ(slates.figures().asked, 3U) << "the first time no scores were at hand";
  EXPECT_EQ(slates.figures().found, 2U);
  expect_same("u", 5);
  expect_same("u", 8);
  EXPECT_EQ(slates.figures().found, 9U) << "lists of another length are drawn from something else";

  world.Put({Click("item3", "somebody else")});
  expect_same("u", 8);
  EXPECT_EQ(slates.figures().found, 12U) << "an event makes it new, once, whose ever it is";

  world.PutItem("joined", "genre1", NewestOfTraining());
  expect_same("u", 8);
  world.Put({Click("joined", "somebody else")});
  expect_same("u", 8);
}

TEST(SlateCache, TellsFiltersWeightsAndCampaignsApart) {
  ServingWorld world(0.3);
  ScoreCache scores;
  SlateCache slates;
  const auto deployment = world.deployment();
  const std::size_t count = deployment->model().item_count();
  ItemSet odd(count);
  for (std::size_t i = 1; i < count; i += 2) odd.Set(i, true);
  ItemSet even(count, true);
  even.Subtract(odd);
  const Deployment bolder({.uid = "b", .artifact_name = "model", .exploration_weight = 1},
                          deployment->shared_exploration(), std::make_shared<LiveGroup>());
  const Deployment younger(
      {.uid = "y", .artifact_name = "model", .exploration_weight = 1, .exploration_item_age_cut_off_days = 1},
      deployment->shared_exploration(), std::make_shared<LiveGroup>());
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    for (const Deployment* each : {deployment.get(), &bolder, &younger}) {
      for (const ItemSet* kept : std::initializer_list<const ItemSet*>{nullptr, &odd, &even}) {
        RecommendRequest request{.user_id = "u", .result_count = 6, .seed = seed, .kept = kept};
        const auto expected = Recommend(*each, request);
        request.score_cache = &scores;
        request.slate_cache = &slates;
        EXPECT_EQ(ListOf(Recommend(*each, request)), ListOf(expected));
      }
    }
  }
  EXPECT_GT(slates.figures().found, 18U);
}

TEST(SlateCache, TellsWhatAListIsDrawnFromThoughItWasNotAskedForFirst) {
  ServingWorld world(0.3);
  ScoreCache scores;
  SlateCache slates;
  for (const bool tells : {false, false, true, true, false}) {
    const auto list = Recommend(
        *world.deployment(),
        {.user_id = "u", .result_count = 6, .tells_drawn_from = tells, .score_cache = &scores, .slate_cache = &slates});
    ASSERT_NE(list.slate, nullptr);
    EXPECT_TRUE(!tells || list.slate->drawn_from().starts_with("{"));
  }
  EXPECT_EQ(slates.figures().found, 2U) << "what tells more serves those who ask for less";
}

TEST(SlateCache, MakesRoomWithoutForgettingScores) {
  ServingWorld world(0.3);
  ScoreCache scores;
  SlateCache large;
  (void)world.Ask("u", 8, 1, &scores, &large);
  (void)world.Ask("u", 8, 2, &scores, &large);
  const std::uint64_t bytes_of_one = large.figures().bytes;
  ASSERT_GT(bytes_of_one, 0U);
  const std::string users[] = {"u", "user1", "user2"};
  const auto found = [&](std::uint64_t bytes_max) {
    SlateCache slates(bytes_max);
    for (int i = 0; i < 3; ++i) {
      for (const auto& user : users) (void)world.Ask(user, 8, 3, &scores, &slates);
      EXPECT_LE(slates.figures().bytes, bytes_max);
    }
    return slates.figures().found;
  };
  (void)found(0);  // All scores are at hand now.
  EXPECT_EQ(found(bytes_of_one * 10), 6U);
  EXPECT_EQ(found(bytes_of_one * 3 / 2), 0U) << "the others came between";
  EXPECT_EQ(found(bytes_of_one / 2), 0U);
  EXPECT_EQ(scores.figures().found, scores.figures().asked - 3);
}

TEST(SlateCache, ServesWhatWasLearnedToWhoeverAsksAfterwards) {
  ServingWorld world(1);
  ScoreCache scores;
  SlateCache slates;
  std::atomic<bool> stops = false;
  std::vector<std::thread> askers;
  for (std::uint64_t t = 0; t < 3; ++t) {
    askers.emplace_back([&, t] {
      for (std::uint64_t i = 0; !stops; ++i) (void)world.Ask("u", 8, t * 1'000'000 + i, &scores, &slates);
    });
  }
  for (int i = 0; i < 200; ++i) {
    world.Put({Click(fmt::format("item{}", i % 20), "somebody else")});
    const auto seed = static_cast<std::uint64_t>(i);
    EXPECT_EQ(ListOf(world.Ask("u", 8, seed, &scores, &slates)), ListOf(world.Ask("u", 8, seed))) << i;
  }
  stops = true;
  for (auto& asker : askers) asker.join();
  EXPECT_GT(slates.figures().found, 0U);
}

}  // namespace
}  // namespace attune
