#include "model/replaced_items.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace attune {
namespace {

std::shared_ptr<const AddedItem> Made(const std::string& id) {
  auto item = std::make_shared<AddedItem>();
  item->id = id;
  return item;
}

std::vector<std::uint32_t> ItemsOf(const ReplacedItems& items) {
  std::vector<std::uint32_t> found;
  items.ForEach([&](std::uint32_t item, const AddedItem& replacement) {
    EXPECT_EQ(&replacement, items.Find(item));
    found.push_back(item);
  });
  return found;
}

TEST(ReplacedItems, AreFoundAndVisitedInOrderWhateverTheOrderTheyCameIn) {
  ReplacedItems items;
  for (const std::uint32_t item : {700u, 3u, 255u, 256u, 0u, 3u}) items.Set(item, Made(std::to_string(item)));

  EXPECT_EQ(items.size(), 5u);
  EXPECT_THAT(ItemsOf(items), testing::ElementsAre(0, 3, 255, 256, 700));
  EXPECT_EQ(items.Find(255)->id, "255");
  EXPECT_EQ(items.Find(254), nullptr);
  EXPECT_EQ(items.Find(400), nullptr) << "a part that holds nothing";
  EXPECT_EQ(items.Find(100'000), nullptr) << "past the end";
}

TEST(ReplacedItems, ACopyChangesNothingOfWhatItWasCopiedFrom) {
  ReplacedItems first;
  first.Set(5, Made("old"));
  ReplacedItems second = first;
  second.Set(5, Made("new"));
  second.Set(6, Made("more"));

  EXPECT_EQ(first.Find(5)->id, "old");
  EXPECT_EQ(first.Find(6), nullptr);
  EXPECT_EQ(second.Find(5)->id, "new");
  EXPECT_EQ(first.size(), 1u);
  EXPECT_EQ(second.size(), 2u);
}

}  // namespace
}  // namespace attune
