#include "data/csv_tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/memory_env.h"

namespace attune {
namespace {

using testing::HasSubstr;

Result<Schema> Infer(DatasetType type, std::string_view csv) {
  CsvReader reader(std::make_unique<StringSource>(csv));
  return InferSchema(type, reader);
}

const Field& FieldOf(const Schema& schema, std::string_view name) {
  return schema.fields()[schema.FindColumn(name).value()];
}

void WriteFile(Env& env, const std::string& path, std::string_view text) {
  const auto file = *env.Create(path);
  ASSERT_TRUE(file->Append(std::as_bytes(std::span(text.data(), text.size()))).ok());
  ASSERT_TRUE(file->Close().ok());
}

TEST(InferSchema, TellsNumbersCategoriesAndTextApart) {
  const auto schema = Infer(DatasetType::kItems,
                            "item_id,GENRES,YEAR,TITLE,PLOT,CREATION_TIMESTAMP,EMPTY,SIZE\n"
                            "1,Drama|War,1999,The End,one two three four five six seven,900000000,,3\n"
                            "2,,,Once,a b c d e f g h,900000001,,large\n");
  ASSERT_TRUE(schema.ok()) << schema.status().ToString();
  EXPECT_TRUE(FieldOf(*schema, "GENRES").categorical);
  EXPECT_EQ(FieldOf(*schema, "YEAR").type, FieldType::kFloat);
  EXPECT_TRUE(FieldOf(*schema, "TITLE").textual);
  EXPECT_TRUE(FieldOf(*schema, "PLOT").categorical) << "a schema has one text at most";
  EXPECT_EQ(FieldOf(*schema, "CREATION_TIMESTAMP").type, FieldType::kLong);
  EXPECT_FALSE(schema->FindColumn("EMPTY").has_value());
  EXPECT_TRUE(FieldOf(*schema, "SIZE").categorical) << "not all cells are numbers";
}

TEST(InferSchema, KnowsTheColumnsOfInteractions) {
  const auto schema = Infer(DatasetType::kInteractions,
                            "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,IMPRESSION,DEVICE,not a name\n"
                            "7,8,1,view,2.5,8|9,phone,x\n");
  ASSERT_TRUE(schema.ok()) << schema.status().ToString();
  EXPECT_EQ(FieldOf(*schema, "USER_ID").type, FieldType::kString) << "ids that look like numbers stay ids";
  EXPECT_EQ(FieldOf(*schema, "TIMESTAMP").type, FieldType::kLong);
  EXPECT_EQ(FieldOf(*schema, "EVENT_VALUE").type, FieldType::kFloat);
  EXPECT_TRUE(FieldOf(*schema, "DEVICE").categorical);
  EXPECT_EQ(schema->fields().size(), 7u);
}

TEST(InferSchema, SaysWhatIsMissing) {
  EXPECT_THAT(Infer(DatasetType::kInteractions, "USER_ID,ITEM_ID\n").status().message(), HasSubstr("TIMESTAMP"));
  EXPECT_THAT(Infer(DatasetType::kItems, "GENRES\n").status().message(), HasSubstr("ITEM_ID"));
}

TEST(ReadCsvTables, GivesWhatAServiceWouldTrainOn) {
  MemoryEnv env;
  ASSERT_TRUE(env.CreateDirectories("/t").ok());
  std::string interactions = "USER_ID,ITEM_ID,TIMESTAMP\n";
  for (int i = 0; i < 1200; ++i) {
    interactions += "u" + std::to_string(i % 60) + ",i" + std::to_string(i % 7) + "," + std::to_string(5000 - i) + "\n";
  }
  WriteFile(env, "/i.csv", interactions);
  WriteFile(env, "/items.csv", "ITEM_ID,COLOUR\ni1,red\nnever-taken,blue\n");
  const auto data = ReadCsvTables(env, {.interactions = "/i.csv", .items = "/items.csv", .users = ""}, "/t");
  ASSERT_TRUE(data.ok()) << data.status().ToString();
  EXPECT_EQ(data->users.size(), 60u);
  EXPECT_EQ(data->items.size(), 8u);
  EXPECT_EQ(data->interactions.size(), 1200u);
  EXPECT_TRUE(std::ranges::is_sorted(data->interactions.Times(0)));
  ASSERT_EQ(data->item_attributes.categorical.size(), 1u);
  EXPECT_TRUE(env.List("/t")->empty()) << "nothing is left in the temporary folder";
}

TEST(ReadCsvTables, NamesTheFileThatIsWrong) {
  MemoryEnv env;
  ASSERT_TRUE(env.CreateDirectories("/t").ok());
  WriteFile(env, "/i.csv", "USER_ID,ITEM\n");
  const auto data = ReadCsvTables(env, {.interactions = "/i.csv", .items = "", .users = ""}, "/t");
  EXPECT_THAT(data.status().message(), testing::AllOf(HasSubstr("/i.csv"), HasSubstr("ITEM_ID")));
  EXPECT_EQ(ReadCsvTables(env, {.interactions = "/none.csv", .items = "", .users = ""}, "/t").status().code(),
            Code::kNotFound);
}

}  // namespace
}  // namespace attune
