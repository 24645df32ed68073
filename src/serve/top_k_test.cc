#include "serve/top_k.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/random.h"

namespace attune {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

TEST(TopK, GivesTheHighestFirstAndTiesByIndex) {
  const std::vector<float> scores{1, 3, 2, 3, 0};
  EXPECT_EQ(TopK(scores, 3), (std::vector<std::uint32_t>{1, 3, 2}));
}

TEST(TopK, NeverChoosesMinusInfinity) {
  const std::vector<float> scores{kNever, 1, kNever};
  EXPECT_EQ(TopK(scores, 3), (std::vector<std::uint32_t>{1}));
}

TEST(TopK, GivesNothingForNothing) {
  EXPECT_TRUE(TopK({}, 5).empty());
  EXPECT_TRUE(TopK(std::vector<float>{1, 2}, 0).empty());
}

TEST(TopK, EqualsASortOnRandomScoresWithTies) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<float> scores(random.Below(seed % 3 == 0 ? 9000 : 3000));
    const std::uint64_t levels = seed % 2 == 0 ? 20 : 100'000;
    for (auto& score : scores) score = static_cast<float>(random.Below(levels)) - 10;
    const std::size_t k = random.Below(40);

    std::vector<std::uint32_t> expected(scores.size());
    std::iota(expected.begin(), expected.end(), 0);
    std::ranges::stable_sort(expected, [&](auto a, auto b) { return scores[a] > scores[b]; });
    expected.resize(std::min(k, expected.size()));

    EXPECT_EQ(TopK(scores, k), expected);
  }
}

TEST(TopK, TakesAllOfTheFewThatThereAreAmongMany) {
  std::vector<float> scores(10'000, kNever);
  scores[9'999] = -1;
  scores[5'000] = -2;
  EXPECT_EQ(TopK(scores, 25), (std::vector<std::uint32_t>{9'999, 5'000}));
}

TEST(TopK, TakesTheFirstOfEqualsAcrossWholeBlocks) {
  std::vector<float> scores(1000, 1);
  scores[999] = 2;
  scores[31] = kNever;
  EXPECT_EQ(TopK(scores, 34), [] {
    std::vector<std::uint32_t> expected{999};
    for (std::uint32_t i = 0; i < 34; ++i) {
      if (i != 31) expected.push_back(i);
    }
    return expected;
  }());
}

TEST(TopK, GivesTheSameItemsByIndex) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<float> scores(random.Below(100));
    for (auto& score : scores) score = random.Below(10) == 0 ? kNever : static_cast<float>(random.Below(20));
    ItemSet kept(scores.size());
    for (std::size_t i = 0; i < scores.size(); ++i) kept.Set(i, random.Below(2) == 0);
    for (const std::size_t k : {std::size_t{0}, random.Below(100), std::size_t{200}}) {
      for (const ItemSet* filter : {static_cast<const ItemSet*>(nullptr), static_cast<const ItemSet*>(&kept)}) {
        auto expected = TopK(scores, k, filter);
        std::ranges::sort(expected);
        EXPECT_EQ(TopKByIndex(scores, k, filter), expected);
      }
    }
  }
}

TEST(TopK, GivesTheBestOfThoseThatAreKept) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<float> scores(random.Below(300));
    for (auto& score : scores) score = static_cast<float>(random.Below(20));
    ItemSet kept(scores.size());
    const std::uint64_t of_ten = random.Below(11);
    for (std::size_t i = 0; i < scores.size(); ++i) kept.Set(i, random.Below(10) < of_ten);
    const std::size_t k = random.Below(40);

    std::vector<float> masked = scores;
    for (std::size_t i = 0; i < scores.size(); ++i) masked[i] = kept.Has(i) ? scores[i] : kNever;

    EXPECT_EQ(TopK(scores, k, &kept), TopK(masked, k));
  }
}

}  // namespace
}  // namespace attune
