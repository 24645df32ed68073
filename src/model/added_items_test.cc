#include "model/added_items.h"

#include <gtest/gtest.h>

#include <string>

namespace attune {
namespace {

std::shared_ptr<const AddedItem> Item(std::string id, std::int64_t created_ms = 0) {
  return std::make_shared<const AddedItem>(AddedItem{.id = std::move(id), .created_ms = created_ms});
}

TEST(AddedItems, FindsWhatWasAddedOverManyParts) {
  AddedItems items;
  for (int i = 0; i < 1000; ++i) items.Add(Item("i" + std::to_string(i)));

  ASSERT_EQ(items.size(), 1000u);
  for (std::uint32_t i = 0; i < 1000; ++i) {
    EXPECT_EQ(items[i].id, "i" + std::to_string(i));
    EXPECT_EQ(items.Find("i" + std::to_string(i)), i);
  }
  EXPECT_EQ(items.Find("i1000"), std::nullopt);
  EXPECT_EQ(AddedItems().Find("i1"), std::nullopt);
}

TEST(AddedItems, ACopyChangesNothingOfWhatItWasCopiedFrom) {
  AddedItems first;
  for (int i = 0; i < 300; ++i) first.Add(Item("i" + std::to_string(i)));

  AddedItems second(first);
  second.Replace(299, Item("i299", 7));
  second.Replace(0, Item("i0", 8));
  for (int i = 300; i < 600; ++i) second.Add(Item("i" + std::to_string(i)));

  EXPECT_EQ(first.size(), 300u);
  EXPECT_EQ(first[299].created_ms, 0);
  EXPECT_EQ(first[0].created_ms, 0);
  EXPECT_EQ(first.Find("i300"), std::nullopt);
  EXPECT_EQ(second[299].created_ms, 7);
  EXPECT_EQ(second[0].created_ms, 8);
  EXPECT_EQ(second.Find("i599"), 599u);
  EXPECT_EQ(second.Find("i1"), 1u);
}

}  // namespace
}  // namespace attune
