#include "data/training_data_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <tuple>

#include "base/random.h"
#include "data/group_clock.h"
#include "data/test_segments.h"

namespace attune {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Interactions "user item seconds type value impression device", where "-" is null.
ImportedSegment Bulk(Env& env, const std::vector<std::vector<std::string>>& rows) {
  const Schema schema = TestInteractionsSchema();
  SegmentBuilder builder(schema.fields());
  for (const auto& row : rows) {
    builder.AddText(0, row[0]);
    builder.AddText(1, row[1]);
    builder.AddInteger(2, std::stoll(row[2]) * 1000);
    if (row.size() > 3 && row[3] != "-") builder.AddText(3, row[3]);
    if (row.size() > 4 && row[4] != "-") builder.AddReal(4, std::stod(row[4]));
    if (row.size() > 5 && row[5] != "-") builder.AddText(5, row[5]);
    if (row.size() > 6 && row[6] != "-") builder.AddText(6, row[6]);
    builder.EndRow();
  }
  EXPECT_TRUE(builder.Write(env, "/bulk.segment").ok());
  return {.segment = *Segment::Open(env, "/bulk.segment"), .received_ms = 1};
}

Event Put(const std::string& user, const std::string& session, const std::string& item, std::int64_t seconds,
          const std::string& event_id = "") {
  return {.user_id = user,
          .session_id = session,
          .item_id = item,
          .event_type = "Click",
          .timestamp_ms = seconds * 1000,
          .event_id = event_id};
}

DatasetContents ContentsOf(Env& env, const std::vector<std::vector<std::string>>& rows) {
  DatasetContents contents;
  contents.interaction_segments.push_back(Bulk(env, rows));
  contents.interaction_schema = TestInteractionsSchema();
  return contents;
}

TrainingData Build(const DatasetContents& contents, const TrainingSelection& selection = {}) {
  auto data = BuildTrainingData(contents, selection);
  EXPECT_TRUE(data.ok()) << data.status().ToString();
  return *std::move(data);
}

/// The ids of a user's items, oldest first.
std::vector<std::string> ItemsOf(const TrainingData& data, std::string_view user) {
  std::vector<std::string> items;
  const auto index = data.users.Find(user);
  if (!index) return items;
  for (const std::uint32_t item : data.interactions.Items(*index)) items.emplace_back(data.items.id(item));
  return items;
}

TEST(TrainingData, OrdersEachUsersInteractionsByTimeThenArrival) {
  MemoryEnv env;
  auto contents = ContentsOf(env, {{"u", "c", "30"}, {"v", "x", "5"}, {"u", "a", "10"}, {"u", "b", "10"}});
  contents.events.push_back(Put("u", "s", "d", 10));

  const TrainingData data = Build(contents);

  EXPECT_THAT(ItemsOf(data, "u"), ElementsAre("a", "b", "d", "c"));
  EXPECT_THAT(ItemsOf(data, "v"), ElementsAre("x"));
  EXPECT_EQ(data.newest_interaction_ms, 30'000);
  EXPECT_EQ(data.items.id(0), "x");  // Seen first.
}

TEST(TrainingData, AClockThatIsYearsAheadMakesNothingOldUntilManyPeopleAgree) {
  constexpr std::int64_t kDay = 24L * 60 * 60;
  MemoryEnv env;
  auto contents = ContentsOf(env, {{"u", "a", "30"}});
  contents.events = {Put("x", "s", "from the future", 30'000 * kDay), Put("u", "s2", "b", kDay)};

  const TrainingData data = Build(contents);
  EXPECT_EQ(data.newest_interaction_ms, kDay * 1000);
  EXPECT_EQ(data.item_created_ms[*data.items.Find("from the future")], kDay * 1000);
  EXPECT_THAT(ItemsOf(data, "x"), ElementsAre("from the future"));

  for (std::size_t who = 1; who < GroupClock::kWitnessesMin; ++who) {
    contents.events.push_back(Put("w" + std::to_string(who), "t" + std::to_string(who), "c", 40 * kDay));
  }
  EXPECT_EQ(Build(contents).newest_interaction_ms, 40 * kDay * 1000);
}

TEST(TrainingData, KeepsExactDuplicatesOnce) {
  MemoryEnv env;
  auto contents = ContentsOf(env, {{"u", "a", "10", "click", "1"},
                                   {"u", "a", "10", "click", "1"},
                                   {"u", "a", "10", "click", "2"},
                                   {"u", "a", "10", "view", "1"},
                                   {"u", "a", "11", "click", "1"},
                                   {"u", "b", "10", "click", "1"}});

  EXPECT_THAT(ItemsOf(Build(contents), "u"), ElementsAre("a", "a", "a", "b", "a"));
}

TEST(TrainingData, AnEventThatAnImportBroughtTooCountsOnce) {
  MemoryEnv env;
  auto contents = ContentsOf(env, {{"u", "a", "10", "Click"}});
  contents.events.push_back(Put("u", "s", "a", 10));

  EXPECT_THAT(ItemsOf(Build(contents), "u"), ElementsAre("a"));
}

TEST(TrainingData, OfEventsWithOneIdTheFirstCounts) {
  DatasetContents contents;
  contents.events = {Put("u", "s", "a", 10, "id"), Put("u", "s", "b", 11, "id"), Put("u", "s", "c", 12),
                     Put("u", "s", "d", 13)};

  EXPECT_THAT(ItemsOf(Build(contents), "u"), ElementsAre("a", "c", "d"));
}

TEST(TrainingData, AnonymousEventsOfALinkedSessionAreTheUsersAndOthersNobodys) {
  DatasetContents contents;
  contents.events = {Put("", "s1", "a", 10), Put("", "s2", "b", 11), Put("u", "s1", "c", 12), Put("", "s1", "d", 13)};

  const TrainingData data = Build(contents);

  EXPECT_THAT(ItemsOf(data, "u"), ElementsAre("a", "c", "d"));
  EXPECT_EQ(data.users.size(), 1u);
  EXPECT_EQ(data.interactions.size(), 3u);
}

TEST(TrainingData, SelectsByEventTypeWithoutCaseAndByValue) {
  MemoryEnv env;
  auto contents = ContentsOf(env, {{"u", "a", "10", "CLICK", "3"},
                                   {"u", "b", "11", "view", "5"},
                                   {"u", "c", "12", "click", "2"},
                                   {"u", "d", "13", "-", "9"},
                                   {"u", "e", "14", "click"}});
  contents.events.push_back(Put("u", "s", "f", 15));

  EXPECT_THAT(ItemsOf(Build(contents, {.event_type = "Click"}), "u"), ElementsAre("a", "c", "e", "f"));
  EXPECT_THAT(ItemsOf(Build(contents, {.event_type = "click", .event_value_threshold = 3}), "u"), ElementsAre("a"));
  EXPECT_THAT(ItemsOf(Build(contents, {.event_type = "buy"}), "u"), IsEmpty());
}

TEST(TrainingData, EventTypesAreFoldedAndMayBeMissing) {
  MemoryEnv env;
  const auto contents = ContentsOf(env, {{"u", "a", "10", "CLICK", "3"}, {"u", "b", "11", "click"}, {"u", "c", "12"}});

  const TrainingData data = Build(contents);

  EXPECT_EQ(data.interactions.event_types.size(), 1u);
  EXPECT_EQ(data.interactions.event_types.id(0), "click");
  EXPECT_THAT(data.interactions.event_type, ElementsAre(0u, 0u, kNoIndex));
  EXPECT_EQ(data.interactions.event_value[0], 3.0F);
  EXPECT_TRUE(std::isnan(data.interactions.event_value[2]));
}

TEST(TrainingData, ImpressionsNameKnownItemsAlone) {
  MemoryEnv env;
  const auto contents = ContentsOf(env, {{"u", "a", "10", "-", "-", "a|b|unknown"}, {"u", "b", "11"}});

  const TrainingData data = Build(contents);

  EXPECT_THAT(data.interactions.impression_offsets, ElementsAre(0u, 2u, 2u));
  EXPECT_THAT(data.interactions.impressions, ElementsAre(0u, 1u));
  EXPECT_THAT(Build(ContentsOf(env, {{"u", "a", "10"}})).interactions.impression_offsets, IsEmpty());
}

TEST(TrainingData, EventsBringTheirImpressionToo) {
  MemoryEnv env;
  auto contents = ContentsOf(env, {{"u", "a", "10"}, {"u", "b", "11"}});
  contents.events.push_back(Put("u", "s", "a", 12));
  contents.events.back().impression = {"b", "unknown", "a"};

  const TrainingData data = Build(contents);

  EXPECT_THAT(data.interactions.impression_offsets, ElementsAre(0u, 0u, 0u, 2u));
  EXPECT_THAT(data.interactions.impressions, ElementsAre(1u, 0u));
}

TEST(TrainingData, KeepsTheFirstItemsOfALongImpression) {
  for (const std::size_t shown : {kImpressionItemsMax - 1, kImpressionItemsMax, kImpressionItemsMax + 1}) {
    MemoryEnv env;
    std::string impression = "b|unknown";
    for (std::size_t i = 1; i < shown; ++i) impression += "|a";

    const TrainingData data =
        Build(ContentsOf(env, {{"u", "a", "10", "-", "-", impression}, {"u", "b", "11", "-", "-", "a"}}));

    EXPECT_EQ(data.interactions.impressions.size(), std::min(shown, kImpressionItemsMax) + 1);
    EXPECT_EQ(data.interactions.impressions.front(), 1u);
  }
}

TEST(TrainingData, KeepsFewerOfEachImpressionWhereThereAreManyInteractions) {
  constexpr std::size_t kAllOfEach = kImpressionsMax / kImpressionItemsMax;
  EXPECT_EQ(ImpressionItemsMax(0), kImpressionItemsMax);
  EXPECT_EQ(ImpressionItemsMax(kAllOfEach), kImpressionItemsMax);
  EXPECT_EQ(ImpressionItemsMax(kAllOfEach + 1), kImpressionItemsMax - 1);
  EXPECT_EQ(ImpressionItemsMax(kImpressionsMax), 1u);
  EXPECT_EQ(ImpressionItemsMax(kImpressionsMax + 1), 0u);
}

TEST(TrainingData, ContextColumnsHaveARowForEachInteraction) {
  MemoryEnv env;
  auto contents = ContentsOf(env, {{"u", "a", "10", "-", "-", "-", "tv|phone"}, {"u", "b", "11"}});
  contents.events.push_back(Put("u", "s", "c", 12));
  contents.events.back().columns = {{6, Value(std::string("phone"))}};

  const TrainingData data = Build(contents);

  ASSERT_EQ(data.interactions.context.categorical.size(), 1u);
  const CategoricalColumn& device = data.interactions.context.categorical[0];
  EXPECT_EQ(device.name, "DEVICE_TYPE");
  EXPECT_THAT(device.Row(0), ElementsAre(0u, 1u));
  EXPECT_THAT(device.Row(1), IsEmpty());
  EXPECT_THAT(device.Row(2), ElementsAre(1u));
  EXPECT_THAT(
      Build(contents, {.excluded_columns = {{"INTERACTIONS", {"device_type"}}}}).interactions.context.categorical,
      IsEmpty());
}

TEST(TrainingData, ItemsHaveTheNewestRecordAndTheirAge) {
  MemoryEnv env;
  auto contents = ContentsOf(env, {{"u", "a", "10"}, {"u", "b", "20"}, {"u", "a", "30"}});
  contents.item_schema = TestItemsSchema();
  contents.item_segments.push_back(ImportText(env, TestItemsSchema(),
                                              "ITEM_ID,GENRES,PRICE,YEAR,ON_SALE,BRAND,DESCRIPTION,CREATION_TIMESTAMP\n"
                                              "a,X|Y,1,,,,,\n"
                                              "c,X,2,,,,,5\n"
                                              "d,,,,,,,\n"
                                              "e,,,,,,,99\n",
                                              10'000));
  contents.item_puts.push_back(*ReadEntityProperties(TestItemsSchema(), "a", R"({"genres":"Old"})", 9'000));
  contents.item_puts.push_back(
      *ReadEntityProperties(TestItemsSchema(), "c", R"({"price":7,"creationTimestamp":6})", 11'000));

  const TrainingData data = Build(contents);

  const auto a = *data.items.Find("a");
  const auto b = *data.items.Find("b");
  const auto c = *data.items.Find("c");
  const auto d = *data.items.Find("d");
  const auto e = *data.items.Find("e");
  EXPECT_THAT((std::vector<std::uint32_t>{a, b, c, d, e}), ElementsAre(0, 1, 2, 3, 4));
  ASSERT_EQ(data.item_attributes.categorical.size(), 1u);  // Plain strings and truth values do not train.
  EXPECT_EQ(data.item_attributes.categorical[0].Row(a).size(), 2u);
  EXPECT_THAT(data.item_attributes.categorical[0].Row(b), IsEmpty());
  EXPECT_THAT(data.item_attributes.categorical[0].Row(c), IsEmpty());  // The put replaces the whole record.
  ASSERT_EQ(data.item_attributes.numeric.size(), 2u);
  EXPECT_EQ(data.item_attributes.numeric[0].values[c], 7.0F);
  EXPECT_TRUE(std::isnan(data.item_attributes.numeric[0].values[b]));
  // Oldest interaction, oldest interaction, CREATION_TIMESTAMP, newest interaction of all, and the same for one whose
  // CREATION_TIMESTAMP is yet to come.
  EXPECT_THAT(data.item_created_ms, ElementsAre(10'000, 20'000, 6'000, 30'000, 30'000));
}

TEST(TrainingData, UsersWithoutInteractionsAreNotAdded) {
  MemoryEnv env;
  const Schema users =
      TestSchema("Users", R"({"name":"USER_ID","type":"string"},{"name":"AGE","type":["null","int"]})");
  auto contents = ContentsOf(env, {{"u", "a", "10"}});
  contents.user_schema = users;
  contents.user_segments.push_back(ImportText(env, users, "USER_ID,AGE\nu,30\nstranger,40\n", 5, DatasetType::kUsers));

  const TrainingData data = Build(contents);

  EXPECT_EQ(data.users.size(), 1u);
  ASSERT_EQ(data.user_attributes.numeric.size(), 1u);
  EXPECT_THAT(data.user_attributes.numeric[0].values, ElementsAre(30.0F));
}

TEST(TrainingData, IncludedColumnsAreTheOnlyOnes) {
  MemoryEnv env;
  auto contents = ContentsOf(env, {{"u", "a", "10"}});
  contents.item_schema = TestItemsSchema();

  const TrainingData data = Build(contents, {.included_columns = {{"ITEMS", {"PRICE"}}}});

  EXPECT_THAT(data.item_attributes.categorical, IsEmpty());
  EXPECT_THAT(data.item_attributes.text, IsEmpty());
  ASSERT_EQ(data.item_attributes.numeric.size(), 1u);
  EXPECT_EQ(data.item_attributes.numeric[0].name, "PRICE");
}

TEST(TrainingData, OfNothingIsEmpty) {
  const TrainingData data = Build({});

  EXPECT_EQ(data.interactions.size(), 0u);
  EXPECT_EQ(data.interactions.user_offsets.size(), 1u);
}

TEST(TrainingData, AgreesWithANaiveTwinOnRandomRows) {
  Random random(17);
  for (int round = 0; round < 30; ++round) {
    MemoryEnv env;
    std::vector<std::vector<std::string>> rows;
    std::vector<std::tuple<std::string, std::int64_t, std::string, std::string>> expected;
    for (int i = 0; i < 200; ++i) {
      const auto user = "u" + std::to_string(random.Below(5));
      const auto item = "i" + std::to_string(random.Below(4));
      const auto seconds = static_cast<std::int64_t>(random.Below(10));
      const auto type = "t" + std::to_string(random.Below(2));
      rows.push_back({user, item, std::to_string(seconds), type});
      const std::tuple row(user, seconds, item, type);
      if (std::ranges::find(expected, row) == expected.end()) expected.push_back(row);
    }
    std::ranges::stable_sort(expected, {},
                             [](const auto& row) { return std::pair(std::get<0>(row), std::get<1>(row)); });

    const TrainingData data = Build(ContentsOf(env, rows));

    ASSERT_EQ(data.interactions.size(), expected.size());
    for (int user = 0; user < 5; ++user) {
      std::vector<std::string> items;
      for (const auto& row : expected) {
        if (std::get<0>(row) == "u" + std::to_string(user)) items.push_back(std::get<2>(row));
      }
      EXPECT_EQ(ItemsOf(data, "u" + std::to_string(user)), items);
    }
  }
}

}  // namespace
}  // namespace attune
