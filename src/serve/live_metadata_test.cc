#include "serve/live_metadata.h"

#include <gtest/gtest.h>

#include "filter/test_group.h"
#include "serve/test_stores.h"

namespace attune {
namespace {

class LiveMetadataTest : public ::testing::Test {
 protected:
  const Schema& schema() const { return *dataset_.schema; }
  EntityPut Put(std::string_view id, std::string_view brand) {
    return TestPut(schema(), id, R"({"brand":")" + std::string(brand) + "\"}");
  }
  /// As the server does it: durable, then visible.
  void Record(const EntityPut& put) { records_.Apply({&put, 1}, stores_.Append(dataset_, put)); }
  Status Refresh() { return records_.Refresh(dataset_, stores_.env(), stores_.log()); }
  std::string Brand(std::string_view id) const {
    const auto table = records_.Current().table;
    if (!table) return "no table";
    const auto row = table->Find(id);
    if (!row) return "no record";
    const auto texts = table->Texts(*row, *schema().FindColumn("BRAND"));
    return texts.empty() ? "null" : std::string(texts[0]);
  }

  TestStores stores_;
  StoredDataset dataset_ = TestDataset("items", TestSchemas()[DatasetType::kItems]);
  LiveMetadata records_;
};

TEST_F(LiveMetadataTest, HoldsNothingBeforeItIsRead) {
  Record(Put("a", "x"));
  EXPECT_EQ(Brand("a"), "no table");
}

TEST_F(LiveMetadataTest, ReadsImportsAndPutsAndThenTakesPuts) {
  stores_.Import(&dataset_, {{"a", "", "one"}, {"b", "", "one"}}, 0);
  Record(Put("b", "two"));
  ASSERT_TRUE(Refresh().ok());

  EXPECT_EQ(Brand("a"), "one");
  EXPECT_EQ(Brand("b"), "two");
  Record(Put("a", "three"));
  EXPECT_EQ(Brand("a"), "three");
  Record(Put("c", "four"));
  EXPECT_EQ(Brand("c"), "four");
  EXPECT_EQ(Brand("d"), "no record");
}

TEST_F(LiveMetadataTest, KeepsTheLaterOfTwoPutsWhateverTheirOrder) {
  ASSERT_TRUE(Refresh().ok());
  const auto first = Put("a", "first");
  const auto second = Put("a", "second");

  records_.Apply({&second, 1}, 12);
  records_.Apply({&first, 1}, 11);

  EXPECT_EQ(Brand("a"), "second");
}

TEST_F(LiveMetadataTest, ReadsAnewWhenAnImportCame) {
  stores_.Import(&dataset_, {{"a", "", "one"}}, 0);
  ASSERT_TRUE(Refresh().ok());
  const auto before = records_.Current();
  EXPECT_TRUE(records_.IsFresh(dataset_));

  dataset_.segments.clear();
  stores_.Import(&dataset_, {{"b", "", "one"}}, 0);
  EXPECT_FALSE(records_.IsFresh(dataset_));
  ASSERT_TRUE(Refresh().ok());

  EXPECT_EQ(Brand("a"), "no record");
  EXPECT_EQ(Brand("b"), "one");
  EXPECT_NE(records_.Current().generation, before.generation);
  EXPECT_GT(records_.Current().version, before.version);
  const auto again = records_.Current();
  ASSERT_TRUE(Refresh().ok());
  EXPECT_EQ(records_.Current().table, again.table);
}

TEST_F(LiveMetadataTest, KeepsWhatItHadWhenReadingFails) {
  stores_.Import(&dataset_, {{"a", "", "one"}}, 0);
  ASSERT_TRUE(Refresh().ok());
  dataset_.segments.push_back({.path = "/missing", .received_ms = 0});

  EXPECT_FALSE(Refresh().ok());
  EXPECT_EQ(Brand("a"), "one");
  Record(Put("a", "two"));
  EXPECT_EQ(Brand("a"), "two");
}

}  // namespace
}  // namespace attune
