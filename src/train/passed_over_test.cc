#include "train/passed_over.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "train/test_world.h"

namespace attune {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// One user takes items 0, 1, 2, of a catalogue of 100, each with a list that was shown.
TrainingData WithLists(const std::vector<std::vector<std::uint32_t>>& lists) {
  TrainingData data;
  data.users.Add("user");
  for (std::uint32_t item = 0; item < 100; ++item) data.items.Add("item" + std::to_string(item));
  data.interactions.impression_offsets = {0};
  for (std::uint32_t event = 0; event < lists.size(); ++event) {
    data.interactions.user.push_back(0);
    data.interactions.item.push_back(event);
    data.interactions.timestamp_ms.push_back(event);
    data.interactions.event_type.push_back(kNoIndex);
    data.interactions.event_value.push_back(kMissing);
    auto& shown = data.interactions.impressions;
    shown.insert(shown.end(), lists[event].begin(), lists[event].end());
    data.interactions.impression_offsets.push_back(static_cast<std::uint32_t>(shown.size()));
  }
  FinishTestData(data);
  return data;
}

std::vector<std::uint32_t> Chosen(const TrainingData& data, std::size_t interaction, std::uint64_t seed = 1) {
  const TrainingView view = WholeView(data);
  ThreadPool pool(1, 8);
  PassedOver passed_over(view);
  const std::vector<std::uint32_t> users = {0};
  const std::vector<std::size_t> counts = {data.interactions.size()};
  passed_over.Choose(users, counts, seed, pool);
  const auto of = passed_over.Of(0, interaction);
  return {of.begin(), of.end()};
}

TEST(PassedOver, IsWhatWasShownAndNeverTaken) {
  const TrainingData data = WithLists({{9, 0, 7}, {1}, {}});

  EXPECT_THAT(Chosen(data, 0), ElementsAre(7, 9));
  EXPECT_THAT(Chosen(data, 1), IsEmpty());
  EXPECT_THAT(Chosen(data, 2), IsEmpty());
}

TEST(PassedOver, LeavesOutWhatTheUserTakesAtAnotherTimeAndWhatIsNamedTwice) {
  EXPECT_THAT(Chosen(WithLists({{2, 1, 5, 5, 0, 5}, {}, {}}), 0), ElementsAre(5));
}

TEST(PassedOver, DrawsFromLongLists) {
  std::vector<std::uint32_t> all(100);
  std::iota(all.begin(), all.end(), 0u);
  const TrainingData long_list = WithLists({all, {}, {}});
  const TrainingData at_the_limit = WithLists({{all.begin() + 3, all.begin() + 3 + PassedOver::kEachMax}, {}, {}});

  const auto chosen = Chosen(long_list, 0);

  EXPECT_EQ(chosen.size(), PassedOver::kEachMax);
  EXPECT_THAT(chosen, testing::Each(testing::Ge(3u)));
  EXPECT_EQ(std::set<std::uint32_t>(chosen.begin(), chosen.end()).size(), chosen.size());
  EXPECT_EQ(chosen, Chosen(long_list, 0));
  EXPECT_NE(chosen, Chosen(long_list, 0, 2));
  EXPECT_EQ(Chosen(at_the_limit, 0).size(), PassedOver::kEachMax);
}

TEST(PassedOver, CountsTheNewestInteractionsAlone) {
  const TrainingData data = WithLists({{9}, {8}, {7}});
  const TrainingView view = WholeView(data);
  ThreadPool pool(1, 8);
  PassedOver passed_over(view);

  passed_over.Choose(std::vector<std::uint32_t>{0}, std::vector<std::size_t>{2}, 1, pool);

  EXPECT_THAT(passed_over.Of(0, 0), ElementsAre(8));
  EXPECT_THAT(passed_over.Of(0), ElementsAre(8, 7));
}

TEST(PassedOver, IsNotThereWithoutImpressions) {
  const TrainingData data = FewUsers(2, 2);
  EXPECT_FALSE(PassedOver(WholeView(data)).any());
}

}  // namespace
}  // namespace attune
