#include "data/metadata_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/test_segments.h"

namespace attune {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t kGenres = 1;
constexpr std::size_t kPrice = 2;
constexpr std::size_t kYear = 3;
constexpr std::size_t kOnSale = 4;
constexpr std::size_t kBrand = 5;
constexpr std::size_t kCreated = 7;

EntityPut Put(const std::string& id, const std::string& properties, std::int64_t received_ms) {
  auto put = ReadEntityProperties(TestItemsSchema(), id, properties, received_ms);
  EXPECT_TRUE(put.ok()) << put.status().ToString();
  return *std::move(put);
}

constexpr char kCsv[] =
    "ITEM_ID,GENRES,PRICE,YEAR,ON_SALE,BRAND,DESCRIPTION,CREATION_TIMESTAMP\n"
    "a,Drama|War,1.5,1999,true,acme|co,Long text,1000000000\n"
    "b,,,,,,,\n"
    "a,Comedy,2.5,2001,false,acme,Other,1000000001\n";

TEST(MetadataTable, HoldsTheLaterRowOfAnIdWithTypedValues) {
  MemoryEnv env;
  const auto segment = ImportText(env, TestItemsSchema(), kCsv, 10);

  const auto table = MetadataTable::Build(TestItemsSchema(), "ITEM_ID", {&segment, 1}, {});

  ASSERT_EQ(table->size(), 2u);
  const auto a = table->Find("a");
  ASSERT_TRUE(a.has_value());
  EXPECT_EQ(table->Id(*a), "a");
  EXPECT_THAT(table->Texts(*a, kGenres), ElementsAre("Comedy"));
  EXPECT_EQ(table->Number(*a, kPrice), 2.5);
  EXPECT_EQ(table->Number(*a, kYear), 2001.0);
  EXPECT_EQ(table->Cell(*a, kOnSale), Value(false));
  EXPECT_EQ(table->Cell(*a, kCreated), Value(std::int64_t{1'000'000'001'000}));
  EXPECT_FALSE(table->Find("c").has_value());
}

TEST(MetadataTable, SplitsCategoriesButNotPlainStrings) {
  MemoryEnv env;
  const auto segment =
      ImportText(env, TestItemsSchema(), std::string(kCsv).substr(0, std::string(kCsv).rfind("a,Comedy")), 10);

  const auto table = MetadataTable::Build(TestItemsSchema(), "ITEM_ID", {&segment, 1}, {});

  EXPECT_THAT(table->Texts(0, kGenres), ElementsAre("Drama", "War"));
  EXPECT_EQ(table->Cell(0, kGenres), Value(std::string("Drama|War")));
  EXPECT_THAT(table->Texts(0, kBrand), ElementsAre("acme|co"));
  EXPECT_THAT(table->Texts(1, kGenres), IsEmpty());
  EXPECT_EQ(table->Number(1, kPrice), std::nullopt);
  EXPECT_EQ(table->Cell(1, kOnSale), Value());
}

TEST(MetadataTable, TheNewerOfImportAndPutWinsWholly) {
  MemoryEnv env;
  const auto segment = ImportText(env, TestItemsSchema(), kCsv, 10);
  const EntityPut older = Put("a", R"({"genres":"Old","price":9})", 9);
  const EntityPut newer = Put("b", R"({"genres":"New|Newest"})", 11);
  const std::vector<EntityPut> puts{older, newer};

  const auto table = MetadataTable::Build(TestItemsSchema(), "ITEM_ID", {&segment, 1}, puts);

  EXPECT_THAT(table->Texts(*table->Find("a"), kGenres), ElementsAre("Comedy"));
  EXPECT_THAT(table->Texts(*table->Find("b"), kGenres), ElementsAre("New", "Newest"));
  EXPECT_EQ(table->Number(*table->Find("b"), kPrice), std::nullopt);
}

TEST(MetadataTable, APutMakesANewTableAndLeavesTheOldOneAsItWas) {
  MemoryEnv env;
  const auto segment = ImportText(env, TestItemsSchema(), kCsv, 10);
  const auto before = MetadataTable::Build(TestItemsSchema(), "ITEM_ID", {&segment, 1}, {});
  const std::vector<EntityPut> puts{Put("c", R"({"price":"3.5","onSale":"true"})", 11), Put("a", "{}", 12),
                                    Put("c", R"({"price":4})", 13)};

  const auto after = before->With(puts);

  EXPECT_EQ(before->size(), 2u);
  EXPECT_FALSE(before->Find("c").has_value());
  EXPECT_THAT(before->Texts(*before->Find("a"), kGenres), ElementsAre("Comedy"));
  ASSERT_EQ(after->size(), 3u);
  EXPECT_EQ(after->Find("a"), before->Find("a"));
  EXPECT_THAT(after->Texts(*after->Find("a"), kGenres), IsEmpty());
  EXPECT_EQ(after->Number(*after->Find("c"), kPrice), 4.0);
  EXPECT_EQ(after->Cell(*after->Find("c"), kOnSale), Value());
  EXPECT_EQ(after->Id(2), "c");
}

TEST(MetadataTable, SharesTheChunksThatAPutDoesNotTouch) {
  std::vector<EntityPut> puts;
  for (std::size_t i = 0; i < 2 * MetadataTable::kChunkRows + 1; ++i) {
    puts.push_back(Put("item" + std::to_string(i), R"({"year":)" + std::to_string(i) + "}", 1));
  }
  const auto before = MetadataTable::Build(TestItemsSchema(), "ITEM_ID", {}, puts);
  const std::vector<EntityPut> change{Put("item1500", R"({"year":1})", 2), Put("new", R"({"year":7})", 2)};

  const auto after = before->With(change);

  ASSERT_EQ(after->chunk_count(), 3u);
  EXPECT_EQ(after->ChunkStamp(0), before->ChunkStamp(0));
  EXPECT_NE(after->ChunkStamp(1), before->ChunkStamp(1));
  EXPECT_NE(after->ChunkStamp(2), before->ChunkStamp(2));
  EXPECT_EQ(after->RowsOfChunk(2), 2u);
  EXPECT_EQ(after->Number(1500, kYear), 1.0);
  EXPECT_EQ(after->Number(1501, kYear), 1501.0);
  EXPECT_EQ(after->Number(*after->Find("new"), kYear), 7.0);
  EXPECT_EQ(after->Column(1, kYear).integers[1500 - MetadataTable::kChunkRows], 1);
}

TEST(MetadataTable, GrowsFromNothingOverSeveralChunksInOnePut) {
  std::vector<EntityPut> puts;
  for (std::size_t i = 0; i < MetadataTable::kChunkRows + 5; ++i) puts.push_back(Put("i" + std::to_string(i), "{}", 1));

  const auto table = MetadataTable::Empty(TestItemsSchema())->With(puts);

  EXPECT_EQ(table->size(), MetadataTable::kChunkRows + 5);
  EXPECT_EQ(table->chunk_count(), 2u);
  EXPECT_EQ(table->RowsOfChunk(0), MetadataTable::kChunkRows);
  EXPECT_EQ(table->Id(MetadataTable::kChunkRows), "i1024");
}

TEST(MetadataTable, GivesNullsForColumnsThatAnOlderImportDidNotHave) {
  MemoryEnv env;
  const auto old_schema = TestSchema(
      "Items", R"({"name":"ITEM_ID","type":"string"},{"name":"GENRES","type":["null","string"],"categorical":true})");
  const auto segment = ImportText(env, old_schema, "ITEM_ID,GENRES\na,War\n", 10);

  const auto table = MetadataTable::Build(TestItemsSchema(), "ITEM_ID", {&segment, 1}, {});

  EXPECT_THAT(table->Texts(0, kGenres), ElementsAre("War"));
  EXPECT_EQ(table->Number(0, kPrice), std::nullopt);
  EXPECT_EQ(table->Cell(0, kBrand), Value());
}

}  // namespace
}  // namespace attune
