#include "data/group_clock.h"

#include <gtest/gtest.h>

namespace attune {
namespace {

constexpr std::int64_t kDay = GroupClock::kAheadMaxMs;

TEST(GroupClock, FollowsTheNewestEventAndNeverGoesBack) {
  GroupClock clock(10 * kDay);
  clock.Observe(10 * kDay + 5, 1);
  clock.Observe(3, 1);
  EXPECT_EQ(clock.now_ms(), 10 * kDay + 5);
  clock.Observe(11 * kDay + 5, 1);  // A day ahead, not more.
  EXPECT_EQ(clock.now_ms(), 11 * kDay + 5);
}

TEST(GroupClock, OnePersonAheadOfTimeMovesNothingHoweverOften) {
  GroupClock clock(10 * kDay);
  for (int i = 0; i < 1000; ++i) clock.Observe(40'000 * kDay + i, 7);
  EXPECT_EQ(clock.now_ms(), 10 * kDay);
  clock.Observe(10 * kDay + 1, 8);
  EXPECT_EQ(clock.now_ms(), 10 * kDay + 1);
}

TEST(GroupClock, ManyPeopleAheadMoveItToWhatAllHaveReached) {
  GroupClock clock(10 * kDay);
  for (std::uint64_t who = 1; who < GroupClock::kWitnessesMin; ++who) {
    clock.Observe(30 * kDay + static_cast<std::int64_t>(who), who);
  }
  EXPECT_EQ(clock.now_ms(), 10 * kDay);
  clock.Observe(90'000 * kDay, GroupClock::kWitnessesMin);
  EXPECT_EQ(clock.now_ms(), 30 * kDay + static_cast<std::int64_t>(GroupClock::kWitnessesMin) - 1);
}

}  // namespace
}  // namespace attune
