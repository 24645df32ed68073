#include "serve/score_cache.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "serving_world.h"

namespace attune {
namespace {

std::vector<std::pair<std::string, double>> ListOf(const Recommendation& recommendation) {
  std::vector<std::pair<std::string, double>> list;
  for (const auto& item : recommendation.items) list.emplace_back(item.item_id, item.score);
  return list;
}

TEST(ScoreCache, GivesTheSameListsAsWithoutItWhateverHappensBetween) {
  ServingWorld world(0.3);
  ScoreCache cache;
  const auto expect_same = [&](const std::string& user) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      EXPECT_EQ(ListOf(world.Ask(user, 8, seed, &cache)), ListOf(world.Ask(user, 8, seed)));
    }
  };
  expect_same("u");
  expect_same("nobody");
  EXPECT_EQ(cache.figures().asked, 6U);
  EXPECT_EQ(cache.figures().found, 5U) << "those of whom nothing is known share theirs";

  const auto liked = world.List("u", 8).back().item_id;
  world.Put({Click(liked)});
  expect_same("u");
  EXPECT_EQ(cache.figures().found, 7U) << "an event makes the scores new, once";

  world.PutItem("joined", "Drama", NewestOfTraining());
  expect_same("u");
  expect_same("nobody");
  EXPECT_EQ(cache.figures().found, 11U) << "so does an item that joins";
}

TEST(ScoreCache, MakesRoomByForgettingWhatWasNotAskedForLongest) {
  const auto model = SmallModel();
  const auto scores = std::make_shared<const std::vector<float>>(100);
  const auto key = [&](char name) { return std::string(16, name); };
  ScoreCache cache(3 * (400 + 16));
  for (const char name : {'a', 'b', 'c'}) cache.Keep(model, key(name), scores);
  ASSERT_NE(cache.Find(model, key('a')), nullptr);
  cache.Keep(model, key('d'), scores);

  EXPECT_NE(cache.Find(model, key('a')), nullptr);
  EXPECT_EQ(cache.Find(model, key('b')), nullptr);
  EXPECT_NE(cache.Find(model, key('d')), nullptr);
  EXPECT_EQ(cache.figures().bytes, 3U * 416);

  cache.Keep(model, key('d'), scores);  // Again: two asked at once.
  EXPECT_EQ(cache.figures().bytes, 3U * 416);
  cache.Keep(model, key('e'), std::make_shared<const std::vector<float>>(1'000));  // Larger than all there is.
  EXPECT_EQ(cache.Find(model, key('e')), nullptr);
  EXPECT_NE(cache.Find(model, key('d')), nullptr);
}

TEST(ScoreCache, DoesNotTakeOneModelForAnother) {
  const auto first = SmallModel();
  const auto second = first->WithItems({});
  const auto scores = std::make_shared<const std::vector<float>>(10);
  ScoreCache cache;
  // As if the second stood where the first did.
  cache.Keep(first, "key", scores);
  EXPECT_EQ(cache.Find(second, "key"), nullptr);
  EXPECT_EQ(cache.Find(first, "key"), nullptr) << "it was removed";
  EXPECT_NE(ScoreCache::KeyOf(*first, {}), ScoreCache::KeyOf(*second, {}));
}

TEST(ScoreCache, ServesManyThreads) {
  const auto model = SmallModel();
  ScoreCache cache(5'000);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        const std::string key = fmt::format("{}", (t + i) % 20);
        const auto found = cache.Find(model, key);
        EXPECT_TRUE(!found || (*found)[0] == static_cast<float>(key.size()));
        cache.Keep(model, key, std::make_shared<const std::vector<float>>(50, static_cast<float>(key.size())));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_LE(cache.figures().bytes, 5'000U);
}

}  // namespace
}  // namespace attune
