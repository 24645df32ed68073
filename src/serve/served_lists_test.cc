#include "serve/served_lists.h"

#include <gtest/gtest.h>

namespace attune {
namespace {

TEST(ServedLists, FindsAListUntilItsTimeIsOver) {
  FakeClock clock;
  ServedLists lists(clock, {.keep_for = std::chrono::hours(48)});
  auto list = std::make_shared<ServedList>();
  list->item_ids = {"a", "b"};
  lists.Remember("RID-1", list);

  clock.Advance(std::chrono::hours(48));
  ASSERT_NE(lists.Find("RID-1"), nullptr);
  EXPECT_EQ(lists.Find("RID-1")->item_ids.size(), 2u);

  clock.Advance(std::chrono::milliseconds(1));
  EXPECT_EQ(lists.Find("RID-1"), nullptr);
}

TEST(ServedLists, MakesRoomByForgettingTheOldest) {
  FakeClock clock;
  ServedLists lists(clock, {.lists_max = 2});
  for (const char* id : {"1", "2", "3"}) lists.Remember(id, std::make_shared<ServedList>());
  EXPECT_EQ(lists.size(), 2u);
  EXPECT_EQ(lists.Find("1"), nullptr);
  EXPECT_NE(lists.Find("3"), nullptr);
}

TEST(ServedLists, DoesNotFindWhatItNeverGave) {
  FakeClock clock;
  EXPECT_EQ(ServedLists(clock).Find("RID-x"), nullptr);
}

}  // namespace
}  // namespace attune
