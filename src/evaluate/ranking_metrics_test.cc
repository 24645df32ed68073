#include "evaluate/ranking_metrics.h"

#include <gtest/gtest.h>

#include <vector>

namespace attune {
namespace {

std::vector<std::uint32_t> Numbered(std::uint32_t count) {
  std::vector<std::uint32_t> items(count);
  for (std::uint32_t i = 0; i < count; ++i) items[i] = i + 1;
  return items;
}

TEST(ReciprocalRank, IsOneOverTheFirstHitsRank) {
  const auto top = Numbered(25);

  const double mean =
      (ReciprocalRank(top, {4, 9}, 25) + ReciprocalRank(top, {2}, 25) + ReciprocalRank(top, {6}, 25)) / 3;

  EXPECT_NEAR(mean, 0.3056, 5e-5);
  EXPECT_EQ(ReciprocalRank(top, {26}, 25), 0);
}

TEST(Ndcg, WithHitsAtTwoAndFiveOfTwoRelevant) {
  EXPECT_NEAR(Ndcg(Numbered(5), {2, 5}, 5), 0.6241, 5e-5);
  EXPECT_EQ(ReciprocalRank(Numbered(5), {2, 5}, 25), 0.5);
  EXPECT_DOUBLE_EQ(Precision(Numbered(5), {2, 5}, 5), 0.4);
}

TEST(Precision, DividesByKHoweverShortTheListIs) {
  EXPECT_DOUBLE_EQ(Precision(Numbered(10), {1, 5, 10, 77}, 10), 0.30);
  EXPECT_DOUBLE_EQ(Precision(Numbered(3), {1, 2, 3}, 10), 0.30);
}

TEST(Recall, DividesByWhatIsRelevant) { EXPECT_DOUBLE_EQ(Recall(Numbered(10), {1, 5, 11, 12}, 10), 0.5); }

TEST(EventWeights, OnlyRatiosMatter) {
  for (const auto& weights : {std::vector<double>{0.3, 0.1}, {0.6, 0.2}}) {
    const auto normalised = NormaliseEventWeights(weights);

    EXPECT_NEAR(normalised[0], 1.5, 1e-12);
    EXPECT_NEAR(normalised[1], 0.5, 1e-12);
  }
}

TEST(ExpectedRank, CountsTiesByHalfAndLeavesOutTheExcluded) {
  const std::vector<float> scores = {3, 2, 2, 2, 1};

  EXPECT_EQ(ExpectedRank(scores, 1, {}), 2);
  EXPECT_EQ(ExpectedRank(scores, 1, std::vector<std::uint8_t>{1, 0, 0, 0, 0}), 1);
  EXPECT_EQ(ExpectedRank(scores, 4, {}), 4);
}

TEST(AtRank, EndsAtK) {
  EXPECT_EQ(HitAtRank(9, 10), 1);
  EXPECT_EQ(HitAtRank(10, 10), 0);
  EXPECT_EQ(NdcgAtRank(0, 10), 1);
  EXPECT_EQ(NdcgAtRank(10, 10), 0);
}

TEST(TopItems, BreaksTiesByIndex) {
  EXPECT_EQ(TopItems(std::vector<float>{1, 5, 5, 7}, 3), (std::vector<std::uint32_t>{3, 1, 2}));
  EXPECT_EQ(TopItems(std::vector<float>{1}, 25), (std::vector<std::uint32_t>{0}));
}

TEST(SolutionMetrics, HasEveryKeyToFourDecimals) {
  SolutionMetrics metrics(40);
  metrics.Add(Numbered(25), {2, 5});
  metrics.Add(Numbered(25), {99});

  const auto result = metrics.Result();

  const std::map<std::string, double> expected = {{"coverage", 0.625},
                                                  {"mean_reciprocal_rank_at_25", 0.25},
                                                  {"normalized_discounted_cumulative_gain_at_5", 0.312},
                                                  {"normalized_discounted_cumulative_gain_at_10", 0.312},
                                                  {"normalized_discounted_cumulative_gain_at_25", 0.312},
                                                  {"precision_at_5", 0.2},
                                                  {"precision_at_10", 0.1},
                                                  {"precision_at_25", 0.04}};
  EXPECT_EQ(result, expected);
}

TEST(PairedBootstrap, HoldsAClearDifferenceAwayFromZero) {
  std::vector<double> a;
  std::vector<double> b;
  for (int i = 0; i < 1000; ++i) {
    a.push_back(i % 2);
    b.push_back(i % 10 == 1 ? 0 : i % 2);
  }

  const auto difference = PairedBootstrap(a, b, 1);

  EXPECT_NEAR(difference.mean, 0.1, 1e-12);
  EXPECT_GT(difference.low, 0.07);
  EXPECT_LT(difference.high, 0.13);
}

}  // namespace
}  // namespace attune
