#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "serve/recommender.h"
#include "serve/top_k.h"
#include "serve/user_query.h"
#include "serving_world.h"

namespace attune {
namespace {

constexpr std::int64_t kDay = std::int64_t{24} * 60 * 60 * 1000;

/// Ten new items of each age that were never shown.
void PutNewItems(ServingWorld& world) {
  for (int i = 0; i < 10; ++i) {
    world.PutItem("new" + std::to_string(i), "genre" + std::to_string(i % 6), NewestOfTraining());
    world.PutItem("old" + std::to_string(i), "genre" + std::to_string(i % 6), NewestOfTraining() - 100 * kDay);
  }
}

TEST(ShownLists, WeightZeroIsThePlainRankingByteForByte) {
  ServingWorld world(/*weight=*/0);
  PutNewItems(world);
  for (int i = 0; i < 30; ++i) {
    Event event = Click("new1");
    event.impression = {"new2", "new1", "item4"};
    world.Put({event});
  }
  const auto deployment = world.deployment();
  const UserQuery query(*deployment, "user7", {}, {});
  ScoreScratch scratch = deployment->model().MakeScratch();
  std::vector<float> scores(deployment->model().item_count());
  deployment->model().ScoreAll(query.query(), scratch, scores);
  const auto plain = TopK(scores, 40);

  for (const std::uint64_t seed : {1, 2, 3}) {
    const auto list = world.List("user7", 40, seed);
    ASSERT_EQ(list.size(), plain.size());
    for (std::size_t i = 0; i < list.size(); ++i) {
      EXPECT_EQ(list[i].item_id, deployment->model().item_id(plain[i]));
      EXPECT_EQ(list[i].score, std::exp(static_cast<double>(scores[plain[i]])));
      EXPECT_EQ(list[i].propensity, 1);
      EXPECT_FALSE(list[i].explored);
    }
  }
}

TEST(ShownLists, ScoresFallAlongTheListAndSumToOneOverTheCatalogue) {
  for (const double weight : {0.0, 0.1, 0.3, 1.0}) {
    ServingWorld world(weight);
    PutNewItems(world);
    for (int user = 0; user < 10; ++user) {
      for (const std::size_t count : {10, 80}) {
        const auto list = world.List("user" + std::to_string(user), count, 3);
        double sum = 0;
        for (std::size_t i = 0; i < list.size(); ++i) {
          if (i > 0) {
            EXPECT_LE(list[i].score, list[i - 1].score);
          }
          sum += list[i].score;
        }
        EXPECT_LE(sum, 1 + 1e-4);
        if (count == 80) {
          EXPECT_NEAR(sum, 1, 1e-4);
        }
      }
    }
  }
}

TEST(ShownLists, TheShareOfEligibleItemsGrowsWithTheWeight) {
  // Per seed, over twenty users; monotone but for what one draw of the hazard may do, and strictly over all seeds.
  const std::vector<double> weights{0, 0.1, 0.3, 0.6, 1};
  std::vector<double> share_of(weights.size());
  for (std::size_t w = 0; w < weights.size(); ++w) {
    ServingWorld world(weights[w]);
    PutNewItems(world);
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      for (int user = 0; user < 20; ++user) {
        for (const auto& item :
             world.List("user" + std::to_string(user), 10, seed * 1000 + static_cast<std::uint64_t>(user))) {
          share_of[w] += item.item_id.starts_with("item") ? 0 : 1;  // New ones, and old ones that nobody met.
        }
      }
    }
    if (w > 0) {
      EXPECT_GT(share_of[w], share_of[w - 1]) << "weight " << weights[w];
    }
  }
}

TEST(ShownLists, AnItemThatIsYetToComeIsAsNewAsTheDayItCame) {
  ServingWorld world;
  const std::int64_t came = NewestOfTraining() + kDay;
  world.PutItem("ahead", "genre1", came + 20 * 365 * kDay, came);
  world.PutItem("past", "genre1", came - 3 * kDay, came);
  const auto created = [&](const std::string& item) {
    const RecommenderModel& model = world.exploration().catalogue().model();
    return model.item_created_ms(*model.FindItem(item));
  };

  EXPECT_EQ(created("ahead"), came);
  EXPECT_EQ(created("past"), came - 3 * kDay);
}

TEST(ShownLists, AnItemIsShownLessAsItIsIgnored) {
  ServingWorld world(/*weight=*/1);
  PutNewItems(world);
  const auto shown = [&] {
    double count = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
      for (const auto& item : world.List("user1", 10, seed)) count += item.item_id == "new1";
    }
    return count;
  };
  const double before = shown();
  Event event = Click("item1");
  event.impression = {"new1", "item1"};
  for (int i = 0; i < 10; ++i) world.Put({event});
  const double after_10 = shown();
  for (int i = 0; i < 60; ++i) world.Put({event});
  const double after_70 = shown();

  EXPECT_GT(before, 0);
  EXPECT_LT(after_10, before);
  EXPECT_LT(after_70, std::max(after_10, 1.0));
}

TEST(ShownLists, EveryItemCarriesItsPropensity) {
  ServingWorld world(/*weight=*/1);
  PutNewItems(world);
  for (const auto& item : world.List("user2", 25, 9)) {
    EXPECT_GT(item.propensity, 0);
    EXPECT_LE(item.propensity, 1);
  }
}

}  // namespace
}  // namespace attune
