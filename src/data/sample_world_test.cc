#include "data/sample_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <string>

namespace attune {
namespace {

std::string InteractionsOf(const SampleWorldOptions& options) {
  std::string text;
  const auto world = SampleWorld::Create(options);
  EXPECT_TRUE(world
                  ->WriteInteractions([&](std::string_view part) {
                    text.append(part);
                    return Status();
                  })
                  .ok());
  return text;
}

/// NDCG@10 of a ranking by `scores` for each user's last click, items met before left out and counted as missed.
double RankingNdcg(
    const SampleWorld& world,
    const std::function<std::vector<double>(std::uint32_t, std::span<const SampleEvent>, std::int64_t)>& score) {
  double sum = 0;
  for (std::uint32_t user = 0; user < world.options().user_count; ++user) {
    const auto events = world.Events(user);
    const auto history = std::span(events).first(events.size() - 1);
    auto scores = score(user, history, events.back().timestamp_seconds);
    for (const auto& event : history) scores[event.item] = -1;
    const double target = scores[events.back().item];
    if (target < 0) continue;
    const auto above = std::ranges::count_if(scores, [&](double each) { return each > target; });
    if (above < 10) sum += 1 / std::log2(static_cast<double>(above) + 2);
  }
  return sum / world.options().user_count;
}

TEST(SampleWorld, IsTheSameForTheSameSeed) {
  const SampleWorldOptions options{.seed = 7, .user_count = 30};

  EXPECT_EQ(InteractionsOf(options), InteractionsOf(options));
  EXPECT_NE(InteractionsOf(options), InteractionsOf({.seed = 8, .user_count = 30}));
}

TEST(SampleWorld, WritesTheColumnsOfTheNotebook) {
  const auto world = SampleWorld::Create({});
  std::string items;
  ASSERT_TRUE(world
                  ->WriteItems([&](std::string_view part) {
                    items.append(part);
                    return Status();
                  })
                  .ok());

  const std::string interactions = InteractionsOf({});

  EXPECT_TRUE(interactions.starts_with("ITEM_ID,EVENT_TYPE,TIMESTAMP,USER_ID,IMPRESSION\n"));
  EXPECT_TRUE(items.starts_with("ITEM_ID,genres,creation_timestamp\n"));
  EXPECT_EQ(std::ranges::count(items, '\n'), 236);
  const auto rows = std::ranges::count(interactions, '\n');
  EXPECT_GT(rows, 30'000);
  EXPECT_LT(rows, 60'000);
  EXPECT_NE(interactions.find(",101,"), std::string::npos);
}

TEST(SampleWorld, EventsAreOrderedAndTheirListsHoldTheClickedItemOnce) {
  const auto world = SampleWorld::Create({.user_count = 50});
  for (std::uint32_t user = 0; user < 50; ++user) {
    std::int64_t before = 0;
    for (const SampleEvent& event : world->Events(user)) {
      EXPECT_GE(event.timestamp_seconds, before);
      EXPECT_LT(event.timestamp_seconds, world->options().end_seconds);
      EXPECT_GE(event.timestamp_seconds, world->CreatedSeconds(event.item));
      EXPECT_EQ(std::ranges::count(event.shown, event.item), 1);
      EXPECT_EQ(std::set<std::uint32_t>(event.shown.begin(), event.shown.end()).size(), event.shown.size());
      EXPECT_LE(event.shown.size(), 8u);
      before = event.timestamp_seconds;
    }
  }
}

TEST(SampleWorld, ProbabilitiesSumToOneAndAgreeWithWhatIsDrawn) {
  const auto world = SampleWorld::Create({});
  double expected_hits = 0;  // Of the likeliest item, which the truth foretells.
  double hits = 0;
  for (std::uint32_t user = 0; user < 900; ++user) {
    const auto events = world->Events(user);
    const auto history = std::span(events).first(events.size() - 1);
    const auto chances = world->NextClickProbabilities(user, history, events.back().timestamp_seconds);
    EXPECT_NEAR(std::accumulate(chances.begin(), chances.end(), 0.0), 1, 1e-9);
    const auto best = static_cast<std::uint32_t>(std::ranges::max_element(chances) - chances.begin());
    expected_hits += chances[best];
    hits += best == events.back().item ? 1 : 0;
  }
  // Four standard deviations of a sum of 900 Bernoulli draws.
  EXPECT_NEAR(hits, expected_hits, 4 * std::sqrt(expected_hits));
}

TEST(SampleWorld, ItsTruthBeatsPopularityAndMeetsTheCeiling) {
  const auto world = SampleWorld::Create({});
  std::vector<double> counts(world->options().item_count);
  for (std::uint32_t user = 0; user < 900; ++user) {
    for (const auto& event : world->Events(user)) counts[event.item] += 1;
  }

  const double popularity =
      RankingNdcg(*world, [&](std::uint32_t, std::span<const SampleEvent>, std::int64_t) { return counts; });
  const double truth =
      RankingNdcg(*world, [&](std::uint32_t user, std::span<const SampleEvent> history, std::int64_t now) {
        return world->NextClickProbabilities(user, history, now);
      });
  const double ceiling = world->CeilingNdcg(10, 900);

  EXPECT_GT(truth, 1.5 * popularity);
  EXPECT_NEAR(truth, ceiling, 0.045);  // Four standard errors of 900 users with a deviation of about a third.
}

TEST(SampleWorld, NamesTheOptionThatItCannotServe) {
  EXPECT_EQ(SampleWorld::Create({.user_count = 0}).status().message(), "0 users; there must be 1 to 100000000");
  EXPECT_EQ(SampleWorld::Create({.item_count = 19}).status().message(), "19 items; there must be 20 to 10000000");
  EXPECT_TRUE(SampleWorld::Create({.item_count = 20}).ok());
  EXPECT_FALSE(SampleWorld::Create({.impression_size = 26}).ok());
  EXPECT_TRUE(SampleWorld::Create({.impression_size = 25}).ok());
  EXPECT_FALSE(SampleWorld::Create({.interactions_per_user = 0}).ok());
  EXPECT_FALSE(SampleWorld::Create({.days = 0}).ok());
}

}  // namespace
}  // namespace attune
