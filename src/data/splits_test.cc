#include "data/splits.h"

#include <gtest/gtest.h>

#include <string>

namespace attune {
namespace {

/// Users u0, u1 … with so many interactions each, a second apart.
TrainingData DataOf(const std::vector<std::uint32_t>& lengths) {
  TrainingData data;
  data.interactions.user_offsets.push_back(0);
  for (std::size_t user = 0; user < lengths.size(); ++user) {
    data.users.Add("u" + std::to_string(user));
    for (std::uint32_t i = 0; i < lengths[user]; ++i) {
      data.interactions.user.push_back(static_cast<std::uint32_t>(user));
      data.interactions.item.push_back(data.items.Add("i" + std::to_string(i)));
      data.interactions.timestamp_ms.push_back(1000 * std::int64_t{i});
    }
    data.interactions.user_offsets.push_back(static_cast<std::uint32_t>(data.interactions.size()));
  }
  return data;
}

TEST(Splits, ATenthOfTheUsersIsTestedAndStaysSo) {
  std::size_t tested = 0;
  for (int user = 0; user < 10'000; ++user) tested += IsTestUser("user" + std::to_string(user), 3) ? 1 : 0;

  EXPECT_NEAR(static_cast<double>(tested), 1000, 4 * 30);  // Four standard deviations.
  EXPECT_EQ(IsTestUser("user7", 3), IsTestUser("user7", 3));
}

TEST(Splits, TestUsersDoNotTrainAndTheirNewestTenthIsTheTruth) {
  const TrainingData data = DataOf(std::vector<std::uint32_t>(200, 25));

  const Split split = SplitUsers(data, 1);

  ASSERT_FALSE(split.held_out.empty());
  for (const HeldOut& held_out : split.held_out) {
    EXPECT_TRUE(IsTestUser(data.users.id(held_out.user), 1));
    EXPECT_EQ(split.training.begin[held_out.user], split.training.end[held_out.user]);
    EXPECT_EQ(held_out.truth_end - held_out.truth_begin, 2u);
    EXPECT_EQ(held_out.truth_end - held_out.begin, 25u);
  }
}

TEST(Splits, AUserWithOneInteractionIsNotAskedAndOneWithTwoIsAskedForOne) {
  std::vector<std::uint32_t> lengths(400);
  for (std::size_t user = 0; user < lengths.size(); ++user) lengths[user] = user % 3;
  const TrainingData data = DataOf(lengths);

  const Split split = SplitUsers(data, 1);

  ASSERT_FALSE(split.held_out.empty());
  for (const HeldOut& held_out : split.held_out) {
    EXPECT_EQ(held_out.user % 3, 2u);
    EXPECT_EQ(held_out.truth_end - held_out.truth_begin, 1u);
  }
}

TEST(Splits, LeaveOneOutAsksForTheLastOrTheOneBeforeIt) {
  const TrainingData data = DataOf({2, 3, 5});

  const Split test = SplitLastOne(data, LeaveOut::kTest);
  const Split validation = SplitLastOne(data, LeaveOut::kValidation);

  ASSERT_EQ(test.held_out.size(), 2u);
  EXPECT_EQ(test.training.end, (std::vector<std::uint32_t>{2, 3, 8}));
  EXPECT_EQ(test.training.end, validation.training.end);
  EXPECT_EQ(test.held_out[1].truth_begin, 9u);
  EXPECT_EQ(validation.held_out[1].truth_begin, 8u);
  EXPECT_EQ(validation.held_out[1].begin, 5u);
}

TEST(Splits, ByTimeTrainsOnWhatIsOlder) {
  const TrainingData data = DataOf({4, 1, 2});

  const Split split = SplitByTime(data, 1000);

  EXPECT_EQ(split.training.end, (std::vector<std::uint32_t>{1, 5, 6}));
  ASSERT_EQ(split.held_out.size(), 2u);
  EXPECT_EQ(split.held_out[0].truth_begin, 1u);
  EXPECT_EQ(split.held_out[0].truth_end, 4u);
  EXPECT_EQ(split.held_out[1].user, 2u);
}

TEST(Splits, AQuantileOfTimeHasThatShareBeforeIt) {
  const TrainingData data = DataOf({10});

  EXPECT_EQ(TimeQuantile(data, 0.5), 5000);
  EXPECT_EQ(TimeQuantile(data, 1), 9000);
  EXPECT_EQ(TimeQuantile(TrainingData(), 0.5), 0);
}

}  // namespace
}  // namespace attune
