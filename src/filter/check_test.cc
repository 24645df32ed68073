#include "filter/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "filter/parser.h"
#include "filter/test_group.h"

namespace attune {
namespace {

using ::testing::HasSubstr;

Status Check(std::string_view expression, const FilterSchemas& schemas = TestSchemas()) {
  const auto filter = ParseFilter(expression);
  EXPECT_TRUE(filter.ok()) << filter.status().ToString();
  return filter.ok() ? CheckFilter(*filter, schemas) : filter.status();
}

TEST(CheckFilter, TakesColumnsInAnyCase) {
  EXPECT_TRUE(Check(R"(INCLUDE ItemID WHERE items.genres IN ("a") AND ITEMS.Price > 1 IF currentuser.Age < 3)").ok());
  EXPECT_TRUE(Check(R"(EXCLUDE ItemID WHERE interactions.event_type NOT IN ("a"))").ok());
  EXPECT_TRUE(Check(R"(EXCLUDE ItemID WHERE Items.ITEM_ID IN ("a") AND Items.YEAR IN (1, 2))").ok());
  EXPECT_TRUE(Check(R"(EXCLUDE UserID WHERE Users.MEMBERSHIP IN ("gold") OR Users.AGE != 3)").ok());
  EXPECT_TRUE(
      Check(R"(INCLUDE ItemID WHERE Items.PRICE < CurrentItem.YEAR AND Items.BRAND IN CurrentItem.GENRES)").ok());
}

TEST(CheckFilter, NamesWhatDoesNotFitTheSchemas) {
  const auto message = [](std::string_view expression) { return Check(expression).message(); };

  EXPECT_EQ(message("INCLUDE ItemID WHERE Items.COLOUR IN (\"a\")"),
            "Invalid Expression: Items.COLOUR at position 22 is not a column of the dataset's schema; there are "
            "ITEM_ID, GENRES, BRAND, PRICE, YEAR, ON_SALE, DESCRIPTION, CREATION_TIMESTAMP.");
  EXPECT_THAT(message("INCLUDE ItemID WHERE Items.ON_SALE IN (\"true\")"), HasSubstr("is a boolean column"));
  EXPECT_THAT(message("INCLUDE ItemID WHERE Items.DESCRIPTION IN (\"a\")"), HasSubstr("is a textual column"));
  EXPECT_THAT(message("INCLUDE ItemID WHERE Items.GENRES > 1"), HasSubstr("comparisons are for numbers"));
  EXPECT_THAT(message("INCLUDE ItemID WHERE Items.GENRES IN (1)"),
              HasSubstr("1 at position 39 should stand in quotes"));
  EXPECT_THAT(message("INCLUDE ItemID WHERE Items.PRICE IN (\"x\")"), HasSubstr("\"x\" at position 38 should be a"));
  EXPECT_THAT(message("INCLUDE ItemID WHERE Items.GENRES IN (\"*\")"), HasSubstr("cannot take *"));
  EXPECT_THAT(message("INCLUDE ItemID WHERE Interactions.ITEM_ID IN (\"x\")"), HasSubstr("EVENT_TYPE is the only"));
  EXPECT_THAT(message("INCLUDE ItemID WHERE Items.PRICE < CurrentItem.GENRES"), HasSubstr("CurrentItem.GENRES"));
  EXPECT_THAT(message("INCLUDE ItemID WHERE Items.PRICE < CurrentItem.X"), HasSubstr("CurrentItem.X at position 36"));
  EXPECT_THAT(message("INCLUDE ItemID WHERE Items.PRICE < 1 IF CurrentUser.X = 1"), HasSubstr("CurrentUser.X"));
  EXPECT_THAT(message("INCLUDE ActionID WHERE Actions.REPEAT_FREQUENCY = 1"), HasSubstr("cannot be filtered by"));
  EXPECT_THAT(message("INCLUDE ActionID WHERE Actions.ACTION_EXPIRATION_TIMESTAMP = 1"), HasSubstr("cannot be filter"));
}

TEST(CheckFilter, NeedsTheDatasets) {
  FilterSchemas schemas = TestSchemas();
  schemas.erase(DatasetType::kUsers);
  schemas.erase(DatasetType::kActionInteractions);

  EXPECT_THAT(Check("INCLUDE ItemID WHERE Items.PRICE < 1 IF CurrentUser.AGE = 1", schemas).message(),
              HasSubstr("names a dataset that the dataset group does not have: USERS."));
  EXPECT_FALSE(Check("INCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN (\"Taken\")", schemas).ok());
  EXPECT_TRUE(Check("INCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN (\"Taken\")").ok());
}

TEST(CheckFilter, TakesTenDistinctColumns) {
  std::string schema = R"({"type":"record","name":"Items","namespace":"com.amazonaws.personalize.schema","fields":[
      {"name":"ITEM_ID","type":"string"})";
  std::string expression = "INCLUDE ItemID WHERE Items.C0 = 0";
  for (int i = 0; i < 11; ++i) {
    schema += R"(,{"name":"C)" + std::to_string(i) + R"(","type":"int"})";
    if (i > 0 && i < 10) expression += " OR Items.c" + std::to_string(i) + " = 1 OR Items.C0 = 2";
  }
  auto parsed = Schema::Parse(schema + "],\"version\":\"1.0\"}");
  ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
  const FilterSchemas schemas{{DatasetType::kItems, std::make_shared<const Schema>(*std::move(parsed))}};

  EXPECT_TRUE(Check(expression, schemas).ok());
  EXPECT_EQ(Check(expression + " OR Items.C10 = 1", schemas).message(),
            "The filter reads 11 distinct columns; the limit is 10.");
}

TEST(FieldsOf, CountsAColumnOnceWhereverItStands) {
  const auto filter = ParseFilter(
      R"(INCLUDE ItemID WHERE Items.PRICE < CurrentItem.price AND Items.Genres IN ("a") IF CurrentUser.AGE = 1)");
  ASSERT_TRUE(filter.ok());
  EXPECT_THAT(FieldsOf(*filter), ::testing::ElementsAre("ITEMS.GENRES", "ITEMS.PRICE", "USERS.AGE"));
}

}  // namespace
}  // namespace attune
