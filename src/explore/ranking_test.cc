#include "explore/ranking.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>

#include "base/random.h"

namespace attune {
namespace {

constexpr float kNothing = -std::numeric_limits<float>::infinity();

/// Some equal to each other, some missing.
std::vector<float> Scores(std::size_t count, Random& random) {
  std::vector<float> scores(count);
  for (float& score : scores) {
    score = random.Below(9) == 0 ? kNothing : static_cast<float>(random.Below(4 * count)) / 8 - 3;
  }
  return scores;
}

TEST(LargestAt, IsThatOfSortedScores) {
  Random random(1);
  for (const std::size_t count : {1, 2, 25, 26, 300, 1'023, 1'024, 1'025, 5'000, 20'300}) {
    const std::vector<float> scores = Scores(count, random);
    std::vector<float> sorted = scores;
    std::ranges::sort(sorted, std::greater<>());
    for (const std::size_t rank :
         {std::size_t{0}, std::size_t{1}, std::size_t{25}, std::size_t{500}, count / 2, count - 1}) {
      EXPECT_EQ(LargestAt(scores, rank), rank < count ? sorted[rank] : kNothing) << count << " scores, rank " << rank;
    }
  }
  EXPECT_EQ(LargestAt({}, 0), kNothing);
}

TEST(MarkExplored, MarksWhatThePlainRankingLacks) {
  Random random(2);
  for (std::size_t round = 0; round < 200; ++round) {
    const std::size_t count = 1 + random.Below(60);
    const std::vector<float> scores = Scores(count, random);
    const SlateRequest request{
        .scores = scores, .eligible = {}, .beliefs = nullptr, .slate_size = 1 + random.Below(30), .weight = 1};
    const std::vector<std::uint32_t> plain = PlainRanking(scores, request.slate_size);
    std::vector<std::uint32_t> slate;
    for (std::uint32_t i = 0; i < count; ++i) {
      if (scores[i] > kNothing) slate.push_back(i);
    }

    const std::vector<Choice> choices = MarkExplored(request, slate);

    ASSERT_EQ(choices.size(), slate.size());
    for (std::size_t i = 0; i < slate.size(); ++i) {
      EXPECT_EQ(choices[i].index, slate[i]);
      EXPECT_EQ(choices[i].explored, std::ranges::find(plain, slate[i]) == plain.end()) << "round " << round;
    }
  }
}

}  // namespace
}  // namespace attune
