#include "serve/session_store.h"

#include <gtest/gtest.h>

namespace attune {
namespace {

SessionEvent Event(const std::string& item, std::int64_t timestamp_ms, std::uint64_t sequence) {
  return {.item_id = item, .event_type = "click", .timestamp_ms = timestamp_ms, .sequence = sequence};
}

std::vector<std::string> Items(const std::vector<SessionEvent>& events) {
  std::vector<std::string> items;
  for (const auto& event : events) items.push_back(event.item_id);
  return items;
}

using Names = std::vector<std::string>;

TEST(SessionStore, GivesAUsersEventsByTheirOwnTime) {
  SessionStore store;
  store.Apply("u", "s", Event("b", 20, 1));
  store.Apply("u", "s", Event("a", 10, 2));
  store.Apply("u", "s", Event("c", 20, 3));
  EXPECT_EQ(Items(store.Find("u", 0)), (Names{"a", "b", "c"}));
  EXPECT_TRUE(store.Find("v", 0).empty());
}

TEST(SessionStore, GivesOnlyWhatAModelDoesNotKnowYet) {
  SessionStore store;
  store.Apply("u", "s", Event("a", 1, 1));
  store.Apply("u", "s", Event("b", 2, 2));
  EXPECT_EQ(Items(store.Find("u", 1)), (Names{"b"}));
  EXPECT_TRUE(store.Find("u", 2).empty());
}

TEST(SessionStore, FindsAnAnonymousSessionByItsIdUntilAUserAppears) {
  SessionStore store;
  store.Apply("", "s", Event("a", 1, 1));
  EXPECT_EQ(Items(store.Find("s", 0)), (Names{"a"}));

  store.Apply("u", "s", Event("b", 2, 2));
  EXPECT_EQ(Items(store.Find("u", 0)), (Names{"a", "b"}));
  EXPECT_TRUE(store.Find("s", 0).empty());

  store.Apply("", "s", Event("c", 3, 3));
  EXPECT_EQ(Items(store.Find("u", 0)), (Names{"a", "b", "c"}));
}

TEST(SessionStore, KeepsAUserApartFromASessionOfTheSameId) {
  SessionStore store;
  store.Apply("", "x", Event("session's", 1, 1));
  store.Apply("x", "y", Event("user's", 2, 2));
  EXPECT_EQ(Items(store.Find("x", 0)), (Names{"user's"}));
}

TEST(SessionStore, KeepsTheNewestEventsOfAUserUpToItsLimit) {
  SessionStore store({.events_per_user_max = 3});
  for (int i = 1; i <= 3; ++i) store.Apply("u", "s", Event(std::to_string(i), i, static_cast<std::uint64_t>(i)));
  EXPECT_EQ(Items(store.Find("u", 0)), (Names{"1", "2", "3"}));
  store.Apply("u", "s", Event("4", 4, 4));
  EXPECT_EQ(Items(store.Find("u", 0)), (Names{"2", "3", "4"}));
}

TEST(SessionStore, ForgetsTheUsersHeardOfLongestAgoBeyondItsLimit) {
  SessionStore store({.events_max = 640});  // Ten to a shard.
  for (int i = 0; i < 10'000; ++i) {
    store.Apply("u" + std::to_string(i), "s" + std::to_string(i), Event("a", i, static_cast<std::uint64_t>(i) + 1));
  }
  EXPECT_LE(store.figures().events, 640u);
  EXPECT_EQ(store.Find("u9999", 0).size(), 1u);
  EXPECT_TRUE(store.Find("u0", 0).empty());
}

TEST(SessionStore, ForgetsAUser) {
  SessionStore store;
  store.Apply("u", "s", Event("a", 1, 1));
  store.Forget("u");
  EXPECT_TRUE(store.Find("u", 0).empty());
  EXPECT_EQ(store.figures().events, 0u);
}

}  // namespace
}  // namespace attune
