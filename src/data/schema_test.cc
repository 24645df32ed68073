#include "data/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace attune {
namespace {

using testing::HasSubstr;

Result<Schema> Parse(std::string_view name, std::string_view fields, Domain domain = Domain::kNone) {
  return Schema::Parse(R"({"type":"record","name":")" + std::string(name) +
                           R"(","namespace":"com.amazonaws.personalize.schema","version":"1.0","fields":[)" +
                           std::string(fields) + "]}",
                       domain);
}

constexpr std::string_view kIds =
    R"({"name":"USER_ID","type":"string"},{"name":"ITEM_ID","type":"string"},{"name":"TIMESTAMP","type":"long"})";

std::string MessageOf(std::string_view name, std::string_view fields, Domain domain = Domain::kNone) {
  const auto schema = Parse(name, fields, domain);
  EXPECT_EQ(schema.status().code(), Code::kInvalidArgument) << fields;
  return schema.status().message();
}

std::string WithIds(std::string_view further) { return std::string(kIds) + "," + std::string(further); }

std::string Fields(std::size_t count, std::string_view definition) {
  std::string fields;
  for (std::size_t i = 0; i < count; ++i) {
    fields += R"(,{"name":"F)" + std::to_string(i) + "\"," + std::string(definition) + "}";
  }
  return fields;
}

TEST(Schema, ReadsTheSchemasOfTheNotebook) {
  const auto interactions = Parse("Interactions", WithIds(R"({"name":"EVENT_TYPE","type":"string"},
                                                             {"name":"IMPRESSION","type":"string"})"));
  const auto items = Parse("Items", R"({"name":"ITEM_ID","type":"string"},
                                       {"name":"GENRES","type":["null","string"],"categorical":true},
                                       {"name":"CREATION_TIMESTAMP","type":"long"})");

  ASSERT_TRUE(interactions.ok()) << interactions.status().ToString();
  EXPECT_EQ(interactions->type(), DatasetType::kInteractions);
  EXPECT_EQ(interactions->fields().size(), 5u);
  EXPECT_EQ(interactions->fields()[4].name, "IMPRESSION");
  ASSERT_TRUE(items.ok()) << items.status().ToString();
  EXPECT_TRUE(items->fields()[1].categorical);
  EXPECT_TRUE(items->fields()[1].nullable);
  EXPECT_FALSE(items->fields()[2].nullable);
}

TEST(Schema, NullMayStandFirstOrLastAndAListMayHoldOneType) {
  const auto schema = Parse("Items", R"({"name":"ITEM_ID","type":["string"]},{"name":"A","type":["null","float"]},
                                        {"name":"B","type":["int","null"]},{"name":"C","type":["double"]})");

  ASSERT_TRUE(schema.ok()) << schema.status().ToString();
  EXPECT_FALSE(schema->fields()[0].nullable);
  EXPECT_TRUE(schema->fields()[1].nullable);
  EXPECT_EQ(schema->fields()[1].type, FieldType::kFloat);
  EXPECT_TRUE(schema->fields()[2].nullable);
  EXPECT_EQ(schema->fields()[2].type, FieldType::kInt);
  EXPECT_FALSE(schema->fields()[3].nullable);
}

TEST(Schema, RefusesWhatIsNotAFlatRecord) {
  EXPECT_THAT(Schema::Parse("{").status().message(), HasSubstr("The schema is"));
  EXPECT_EQ(Schema::Parse("[]").status().message(), "The schema must be a JSON object.");
  EXPECT_EQ(Schema::Parse(R"({"type":"enum","name":"X"})").status().message(), "The schema's type must be 'record'.");
  EXPECT_EQ(Schema::Parse(R"({"type":"record"})").status().message(),
            "The schema must have a name, such as 'Interactions'.");
  EXPECT_EQ(Schema::Parse(R"({"type":"record","name":"X"})").status().message(),
            "The schema must have a list of fields.");
  EXPECT_EQ(Schema::Parse(R"({"type":"record","name":"X","fields":[]})").status().message(),
            "The schema must have a list of fields.");
  EXPECT_EQ(MessageOf("X", "5"), "Each of the schema's fields must be an object with a name and a type.");
  EXPECT_EQ(MessageOf("X", R"({"name":"A","type":{"type":"array","items":"string"}})"),
            "The type of the field A must be a name or a list of names: records are flat.");
  EXPECT_EQ(MessageOf("X", R"({"name":"A","type":["null",{"type":"map"}]})"),
            "The type of the field A may not be nested.");
}

TEST(Schema, TakesVersionOneAsTextOrNumber) {
  const auto with_version = [](std::string_view version) {
    return Schema::Parse(R"({"type":"record","name":"X","fields":[{"name":"A","type":"string"}],"version":)" +
                         std::string(version) + "}");
  };

  EXPECT_TRUE(with_version("\"1.0\"").ok());
  EXPECT_TRUE(with_version("1").ok());
  EXPECT_TRUE(with_version("1.0").ok());
  EXPECT_EQ(with_version("\"2.0\"").status().message(), "The schema's version must be '1.0', not \"2.0\".");
  EXPECT_FALSE(with_version("null").ok());
}

TEST(Schema, RefusesAnotherNamespace) {
  EXPECT_THAT(Schema::Parse(R"({"type":"record","name":"X","namespace":"other","fields":[]})").status().message(),
              HasSubstr("namespace must be 'com.amazonaws.personalize.schema'"));
}

TEST(Schema, NamesTheFieldWhoseTypeIsWrong) {
  EXPECT_EQ(MessageOf("X", R"({"name":"A","type":"text"})"), "The field A has the unknown type 'text'.");
  EXPECT_EQ(MessageOf("X", R"({"name":"A"})"), "The field A has no type.");
  EXPECT_EQ(MessageOf("X", R"({"name":"A","type":["null"]})"), "The field A has no type beside null.");
  EXPECT_EQ(MessageOf("X", R"({"name":"A","type":["int","long"]})"), "The field A has more than one type beside null.");
  EXPECT_EQ(MessageOf("X", R"({"name":"A","type":"int","categorical":true})"),
            "The field A is int; only a string may be categorical, textual or an item name.");
  EXPECT_EQ(MessageOf("X", R"({"name":"A","type":"string","categorical":true,"textual":true})"),
            "The field A may not be both categorical and textual.");
  EXPECT_EQ(MessageOf("X", R"({"name":"A","type":"string","categorical":"yes"})"),
            "'categorical' of the field A must be true or false.");
}

TEST(Schema, RefusesNamesThatCsvCannotTellApart) {
  EXPECT_THAT(MessageOf("X", R"({"name":"GENRES_FIELD_1","type":"string"},{"name":"GENRESFIELD1","type":"string"})"),
              HasSubstr("have the same name"));
  EXPECT_THAT(MessageOf("X", R"({"name":"a","type":"string"},{"name":"A","type":"string"})"),
              HasSubstr("have the same name"));
  EXPECT_EQ(MessageOf("X", R"({"name":"A-B","type":"string"})"),
            "The field name 'A-B' may have letters, digits and underscores only.");
  EXPECT_TRUE(Parse("X", R"({"name":")" + std::string(Schema::kFieldNameBytesMax, 'A') + R"(","type":"string"})").ok());
  EXPECT_THAT(
      MessageOf("X", R"({"name":")" + std::string(Schema::kFieldNameBytesMax + 1, 'A') + R"(","type":"string"})"),
      HasSubstr("has 151 characters; the limit is 150"));
}

TEST(Schema, InteractionsNeedTheirIdsAndTime) {
  EXPECT_EQ(MessageOf("Interactions", R"({"name":"USER_ID","type":"string"},{"name":"ITEM_ID","type":"string"})"),
            "The schema of type INTERACTIONS is missing the required field TIMESTAMP.");
  EXPECT_EQ(MessageOf("Interactions", R"({"name":"USER_ID","type":"long"},{"name":"ITEM_ID","type":"string"},
                                         {"name":"TIMESTAMP","type":"long"})"),
            "The field USER_ID must be of type string, not long.");
  EXPECT_EQ(MessageOf("Interactions", R"({"name":"USER_ID","type":"string"},{"name":"ITEM_ID","type":"string"},
                                         {"name":"TIMESTAMP","type":"int"})"),
            "The field TIMESTAMP must be of type long, not int.");
  EXPECT_EQ(MessageOf("Interactions", R"({"name":"USER_ID","type":["null","string"]},
                                         {"name":"ITEM_ID","type":"string"},{"name":"TIMESTAMP","type":"long"})"),
            "The required field USER_ID may not be null.");
}

TEST(Schema, ReservedFieldsKeepTheirTypesAndAreNotCategorical) {
  EXPECT_EQ(MessageOf("Interactions", WithIds(R"({"name":"EVENT_TYPE","type":"string","categorical":true})")),
            "The field EVENT_TYPE may not be categorical.");
  EXPECT_EQ(MessageOf("Interactions", WithIds(R"({"name":"EVENT_VALUE","type":"string"})")),
            "The field EVENT_VALUE must be of type float, not string.");
  EXPECT_FALSE(Parse("Interactions", WithIds(R"({"name":"IMPRESSION","type":"string","categorical":true})")).ok());
  EXPECT_FALSE(Parse("Items", R"({"name":"ITEM_ID","type":"string"},{"name":"G","type":"string"},
                                 {"name":"CREATION_TIMESTAMP","type":"string"})")
                   .ok());
}

TEST(Schema, MetadataFieldsHaveLimits) {
  const std::string item = R"({"name":"ITEM_ID","type":"string"})";
  const std::string user = R"({"name":"USER_ID","type":"string"})";

  EXPECT_TRUE(Parse("Interactions", std::string(kIds) + Fields(5, R"("type":"int")")).ok());
  EXPECT_EQ(MessageOf("Interactions", std::string(kIds) + Fields(6, R"("type":"int")")),
            "The schema of type INTERACTIONS has 6 metadata fields; there must be 0 to 5.");
  EXPECT_FALSE(Parse("Items", item).ok());
  EXPECT_TRUE(Parse("Items", item + Fields(100, R"("type":"int")")).ok());
  EXPECT_FALSE(Parse("Items", item + Fields(101, R"("type":"int")")).ok());
  EXPECT_FALSE(Parse("Users", user).ok());
  EXPECT_TRUE(Parse("Users", user + Fields(25, R"("type":"int")")).ok());
  EXPECT_FALSE(Parse("Users", user + Fields(26, R"("type":"int")")).ok());
  EXPECT_EQ(MessageOf("Items", item + Fields(2, R"("type":"string","textual":true)")),
            "A schema may have only one textual field.");
}

TEST(Schema, AnUnknownRecordNameIsCheckedAgainWithTheDataset) {
  const auto schema = Parse("MyData", R"({"name":"USER_ID","type":"string"},{"name":"AGE","type":"int"})");

  ASSERT_TRUE(schema.ok());
  EXPECT_EQ(schema->type(), std::nullopt);
  EXPECT_TRUE(schema->CheckFits(DatasetType::kUsers).ok());
  EXPECT_EQ(schema->CheckFits(DatasetType::kItems).message(),
            "The schema of type ITEMS is missing the required field ITEM_ID.");
}

TEST(Schema, AKnownRecordNameFitsItsOwnDatasetAlone) {
  const auto schema = Parse("Users", R"({"name":"USER_ID","type":"string"},{"name":"AGE","type":"int"})");

  EXPECT_TRUE(schema->CheckFits(DatasetType::kUsers).ok());
  EXPECT_EQ(schema->CheckFits(DatasetType::kItems).message(),
            "The schema's record is named Users; a dataset of type ITEMS cannot use it.");
}

TEST(Schema, DomainsRequireMore) {
  const std::string item = R"({"name":"ITEM_ID","type":"string"},)";

  EXPECT_THAT(MessageOf("Interactions", kIds, Domain::kEcommerce), HasSubstr("missing the required field EVENT_TYPE"));
  EXPECT_TRUE(Parse("Interactions", WithIds(R"({"name":"EVENT_TYPE","type":"string"})"), Domain::kEcommerce).ok());
  EXPECT_TRUE(Parse("Items", item + R"({"name":"PRICE","type":"float"},
      {"name":"CATEGORY_L1","type":"string","categorical":true})",
                    Domain::kEcommerce)
                  .ok());
  EXPECT_THAT(MessageOf("Items", item + R"({"name":"PRICE","type":"float"})", Domain::kEcommerce),
              HasSubstr("missing the required field CATEGORY_L1"));
  EXPECT_FALSE(Parse("Items", item + R"({"name":"PRICE","type":"string"},
      {"name":"CATEGORY_L1","type":"string","categorical":true})",
                     Domain::kEcommerce)
                   .ok());
  EXPECT_TRUE(Parse("Items", item + R"({"name":"GENRES_L1","type":"string","categorical":true},
      {"name":"CREATION_TIMESTAMP","type":"long"})",
                    Domain::kVideoOnDemand)
                  .ok());
  EXPECT_THAT(MessageOf("Items", item + R"({"name":"CREATION_TIMESTAMP","type":"long"},{"name":"X","type":"int"})",
                        Domain::kVideoOnDemand),
              HasSubstr("needs a categorical field GENRES"));
  EXPECT_EQ(MessageOf("Items", item + R"({"name":"GENRES","type":"string","categorical":true},
      {"name":"CREATION_TIMESTAMP","type":"long"},{"name":"DURATION","type":"string"})",
                      Domain::kVideoOnDemand),
            "The field DURATION must be of type float, not string.");
}

TEST(Schema, ANewSchemaMayAddNullableFieldsAlone) {
  const std::string item =
      R"({"name":"ITEM_ID","type":"string"},{"name":"A","type":["null","string"],"categorical":true})";
  const auto old_schema = *Parse("Items", item);
  const auto check = [&](std::string_view fields) {
    return old_schema.CheckReplaceableBy(*Parse("Items", fields)).message();
  };

  EXPECT_EQ(check(item + R"(,{"name":"B","type":["int","null"]})"), "");
  EXPECT_EQ(check(item + R"(,{"name":"B","type":"int"})"), "The new field B must allow null.");
  EXPECT_EQ(check(R"({"name":"ITEM_ID","type":"string"},{"name":"B","type":["null","int"]})"),
            "The new schema is missing the field A of the old one.");
  EXPECT_EQ(check(R"({"name":"ITEM_ID","type":"string"},{"name":"A","type":["null","string"]})"),
            "The field A must keep its type and attributes.");
}

TEST(Schema, MayBeReplacedByOneThatBeginsWithItsFieldsAlone) {
  const std::string item = R"({"name":"ITEM_ID","type":"string"})", a = R"(,{"name":"A","type":["null","int"]})",
                    b = R"(,{"name":"B","type":["null","int"]})";
  const auto old_schema = *Parse("Items", item + a);

  EXPECT_TRUE(old_schema.CheckReplaceableBy(*Parse("Items", item + a + b)).ok());
  EXPECT_EQ(
      old_schema.CheckReplaceableBy(*Parse("Items", item + b + a)).message(),
      "The new schema has B where the old one has A: it must begin with the fields of the old one, in their order, "
      "and new ones follow.");
}

TEST(Schema, FindsColumnsAndPropertiesByTheirSpellings) {
  const auto schema = *Parse("Users", R"({"name":"USER_ID","type":"string"},{"name":"NUM_RATINGS","type":"int"})");

  EXPECT_EQ(schema.FindColumn("num_ratings"), 1u);
  EXPECT_EQ(schema.FindColumn("numRatings"), std::nullopt);
  EXPECT_EQ(schema.FindProperty("numRatings"), 1u);
  EXPECT_EQ(schema.FindProperty("NUM_RATINGS"), 1u);
  EXPECT_EQ(schema.FindProperty("ratings"), std::nullopt);
  EXPECT_EQ(PropertyName("NUM_RATINGS"), "numRatings");
  EXPECT_EQ(PropertyName("DEVICE"), "device");
}

}  // namespace
}  // namespace attune
