#include "data/vocabulary.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "base/random.h"

namespace attune {
namespace {

TEST(Vocabulary, NumbersIdsByFirstSight) {
  Vocabulary ids;

  EXPECT_EQ(ids.Add("b"), 0u);
  EXPECT_EQ(ids.Add("a"), 1u);
  EXPECT_EQ(ids.Add("b"), 0u);
  EXPECT_EQ(ids.Add(""), 2u);
  EXPECT_EQ(ids.size(), 3u);
  EXPECT_EQ(ids.id(1), "a");
  EXPECT_EQ(ids.Find(""), 2u);
  EXPECT_EQ(ids.Find("c"), std::nullopt);
}

TEST(Vocabulary, FindsNothingWhileItIsEmpty) { EXPECT_EQ(Vocabulary().Find("a"), std::nullopt); }

TEST(Vocabulary, AgreesWithAMapOverManyIdsOfEveryLength) {
  Random random(5);
  std::vector<std::string> met;
  Vocabulary ids;
  for (int i = 0; i < 20'000; ++i) {
    std::string id = std::to_string(random.Below(15'000));
    id.resize(id.size() + random.Below(300), 'x');
    const std::size_t size = ids.size();
    const std::uint32_t index = ids.Add(id);
    if (index == size) met.push_back(id);
    ASSERT_EQ(met[index], id);
  }
  for (std::uint32_t index = 0; index < met.size(); ++index) {
    EXPECT_EQ(ids.Find(met[index]), index);
    EXPECT_EQ(ids.id(index), met[index]);
  }
}

TEST(Vocabulary, ViewsOutliveGrowthAndMoves) {
  Vocabulary ids;
  ids.Add("first");
  const std::string_view first = ids.id(0);
  for (int i = 0; i < 10'000; ++i) ids.Add(std::to_string(i));

  const Vocabulary moved = std::move(ids);

  EXPECT_EQ(moved.id(0).data(), first.data());
  EXPECT_EQ(first, "first");
  EXPECT_EQ(moved.Find("9999"), 10'000u);
}

TEST(Vocabulary, ACopyStandsForItself) {
  auto ids = std::make_unique<Vocabulary>();
  ids->Add("a");
  Vocabulary copy = *ids;
  ids.reset();

  EXPECT_EQ(copy.Find("a"), 0u);
  EXPECT_EQ(copy.Add("b"), 1u);
}

}  // namespace
}  // namespace attune
