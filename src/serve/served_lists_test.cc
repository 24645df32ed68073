#include "serve/served_lists.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "storage/memory_env.h"

namespace attune {
namespace {

using testing::ElementsAre;

ServedList List(std::vector<std::string> items = {"a", "b"}) {
  ServedList list{.deployment = "campaign", .model = "model", .user_id = "u"};
  for (std::size_t i = 0; i < items.size(); ++i) {
    list.scores.push_back(-1.0F - static_cast<float>(i));
    list.propensities.push_back(0.5F);
  }
  list.item_ids = std::move(items);
  list.factors = {1.5F, -2};
  return list;
}

class ServedListsTest : public testing::Test {
 protected:
  std::unique_ptr<ServedLists> Open(ServedLists::Limits limits = {}) {
    auto lists = ServedLists::Open(env_, "/a/served", clock_, limits);
    EXPECT_TRUE(lists.ok()) << lists.status().ToString();
    return *std::move(lists);
  }
  Event EventOf(std::string id, std::string item = "b") {
    return {.item_id = std::move(item), .event_type = "click", .recommendation_id = std::move(id)};
  }

  MemoryEnv env_;
  FakeClock clock_;
};

TEST_F(ServedListsTest, FindsAListUntilItsTimeIsOver) {
  const auto lists = Open({.keep_for = std::chrono::hours(48)});
  ASSERT_TRUE(lists->Remember("RID-1", List()).ok());

  clock_.Advance(std::chrono::hours(48));
  const auto found = lists->Find("RID-1");
  ASSERT_TRUE(found.has_value());
  EXPECT_THAT(found->item_ids, ElementsAre("a", "b"));
  EXPECT_THAT(found->scores, ElementsAre(-1, -2));
  EXPECT_THAT(found->factors, ElementsAre(1.5F, -2));
  EXPECT_EQ(found->model, "model");

  clock_.Advance(std::chrono::milliseconds(1));
  EXPECT_FALSE(lists->Find("RID-1").has_value());
  EXPECT_FALSE(lists->Find("RID-x").has_value());
}

TEST_F(ServedListsTest, FindsAgainAfterTheProcessDiedWhatItRemembered) {
  ASSERT_TRUE(Open()->Remember("RID-1", List()).ok());
  const auto lists = Open();
  ASSERT_TRUE(lists->Find("RID-1").has_value());
  ASSERT_TRUE(lists->Remember("RID-2", List({"c"})).ok());
  EXPECT_THAT(Open()->Find("RID-2")->item_ids, ElementsAre("c"));
}

TEST_F(ServedListsTest, PassesOverATornRecordAndKeepsThoseBeforeIt) {
  {
    const auto lists = Open();
    for (const char* id : {"1", "2"}) ASSERT_TRUE(lists->Remember(id, List()).ok());
  }
  const std::string path = "/a/served/000000000001.lists";
  ASSERT_TRUE(env_.Truncate(path, *env_.FileSize(path) - 1).ok());

  const auto lists = Open();

  EXPECT_TRUE(lists->Find("1").has_value());
  EXPECT_FALSE(lists->Find("2").has_value());
  ASSERT_TRUE(lists->Remember("2", List()).ok());
  EXPECT_TRUE(Open()->Find("2").has_value());
}

TEST_F(ServedListsTest, MakesRoomByForgettingTheOldest) {
  constexpr std::size_t kMax = 160;
  const auto lists = Open({.lists_max = kMax});
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(lists->Remember(std::to_string(i), List()).ok());
    ASSERT_LE(lists->size(), kMax + kMax / ServedLists::kFiles);
  }
  EXPECT_FALSE(lists->Find("0").has_value());
  EXPECT_TRUE(lists->Find("999").has_value());
  EXPECT_TRUE(lists->Find("860").has_value());
  EXPECT_LE(env_.List("/a/served")->size(), ServedLists::kFiles + 1);
}

TEST_F(ServedListsTest, TakesNoMoreDiskThanItsLimit) {
  constexpr std::uint64_t kMax = 64 << 10;
  const auto lists = Open({.bytes_max = kMax});
  for (int i = 0; i < 3000; ++i) ASSERT_TRUE(lists->Remember(std::to_string(i), List()).ok());
  EXPECT_LE(lists->bytes(), kMax + kMax / ServedLists::kFiles + 1024);
  EXPECT_GT(lists->bytes(), kMax / 2);
  EXPECT_TRUE(lists->Find("2999").has_value());
}

TEST_F(ServedListsTest, DropsFilesWhoseListsAreAllTooOldAtTheNextStart) {
  ASSERT_TRUE(Open()->Remember("old", List()).ok());
  clock_.Advance(std::chrono::hours(49));
  ASSERT_TRUE(Open()->Remember("new", List()).ok());
  Open();
  EXPECT_EQ(env_.List("/a/served")->size(), 1u);
}

TEST_F(ServedListsTest, ForgetsAListOfATimeThatCannotBe) {
  const FakeClock first_moment(std::numeric_limits<std::int64_t>::min());
  ASSERT_TRUE((*ServedLists::Open(env_, "/a/served", first_moment))->Remember("RID-1", List()).ok());

  const auto lists = Open();

  EXPECT_FALSE(lists->Find("RID-1").has_value());
  ASSERT_TRUE(lists->Remember("RID-2", List()).ok());
  EXPECT_EQ(lists->size(), 1u);
}

TEST_F(ServedListsTest, TheFirstEventOfAListTellsThatItWasShown) {
  const auto lists = Open();
  ASSERT_TRUE(lists->Remember("r", List()).ok());
  Event first = EventOf("r");
  Event second = EventOf("r");

  lists->Resolve(&first);
  lists->Resolve(&second);

  ASSERT_TRUE(first.served && second.served);
  EXPECT_FALSE(first.served->is_late);
  EXPECT_EQ(first.served->items.size(), 2u);
  EXPECT_TRUE(second.served->is_late);
  EXPECT_THAT(second.served->items, ElementsAre(ServedItem{.item_id = "b", .rank = 2, .score = -2}));
  // The first could not be stored: the next one is the first.
  lists->Withdraw(first);
  Event third = EventOf("r");
  lists->Resolve(&third);
  EXPECT_FALSE(third.served->is_late);
  Event unknown = EventOf("x");
  lists->Resolve(&unknown);
  EXPECT_FALSE(unknown.served.has_value());
}

TEST_F(ServedListsTest, WhatWasToldBeforeAStartIsNotToldAgain) {
  Event told = EventOf("r");
  {
    const auto lists = Open();
    ASSERT_TRUE(lists->Remember("r", List()).ok());
    lists->Resolve(&told);
  }
  const auto lists = Open();
  lists->MarkObserved(told);  // As the replay of the event log does.
  Event next = EventOf("r");
  lists->Resolve(&next);
  EXPECT_TRUE(next.served->is_late);
}

TEST_F(ServedListsTest, GoesOnInAnotherFileAfterTheDiskRefusedAWrite) {
  const auto lists = Open();
  ASSERT_TRUE(lists->Remember("1", List()).ok());
  env_.FailCall(env_.call_count(), Fault::kIo);
  EXPECT_FALSE(lists->Remember("2", List()).ok());
  EXPECT_TRUE(lists->Remember("3", List()).ok());
  EXPECT_TRUE(lists->Find("1").has_value());
  EXPECT_FALSE(lists->Find("2").has_value());
  EXPECT_TRUE(lists->Find("3").has_value());
}

}  // namespace
}  // namespace attune
