#include "serve/live_group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "base/random.h"
#include "serving_world.h"

namespace attune {
namespace {

using Ids = std::vector<std::string_view>;

using testing::HasSubstr;

constexpr std::int64_t kDay = std::int64_t{24} * 60 * 60 * 1000;

TEST(LiveGroup, AnItemThatIsPutIsInTheNextListWithWhatItsAttributesSay) {
  ServingWorld world(/*weight=*/0);
  EXPECT_EQ(world.Probability("user1", "new"), 0);

  world.PutItem("new", "genre1", NewestOfTraining());
  const double as_genre_1 = world.Probability("user1", "new");
  world.PutItem("new", "genre4", NewestOfTraining());
  const double as_genre_4 = world.Probability("user1", "new");

  EXPECT_GT(as_genre_1, 0);
  EXPECT_GT(as_genre_4, 0);
  EXPECT_NE(as_genre_1, as_genre_4);
  EXPECT_EQ(world.deployment()->model().item_count(), SmallModel()->item_count() + 1);
}

TEST(LiveGroup, NewAttributesOfAnItemThatTrainingMetAreInTheNextList) {
  ServingWorld world(/*weight=*/0);
  const double before = world.Probability("user1", "item1");
  world.PutItem("item1", "genre1", NewestOfTraining());
  EXPECT_EQ(world.Probability("user1", "item1"), before) << "what it was";

  world.PutItem("item1", "genre4", NewestOfTraining());
  const double as_genre_4 = world.Probability("user1", "item1");
  EXPECT_NE(as_genre_4, before);
  const auto live = world.exploration().catalogue().Current();
  const auto replayed = world.Replayed()->catalogue().Current();
  EXPECT_TRUE(std::ranges::equal(live->item_attributes(1), replayed->item_attributes(1)));

  world.PutItem("item1", "genre1", NewestOfTraining());
  EXPECT_EQ(world.Probability("user1", "item1"), before);
}

TEST(LiveGroup, AnItemFirstSeenInAnEventIsInTheNextList) {
  ServingWorld world(/*weight=*/0);
  world.Put({Click("never met")});
  EXPECT_GT(world.Probability("somebody else", "never met"), 0);
}

TEST(LiveGroup, ARequestKeepsTheCatalogueThatItBeganWith) {
  ServingWorld world;
  const auto deployment = world.deployment();
  const std::size_t before = deployment->model().item_count();
  world.PutItem("new", "genre1", NewestOfTraining());
  EXPECT_EQ(deployment->model().item_count(), before);
  EXPECT_EQ(world.deployment()->model().item_count(), before + 1);
  EXPECT_FALSE(deployment->IsCurrent());
}

TEST(LiveGroup, ManyIdsThatOnlyEventsNameStopAtTheLimit) {
  constexpr std::size_t kMax = 5;
  ServingWorld world(0.3, {.artifact_name = "model", .limits = {.put_items_max = 2, .named_items_max = kMax}});
  for (std::size_t i = 0; i + 1 < kMax; ++i) world.Put({Click("n" + std::to_string(i))});
  EXPECT_TRUE(world.group().CheckRoom(Ids{"n4"}).ok());
  EXPECT_TRUE(world.group().CheckRoom(Ids{"n4", "n4", "item1"}).ok()) << "one new item, named twice";
  EXPECT_FALSE(world.group().CheckRoom(Ids{"n4", "n5"}).ok()) << "together they are one too many";
  world.Put({Click("n4")});

  const Status refused = world.group().CheckRoom(Ids{"n5"});
  world.Put({Click("n5")});  // As if two requests had come at once.

  EXPECT_EQ(refused.code(), Code::kLimitExceeded);
  EXPECT_THAT(refused.message(), HasSubstr("'n5' is new, as 1 of this request are, and events have named 5 items"));
  EXPECT_TRUE(world.group().CheckRoom(Ids{"n0"}).ok());
  EXPECT_TRUE(world.group().CheckRoom(Ids{"n0", "item1", "n0"}).ok());
  EXPECT_FALSE(world.group().CheckRoom(Ids{"n0", "n6"}).ok());
  EXPECT_TRUE(world.group().CheckRoom(Ids{"item1"}).ok());
  EXPECT_EQ(world.deployment()->model().item_count(), SmallModel()->item_count() + kMax + 1)
      << "what was taken in joins";
  // Items that are put have room of their own.
  EXPECT_TRUE(world.group().CheckRoomForPut(Ids{"p0"}).ok());
  world.PutItem("p0", "genre1", NewestOfTraining());
  world.PutItem("p1", "genre1", NewestOfTraining());
  EXPECT_EQ(world.group().CheckRoomForPut(Ids{"p2"}).code(), Code::kLimitExceeded);
  EXPECT_TRUE(world.group().CheckRoomForPut(Ids{"p1"}).ok());
  EXPECT_TRUE(world.group().CheckRoomForPut(Ids{"n0"}).ok());
}

/// Whatever can happen in a group, drawn.
void Happen(ServingWorld& world, Random& random, std::vector<std::string>& served) {
  const std::string user = "user" + std::to_string(random.Below(70));
  const std::string item = (random.Below(4) == 0 ? "new" : "item") + std::to_string(random.Below(60));
  switch (random.Below(6)) {
    case 0:
      world.PutItem((random.Below(3) == 0 ? "item" : "new") + std::to_string(random.Below(30)),
                    "genre" + std::to_string(random.Below(7)),
                    NewestOfTraining() + static_cast<std::int64_t>(random.Below(1000)));
      break;
    case 1: world.Put({Click(item, user), Click("item3", user)}); break;
    case 2: {
      Event event = Click(item, user);
      event.impression = {"item1", item, "nobody knows it", "new" + std::to_string(random.Below(60))};
      world.Put({event});
      break;
    }
    default: {
      std::vector<RecommendedItem> list;
      served.push_back(world.Serve(user, 10, &list));
      Event event = Click(list[random.Below(list.size())].item_id, user);
      event.recommendation_id = served[random.Below(served.size())];
      if (random.Below(5) == 0) event.event_type = "view";
      world.Put({event});
    }
  }
}

TEST(LiveGroup, WhatIsLearnedIsTheSameBytesAfterReplay) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    ServingWorld world(0.9, {.event_type = "Click", .artifact_name = "model"});
    Random random(seed);
    std::vector<std::string> served;
    for (int i = 0; i < 60; ++i) Happen(world, random, served);
    // A model that is deployed while things happen.
    const auto later = std::make_shared<Exploration>(
        SmallModel(), Exploration::Options{.event_type = "Click", .artifact_name = "model"});
    ASSERT_TRUE(world.group().Attach(later, world.log(), world.datasets()).ok());
    for (int i = 0; i < 60; ++i) Happen(world, random, served);

    const auto replayed = world.Replayed();

    const std::string learned = world.exploration().posterior().Serialize();
    EXPECT_NE(learned, std::make_shared<Exploration>(SmallModel())->posterior().Serialize());
    EXPECT_EQ(replayed->posterior().Serialize(), learned);
    EXPECT_EQ(later->posterior().Serialize(), learned);
    const auto live = world.exploration().catalogue().Current();
    const auto again = replayed->catalogue().Current();
    ASSERT_EQ(live->item_count(), again->item_count());
    for (std::uint32_t item = 0; item < live->item_count(); ++item) {
      EXPECT_EQ(live->item_id(item), again->item_id(item));
      EXPECT_EQ(live->item_created_ms(item), again->item_created_ms(item));
      EXPECT_TRUE(std::ranges::equal(live->item_attributes(item), again->item_attributes(item)));
    }
    EXPECT_EQ(world.exploration().catalogue().now_ms(), replayed->catalogue().now_ms());
  }
}

TEST(LiveGroup, WritersAtOnceAreTakenInTheOrderOfTheLog) {
  ServingWorld world;
  const std::string id = world.Serve("user1", 10);
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&world, &id, writer] {
      for (int i = 0; i < 25; ++i) {
        Event event = Click("item" + std::to_string(i + writer), "w" + std::to_string(writer));
        event.recommendation_id = id;
        if (i % 5 == 0) event.item_id = "fresh" + std::to_string(i) + "-" + std::to_string(writer);
        world.Put({event});
        EXPECT_FALSE(world.group().sessions().Find("w" + std::to_string(writer), 0).empty());
        EXPECT_TRUE(world.deployment()->model().FindItem(event.item_id).has_value());
      }
    });
  }
  for (auto& writer : writers) writer.join();

  EXPECT_EQ(world.Replayed()->posterior().Serialize(), world.exploration().posterior().Serialize());
}

TEST(LiveGroup, ShowingsOfAnItemNobodyPutYetCountWhenItComes) {
  ServingWorld early;
  ServingWorld late;
  Event event = Click("item1");
  event.impression = {"item1", "awaited"};

  late.PutItem("awaited", "genre1", NewestOfTraining());
  late.Put({event});
  early.Put({event});
  early.PutItem("awaited", "genre1", NewestOfTraining());

  const auto belief = [](ServingWorld& world) {
    const auto item = world.exploration().catalogue().Current()->FindItem("awaited");
    return world.exploration().posterior().Believe(*item, {});
  };
  EXPECT_GT(belief(early).ignored, 0);
  EXPECT_EQ(belief(early).ignored, belief(late).ignored);
}

TEST(LiveGroup, ImpressionsCountWhateverTheTypeAndOnlyTheSolutionsTypeRewards) {
  ServingWorld world(0.9, {.event_type = "Click", .artifact_name = "model"});
  world.PutItem("new", "genre1", NewestOfTraining());
  const auto clicks = [&] {
    const auto item = world.exploration().catalogue().Current()->FindItem("new");
    return world.exploration().posterior().Believe(*item, {});
  };
  Event event = Click("new");
  event.impression = {"new", "item1"};

  event.event_type = "view";
  world.Put({event});
  EXPECT_EQ(clicks().clicked, 0u);
  EXPECT_GT(clicks().ignored, 0);
  event.event_type = "CLICK";
  world.Put({event});
  EXPECT_EQ(clicks().clicked, 1u);
}

TEST(LiveGroup, AListIsIgnoredOnceAndClickedAsOftenAsItIs) {
  ServingWorld world(/*weight=*/0);
  for (int i = 0; i < 5; ++i) world.PutItem("new" + std::to_string(i), "genre1", NewestOfTraining());
  std::vector<RecommendedItem> list;
  const std::string id = world.Serve("user1", 65, &list);
  const auto belief = [&](const std::string& name) {
    const auto item = world.exploration().catalogue().Current()->FindItem(name);
    return world.exploration().posterior().Believe(*item, {});
  };
  Event event = Click("item3");
  event.recommendation_id = id;

  world.Put({event});
  const float ignored = belief("new1").ignored;
  const float other_ignored = belief("new2").ignored;
  world.Put({event});
  event.item_id = "new1";
  world.Put({event});

  EXPECT_GT(ignored, 0);
  EXPECT_EQ(belief("new2").ignored, other_ignored);
  EXPECT_EQ(belief("new1").clicked, 1u);
  EXPECT_LT(belief("new1").ignored, ignored);
  event.recommendation_id = "RID-nobody-gave";
  world.Put({event});
  EXPECT_EQ(belief("new1").clicked, 1u);
}

TEST(LiveGroup, AnExplicitImpressionWinsAndTakesItsPlacesFromTheListServed) {
  ServingWorld world(/*weight=*/0);
  world.PutItem("new", "genre1", NewestOfTraining());
  std::vector<RecommendedItem> list;
  const std::string id = world.Serve("user1", 61, &list);
  Event event = Click(list[0].item_id);
  event.recommendation_id = id;
  event.impression = {list[30].item_id, list[5].item_id};
  world.served_lists().Resolve(&event);

  ASSERT_TRUE(event.served.has_value());
  ASSERT_EQ(event.served->items.size(), 2u);
  EXPECT_EQ(event.served->items[0].rank, 6u);
  EXPECT_EQ(event.served->items[1].rank, 31u);
  EXPECT_EQ(event.served->items[0].item_id, list[5].item_id);
}

TEST(LiveGroup, ClocksThatAreYearsWrongChangeNobodysAge) {
  ServingWorld world;
  world.PutItem("new", "genre1", NewestOfTraining());
  const auto eligible = [&] {
    const auto& catalogue = world.exploration().catalogue();
    const auto model = catalogue.Current();
    return catalogue.CreatedSince(*model, catalogue.now_ms() - 30 * kDay, 1000).size();
  };
  const std::size_t before = eligible();

  Event ahead = Click("item1");
  ahead.timestamp_ms += 80L * 365 * kDay;
  Event behind = Click("item2");
  behind.timestamp_ms = 0;
  world.Put({ahead, behind});
  for (int i = 0; i < 20; ++i) world.Put({ahead});

  EXPECT_EQ(eligible(), before);
  EXPECT_EQ(world.Replayed()->catalogue().now_ms(), world.exploration().catalogue().now_ms());
  // An item that somebody names from the future is not newer than now.
  ahead.item_id = "from the future";
  world.Put({ahead});
  const auto model = world.exploration().catalogue().Current();
  EXPECT_EQ(model->item_created_ms(*model->FindItem("from the future")), world.exploration().catalogue().now_ms());
}

}  // namespace
}  // namespace attune
