#include "filter/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filter/parser.h"
#include "filter/test_group.h"

namespace attune {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Four items a, b, c, d with records and one, e, without; users u and v.
class Evaluate : public ::testing::Test {
 protected:
  Evaluate() {
    const Schema& items = *schemas_.at(DatasetType::kItems);
    items_ = MetadataTable::Empty(items)->With(std::vector<EntityPut>{
        TestPut(items, "a",
                R"({"genres":"Action|Crime","brand":"x","price":9.99,"year":1999,"creationTimestamp":1000000000})"),
        TestPut(items, "b", R"({"genres":"Drama","brand":"y","price":20,"year":2001,"creationTimestamp":1500000000})"),
        TestPut(items, "c", R"({"genres":"Action|Drama","price":5,"year":9007199254740993})"),
        TestPut(items, "d", R"({})")});
    const Schema& users = *schemas_.at(DatasetType::kUsers);
    users_ = MetadataTable::Empty(users)->With(
        std::vector<EntityPut>{TestPut(users, "u", R"({"age":30,"membership":"gold|silver"})")});
  }

  Result<CompiledFilter> Compile(std::string_view expression, const FilterValues& values) {
    const auto filter = ParseFilter(expression);
    EXPECT_TRUE(filter.ok()) << filter.status().ToString();
    return CompileFilter(*filter, schemas_, values);
  }

  /// What the filter keeps for a user, who did "click" a and c, "Purchase" a, and "watch" e.
  std::vector<std::string> Kept(std::string_view expression, const FilterValues& values = {},
                                std::string_view user_id = "u", std::string_view current_item = "b") {
    const std::vector<FilterEvent> events{{0, "click"}, {2, "click"}, {0, "purchase"}, {4, "watch"}};
    const auto filter = Compile(expression, values);
    EXPECT_TRUE(filter.ok()) << filter.status().ToString();
    if (!filter.ok()) return {};
    const std::vector<std::string> ids{"a", "b", "c", "d", "e"};
    std::vector<ItemSet> sets;
    std::vector<ClauseMatches> matches;
    sets.reserve(filter->clauses.size());
    for (const CompiledClause& clause : filter->clauses) {
      if (!ClauseApplies(clause, users_.get(), user_id)) continue;
      sets.push_back(Matches(WithCurrentItem(clause, items_.get(), items_->Find(current_item)), events, ids));
      matches.push_back({clause.action, &sets.back()});
    }
    const ItemSet kept = CombineMatches(matches, ids.size());
    std::vector<std::string> names;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (kept.Has(i)) names.push_back(ids[i]);
    }
    EXPECT_EQ(kept.Count(), names.size());
    return names;
  }

  /// By chunks and one by one, which must agree.
  ItemSet Matches(const CompiledClause& clause, std::span<const FilterEvent> events,
                  std::span<const std::string> ids) const {
    if (clause.reads_events) return MatchEvents(clause, events, ids.size());
    ItemSet set(ids.size());
    std::vector<std::uint8_t> of_chunk;
    MatchChunk(clause, *items_, 0, &of_chunk);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto row = items_->Find(ids[i]);
      set.Set(i, MatchesRecord(clause, items_.get(), row, ids[i]));
      if (row) {
        EXPECT_EQ(set.Has(i), of_chunk[*row] != 0) << ids[i];
      }
    }
    return set;
  }

  const FilterSchemas schemas_ = TestSchemas();
  std::shared_ptr<const MetadataTable> items_;
  std::shared_ptr<const MetadataTable> users_;
};

TEST_F(Evaluate, UnitesIncludesAndTakesExcludesAway) {
  const std::string include1 = R"(INCLUDE ItemID WHERE Items.ITEM_ID IN ("a","b"))";
  const std::string include2 = R"(INCLUDE ItemID WHERE Items.ITEM_ID IN ("b","c"))";
  const std::string exclude1 = R"(EXCLUDE ItemID WHERE Items.ITEM_ID IN ("b"))";

  EXPECT_THAT(Kept(include1 + "|" + include2), ElementsAre("a", "b", "c"));
  EXPECT_THAT(Kept(include1 + "|" + exclude1), ElementsAre("a"));
  EXPECT_THAT(Kept(exclude1 + "|" + include1), ElementsAre("a"));
  EXPECT_THAT(Kept(exclude1), ElementsAre("a", "c", "d", "e"));
  EXPECT_THAT(Kept(include1 + " | " + include2 + " | " + exclude1), ElementsAre("a", "c"));
}

TEST_F(Evaluate, ComparesEachOfSeveralCategories) {
  EXPECT_THAT(Kept(R"(INCLUDE ItemID WHERE Items.GENRES IN ("Crime"))"), ElementsAre("a"));
  EXPECT_THAT(Kept(R"(INCLUDE ItemID WHERE Items.GENRES NOT IN ("Crime"))"), ElementsAre("b", "c", "d", "e"));
  EXPECT_THAT(Kept(R"(INCLUDE ItemID WHERE Items.GENRES IN ("Crime", "Drama"))"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(Kept(R"(INCLUDE ItemID WHERE Items.GENRES IN ("Action|Crime"))"), IsEmpty());
}

TEST_F(Evaluate, ComparesStringsWithCaseAndEventTypesWithout) {
  EXPECT_THAT(Kept(R"(INCLUDE ItemID WHERE Items.GENRES IN ("drama"))"), IsEmpty());
  EXPECT_THAT(Kept(R"(INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("CLICK"))"), ElementsAre("a", "c"));
  EXPECT_THAT(Kept(R"(INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($T))", {{"T", R"("PURCHASE","watch")"}}),
              ElementsAre("a", "e"));
}

TEST_F(Evaluate, TakesNullForNoValue) {
  EXPECT_THAT(Kept(R"(INCLUDE ItemID WHERE Items.BRAND IN ("x"))"), ElementsAre("a"));
  EXPECT_THAT(Kept(R"(INCLUDE ItemID WHERE Items.BRAND NOT IN ("x"))"), ElementsAre("b", "c", "d", "e"));
  EXPECT_THAT(Kept("INCLUDE ItemID WHERE Items.PRICE != 5"), ElementsAre("a", "b"));
  EXPECT_THAT(Kept("INCLUDE ItemID WHERE Items.PRICE NOT IN (5)"), ElementsAre("a", "b", "d", "e"));
  EXPECT_THAT(Kept("INCLUDE ItemID WHERE Items.PRICE < 1000000"), ElementsAre("a", "b", "c"));
}

TEST_F(Evaluate, ComparesNumbers) {
  EXPECT_THAT(Kept("INCLUDE ItemID WHERE Items.PRICE = 9.99"), ElementsAre("a"));
  EXPECT_THAT(Kept("INCLUDE ItemID WHERE Items.PRICE <= 9.99"), ElementsAre("a", "c"));
  EXPECT_THAT(Kept("INCLUDE ItemID WHERE Items.PRICE > $P", {{"P", "9.99"}}), ElementsAre("b"));
  EXPECT_THAT(Kept("INCLUDE ItemID WHERE Items.PRICE >= ($P)", {{"P", "\"9.99\""}}), ElementsAre("a", "b"));
  EXPECT_THAT(Kept("INCLUDE ItemID WHERE Items.YEAR IN (1999, 2001.0)"), ElementsAre("a", "b"));
  EXPECT_THAT(Kept("INCLUDE ItemID WHERE Items.YEAR < 1999.5"), ElementsAre("a"));
}

TEST_F(Evaluate, ComparesLongsBeyondTheWholeNumbersOfADouble) {
  EXPECT_THAT(Kept("INCLUDE ItemID WHERE Items.YEAR = 9007199254740993"), ElementsAre("c"));
  EXPECT_THAT(Kept("INCLUDE ItemID WHERE Items.YEAR = 9007199254740992"), IsEmpty());
}

TEST_F(Evaluate, TakesMomentsInSeconds) {
  EXPECT_THAT(Kept("INCLUDE ItemID WHERE Items.CREATION_TIMESTAMP < $DATE", {{"DATE", "1500000000"}}),
              ElementsAre("a"));
  EXPECT_THAT(Kept("INCLUDE ItemID WHERE Items.CREATION_TIMESTAMP = 1500000000"), ElementsAre("b"));
  EXPECT_THAT(Kept("INCLUDE ItemID WHERE Items.CREATION_TIMESTAMP > 1499999999.5"), ElementsAre("b"));
}

TEST_F(Evaluate, BindsAndTighterThanOr) {
  EXPECT_THAT(Kept(R"(INCLUDE ItemID WHERE Items.GENRES IN ("Drama") OR Items.PRICE > 9 AND Items.PRICE < 10)"),
              ElementsAre("a", "b", "c"));
  EXPECT_THAT(Kept(R"(INCLUDE ItemID WHERE Items.PRICE > 9 AND Items.PRICE < 10 OR Items.BRAND IN ("y"))"),
              ElementsAre("a", "b"));
}

TEST_F(Evaluate, FindsEventsOfTheUser) {
  EXPECT_THAT(Kept(R"(EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click", "watch"))"), ElementsAre("b", "d"));
  EXPECT_THAT(Kept(R"(INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*"))"), ElementsAre("a", "c", "e"));
  EXPECT_THAT(Kept(R"(INCLUDE ItemID WHERE Interactions.EVENT_TYPE NOT IN ("click"))"), ElementsAre("b", "d", "e"));
  EXPECT_THAT(Kept(R"(EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click") AND )"
                   R"(Interactions.EVENT_TYPE IN ("purchase"))"),
              ElementsAre("b", "c", "d", "e"));
  EXPECT_THAT(Kept(R"(EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($T))", {{"T", "*"}}), ElementsAre("b", "d"));
}

TEST_F(Evaluate, CountsAClauseOnlyIfItsConditionOnTheUserHolds) {
  const std::string exclude = R"(EXCLUDE ItemID WHERE Items.GENRES IN ("Action") IF CurrentUser.AGE )";
  const std::string include = R"(INCLUDE ItemID WHERE Items.GENRES IN ("Action") IF CurrentUser.MEMBERSHIP )";

  EXPECT_THAT(Kept(exclude + "= $AGE", {{"AGE", "30"}}), ElementsAre("b", "d", "e"));
  EXPECT_THAT(Kept(exclude + "> 30"), ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_THAT(Kept(exclude + "= 30 AND CurrentUser.MEMBERSHIP IN (\"bronze\")"), ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_THAT(Kept(include + "IN (\"silver\")"), ElementsAre("a", "c"));
  EXPECT_THAT(Kept(include + "NOT IN (\"silver\")"), ElementsAre("a", "b", "c", "d", "e"));
}

TEST_F(Evaluate, KnowsNothingOfAUserWithoutARecordButTheId) {
  EXPECT_THAT(Kept("EXCLUDE ItemID WHERE Items.PRICE > 0 IF CurrentUser.AGE > 0", {}, "v"),
              ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_THAT(Kept("EXCLUDE ItemID WHERE Items.PRICE > 0 IF CurrentUser.MEMBERSHIP NOT IN (\"gold\")", {}, "v"),
              ElementsAre("d", "e"));
  EXPECT_THAT(Kept("EXCLUDE ItemID WHERE Items.PRICE > 0 IF CurrentUser.USER_ID IN (\"v\")", {}, "v"),
              ElementsAre("d", "e"));
}

TEST_F(Evaluate, ComparesWithTheCurrentItem) {
  const std::string expression =
      "INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE AND Items.GENRES IN CurrentItem.GENRES";

  EXPECT_THAT(Kept(expression, {}, "u", "b"), ElementsAre("c"));
  EXPECT_THAT(Kept(expression, {}, "u", "a"), ElementsAre("c"));
  EXPECT_THAT(Kept(expression, {}, "u", "d"), IsEmpty());
  EXPECT_THAT(Kept(expression, {}, "u", "unknown"), IsEmpty());
}

TEST_F(Evaluate, KeepsEverythingWhereAnExcludeHasNoValue) {
  EXPECT_THAT(Kept("EXCLUDE ItemID WHERE Items.GENRES IN ($G)"), ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_EQ(Compile("INCLUDE ItemID WHERE Items.GENRES IN ($G)", {}).status().code(), Code::kInvalidArgument);
}

TEST_F(Evaluate, RefusesValuesOfTheWrongType) {
  EXPECT_THAT(Compile("EXCLUDE ItemID WHERE Items.PRICE > $P", {{"P", "\"cheap\""}}).status().message(),
              HasSubstr("Items.PRICE compares with numbers; its parameter has the value 'cheap'"));
  EXPECT_THAT(Compile("EXCLUDE ItemID WHERE Items.GENRES IN ($P)", {{"P", "\"*\""}}).status().message(),
              HasSubstr("cannot take *"));
}

TEST_F(Evaluate, GivesEqualKeysToClausesThatMatchTheSame) {
  const auto key = [&](std::string_view expression, const FilterValues& values = {}) {
    return Compile(expression, values)->clauses[0].key;
  };

  EXPECT_EQ(key(R"(INCLUDE ItemID WHERE Items.GENRES IN ("b","a"))"),
            key(R"(EXCLUDE ItemID WHERE items.genres IN ($P) IF CurrentUser.AGE > 3)", {{"P", R"("a","b")"}}));
  EXPECT_NE(key(R"(INCLUDE ItemID WHERE Items.GENRES IN ("a,1:b"))"),
            key(R"(INCLUDE ItemID WHERE Items.GENRES IN ("a","b"))"));
  EXPECT_NE(key("INCLUDE ItemID WHERE Items.PRICE = 1"), key("INCLUDE ItemID WHERE Items.PRICE >= 1"));
  EXPECT_NE(key("INCLUDE ItemID WHERE Items.PRICE = 1 OR Items.YEAR = 1"),
            key("INCLUDE ItemID WHERE Items.PRICE = 1 AND Items.YEAR = 1"));
  EXPECT_EQ(key(R"(INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("a"))"), "");
}

TEST_F(Evaluate, WorksOnActions) {
  const Schema& schema = *schemas_.at(DatasetType::kActions);
  const auto actions = MetadataTable::Empty(schema)->With(std::vector<EntityPut>{
      TestPut(schema, "join", R"({"value":3,"kind":"club"})"), TestPut(schema, "buy", R"({"value":9})")});
  const auto filter = Compile(R"(INCLUDE ActionID WHERE Actions.VALUE > 5 OR Actions.KIND IN ("club") | )"
                              R"(EXCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ("taken"))",
                              {});
  ASSERT_TRUE(filter.ok()) << filter.status().ToString();

  EXPECT_EQ(filter->target, FilterTarget::kActions);
  EXPECT_TRUE(MatchesRecord(filter->clauses[0], actions.get(), actions->Find("join"), "join"));
  EXPECT_TRUE(MatchesRecord(filter->clauses[0], actions.get(), actions->Find("buy"), "buy"));
  const std::vector<FilterEvent> events{{1, "taken"}};
  EXPECT_TRUE(MatchEvents(filter->clauses[1], events, 2).Has(1));
  EXPECT_FALSE(MatchEvents(filter->clauses[1], events, 2).Has(0));
}

TEST(ItemSet, GrowsByMembersOrByOthers) {
  for (const std::size_t size : {0u, 1u, 63u, 64u, 65u, 130u}) {
    ItemSet all(size, true);
    EXPECT_EQ(all.Count(), size);
    all.Resize(size + 70, true);
    EXPECT_EQ(all.Count(), size + 70);
    all.Resize(size + 200, false);
    EXPECT_EQ(all.Count(), size + 70);
    EXPECT_EQ(all, [&] {
      ItemSet expected(size + 200);
      for (std::size_t i = 0; i < size + 70; ++i) expected.Set(i, true);
      return expected;
    }());
  }
}

}  // namespace
}  // namespace attune
