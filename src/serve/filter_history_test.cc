#include "serve/filter_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filter/test_group.h"
#include "serve/test_stores.h"

namespace attune {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FilterHistoryTest : public ::testing::Test {
 protected:
  static Event Did(std::string user, std::string event_type, std::string item, std::int64_t timestamp_ms,
                   std::string session = "s") {
    return {.user_id = std::move(user),
            .session_id = std::move(session),
            .item_id = std::move(item),
            .event_type = std::move(event_type),
            .timestamp_ms = timestamp_ms};
  }
  /// As the server does it: durable, then visible.
  void Record(const Event& event) {
    stores_.Append(dataset_, event);
    history_.Apply({&event, 1});
  }
  Status Refresh() { return history_.Refresh(dataset_, stores_.env(), stores_.log()); }
  std::vector<std::string> Found(std::string_view user_id) const {
    std::vector<std::string> found;
    for (const auto& entry : history_.Find(user_id)) found.push_back(entry.event_type + " " + entry.item_id);
    return found;
  }

  TestStores stores_;
  StoredDataset dataset_ = TestDataset("interactions", TestSchemas()[DatasetType::kInteractions]);
  FilterHistory history_{{.events_per_type_max = 3}};
};

TEST_F(FilterHistoryTest, ReadsImportsAndTheLogAndThenTakesEvents) {
  stores_.Import(&dataset_, {{"u", "a", "1000", "Click"}, {"v", "b", "1000", "click"}}, 0);
  Record(Did("u", "CLICK", "b", 2000));
  EXPECT_THAT(Found("u"), IsEmpty());
  ASSERT_TRUE(Refresh().ok());

  EXPECT_THAT(Found("u"), ElementsAre("click b", "click a"));
  Record(Did("u", "watch", "c", 1500));
  EXPECT_THAT(Found("u"), ElementsAre("click b", "click a", "watch c"));
  EXPECT_THAT(Found("v"), ElementsAre("click b"));
  EXPECT_THAT(Found("w"), IsEmpty());
}

TEST_F(FilterHistoryTest, SeesTheNewestOfEachEventTypeWhereverTheyCameFrom) {
  stores_.Import(&dataset_,
                 {{"u", "i1", "1000", "click"},
                  {"u", "i5", "5000", "click"},
                  {"u", "i2", "2000", "click"},
                  {"u", "i3", "3000", "click"},
                  {"u", "old", "1", "buy"}},
                 0);
  ASSERT_TRUE(Refresh().ok());
  EXPECT_THAT(Found("u"), ElementsAre("buy old", "click i5", "click i3", "click i2"));

  Record(Did("u", "click", "i4", 4000));
  EXPECT_THAT(Found("u"), ElementsAre("buy old", "click i5", "click i4", "click i3"));
  Record(Did("u", "click", "i0", 500));
  EXPECT_THAT(Found("u"), ElementsAre("buy old", "click i5", "click i4", "click i3"));
}

TEST_F(FilterHistoryTest, CountsEqualInteractionsOnce) {
  stores_.Import(&dataset_, {{"u", "a", "1000", "click"}, {"u", "a", "1000", "click"}, {"u", "b", "900", "click"}}, 0);
  stores_.Import(&dataset_, {{"u", "a", "1000", "Click"}}, 0);
  ASSERT_TRUE(Refresh().ok());
  for (int i = 0; i < 5; ++i) Record(Did("u", "click", "a", 1000));
  Record(Did("u", "click", "c", 800));

  EXPECT_THAT(Found("u"), ElementsAre("click a", "click b", "click c"));
}

TEST_F(FilterHistoryTest, TakesWhatCameWhileNobodyKnewWho) {
  ASSERT_TRUE(Refresh().ok());
  Record(Did("", "click", "a", 1000, "s1"));
  EXPECT_THAT(Found("s1"), ElementsAre("click a"));

  Record(Did("u", "click", "b", 2000, "s1"));
  EXPECT_THAT(Found("u"), ElementsAre("click b", "click a"));
  EXPECT_THAT(Found("s1"), IsEmpty());
  Record(Did("", "click", "c", 3000, "s1"));
  EXPECT_THAT(Found("u"), ElementsAre("click c", "click b", "click a"));
}

TEST_F(FilterHistoryTest, TakesImportsWithoutAnEventType) {
  dataset_.schema =
      GroupSchema("Interactions", R"({"name":"USER_ID","type":"string"},{"name":"ITEM_ID","type":"string"},
                                                   {"name":"TIMESTAMP","type":"long"})");
  stores_.Import(&dataset_, {{"u", "a", "1000"}}, 0);
  ASSERT_TRUE(Refresh().ok());

  EXPECT_THAT(Found("u"), ElementsAre(" a"));
}

TEST_F(FilterHistoryTest, ReadsImportsAnewAndKeepsEvents) {
  stores_.Import(&dataset_, {{"u", "a", "1000", "click"}}, 0);
  ASSERT_TRUE(Refresh().ok());
  Record(Did("u", "click", "b", 2000));
  dataset_.segments.clear();
  stores_.Import(&dataset_, {{"u", "c", "500", "click"}}, 0);
  EXPECT_FALSE(history_.IsFresh(dataset_));
  ASSERT_TRUE(Refresh().ok());

  EXPECT_TRUE(history_.IsFresh(dataset_));
  EXPECT_THAT(Found("u"), ElementsAre("click b", "click c"));
}

TEST_F(FilterHistoryTest, SeesAHundredInteractionsUnlessToldOtherwise) {
  FilterHistory history{FilterHistory::Limits{}};
  ASSERT_TRUE(history.Refresh(dataset_, stores_.env(), stores_.log()).ok());
  for (int i = 0; i < 101; ++i) {
    const Event event = Did("u", "click", "i" + std::to_string(i), 1000 + i);
    history.Apply({&event, 1});
    EXPECT_EQ(history.Find("u").size(), static_cast<std::size_t>(std::min(i + 1, 100)));
  }
  EXPECT_EQ(history.Find("u").back().item_id, "i1");
}

}  // namespace
}  // namespace attune
