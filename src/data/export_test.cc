#include "data/export.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/hash.h"
#include "data/test_segments.h"
#include "storage/fault_sweep.h"
#include "storage/object_store_world.h"

namespace attune {
namespace {

std::string ExportText(const ExportSource& source, ExportMode mode) {
  std::string text;
  const auto summary = ExportCsv(source, mode, [&](std::string_view part) {
    text.append(part);
    return Status();
  });
  EXPECT_TRUE(summary.ok()) << summary.status().ToString();
  EXPECT_EQ(summary->row_count + 1, static_cast<std::uint64_t>(std::ranges::count(text, '\n')));
  return text;
}

Schema SmallItems() {
  return TestSchema("Items",
                    R"({"name":"ITEM_ID","type":"string"},{"name":"TITLE","type":["null","string"]},
                       {"name":"PRICE","type":["null","float"]},{"name":"CREATION_TIMESTAMP","type":["null","long"]})");
}

EntityPut Put(const Schema& schema, const std::string& id, const std::string& properties, std::int64_t received_ms) {
  return *ReadEntityProperties(schema, id, properties, received_ms);
}

TEST(Export, OfNothingIsTheHeader) {
  const Schema schema = TestInteractionsSchema();

  EXPECT_EQ(ExportText({.type = DatasetType::kInteractions, .schema = &schema}, ExportMode::kAll),
            "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,IMPRESSION,DEVICE_TYPE\n");
}

TEST(Export, QuotesWhatNeedsQuotesAndWritesSeconds) {
  MemoryEnv env;
  const Schema schema = SmallItems();
  const std::string csv =
      "ITEM_ID,TITLE,PRICE,CREATION_TIMESTAMP\n"
      "a,\"One, \"\"two\"\"\\\\ three\",1.25,1000000000\n"
      "b,,,\n";
  const auto segment = ImportText(env, schema, csv, 1);

  const std::string text = ExportText({DatasetType::kItems, &schema, {&segment, 1}, {}, {}}, ExportMode::kBulk);

  EXPECT_EQ(text, csv);
}

TEST(Export, WritesRowsThatAgreeInEverythingOnce) {
  MemoryEnv env;
  const Schema schema = SmallItems();
  const std::string head = "ITEM_ID,TITLE,PRICE,CREATION_TIMESTAMP\n";
  const auto segment = ImportText(env, schema, head + "a,x,1,\na,x,1,\na,y,1,\n", 1);

  EXPECT_EQ(ExportText({DatasetType::kItems, &schema, {&segment, 1}, {}, {}}, ExportMode::kBulk),
            head + "a,x,1,\na,y,1,\n");
}

TEST(Export, OfAllItemsHoldsTheNewestOfEachId) {
  MemoryEnv env;
  const Schema schema = SmallItems();
  const std::string head = "ITEM_ID,TITLE,PRICE,CREATION_TIMESTAMP\n";
  const auto segment = ImportText(env, schema, head + "a,bulk,1,\nb,bulk,2,\n", 10);
  const std::vector<EntityPut> puts{Put(schema, "a", R"({"title":"old"})", 5),
                                    Put(schema, "b", R"({"title":"new","creationTimestamp":1000000000})", 11),
                                    Put(schema, "b", R"({"title":"newest"})", 12)};
  const ExportSource source{DatasetType::kItems, &schema, {&segment, 1}, {}, puts};

  EXPECT_EQ(ExportText(source, ExportMode::kAll), head + "a,bulk,1,\nb,newest,,\n");
  EXPECT_EQ(ExportText(source, ExportMode::kPut), head + "a,old,,\nb,new,,1000000000\nb,newest,,\n");
  EXPECT_EQ(ExportText(source, ExportMode::kBulk), head + "a,bulk,1,\nb,bulk,2,\n");
}

TEST(Export, WritesEventsWithTheSchemasColumns) {
  const Schema schema = TestInteractionsSchema();
  Event event{.user_id = "u",
              .session_id = "s",
              .item_id = "i",
              .event_type = "click",
              .timestamp_ms = 1'000'000'000'999,
              .event_value = 0.1F,
              .event_id = "id",
              .impression = {"i", "j"}};
  ASSERT_TRUE(ReadEventProperties(schema, R"({"deviceType":"phone, big"})", &event).ok());
  Event anonymous{.session_id = "s", .item_id = "i", .event_type = "click", .timestamp_ms = 5000};
  const std::vector<Event> events{event, event, anonymous};

  EXPECT_EQ(ExportText({DatasetType::kInteractions, &schema, {}, events, {}}, ExportMode::kPut),
            "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,IMPRESSION,DEVICE_TYPE\n"
            "u,i,1000000000,click,0.1,i|j,\"phone, big\"\n"
            ",i,5,click,,,\n");
}

TEST(Export, EndsWithTheErrorOfItsSink) {
  const Schema schema = SmallItems();

  const auto summary = ExportCsv({.type = DatasetType::kItems, .schema = &schema}, ExportMode::kAll,
                                 [](std::string_view) { return ResourceExhausted("the disk is full"); });

  EXPECT_EQ(summary.status(), ResourceExhausted("the disk is full"));
}

/// As the export job does it: the object appears when all rows are in it.
Status ExportToObject(ObjectStore& store, const ExportSource& source) {
  ATTUNE_TRY(const auto writer, store.BeginPut("b", "out.csv", {}));
  ATTUNE_RETURN_IF_ERROR(ExportCsv(source, ExportMode::kBulk, [&](std::string_view text) {
                           return writer->Append(AsBytes(text));
                         }).status());
  return writer->Commit().status();
}

TEST(Export, ReplacesAnObjectByAWholeOneWhateverTheDiskRefuses) {
  const std::string csv = "ITEM_ID,TITLE,PRICE,CREATION_TIMESTAMP\na,x,1,\nb,y,2,\n";
  SweepFaults([&](MemoryEnv& env, SingleFault& fault) {
    const Schema schema = SmallItems();
    const auto segment = ImportText(env, schema, csv, 1);
    const ExportSource source{DatasetType::kItems, &schema, {&segment, 1}, {}, {}};
    ObjectStoreWorld world(env);
    ASSERT_TRUE(world.store->CreateBucket("b", "r").ok());
    ASSERT_TRUE(world.store->PutObject("b", "out.csv", "old").ok());
    fault.Arm();
    const Status exported = ExportToObject(*world.store, source);
    fault.Heal();

    ASSERT_TRUE(exported.ok() || fault.happened());
    const std::string content = *world.store->ReadObject("b", "out.csv");
    EXPECT_TRUE(content == csv || (!exported.ok() && content == "old")) << content;
    ASSERT_TRUE(ExportToObject(*world.store, source).ok());
    EXPECT_EQ(*world.store->ReadObject("b", "out.csv"), csv);
  });
}

}  // namespace
}  // namespace attune
