#include "data/put_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/random.h"
#include "data/test_segments.h"

namespace attune {
namespace {

using testing::ElementsAre;
using testing::Pair;

Event FullEvent() {
  return {
      .user_id = "u",
      .session_id = "s",
      .item_id = "i",
      .event_type = "click",
      .timestamp_ms = 1'600'000'000'123,
      .event_value = 2.5F,
      .event_id = "e",
      .recommendation_id = "r",
      .attribution_source = "a",
      .impression = {"i", "j"},
      .columns = {{6, Value(std::string("phone"))}, {7, Value(std::int64_t{5})}, {8, Value(1.5)}, {9, Value(true)}}};
}

Status PropertiesStatus(std::string_view properties) {
  Event event;
  return ReadEventProperties(TestInteractionsSchema(), properties, &event);
}

TEST(PutRecord, AnEventSurvivesEncoding) {
  const Event event = FullEvent();

  const auto decoded = DecodeEvent(EncodeEvent(event));

  ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
  EXPECT_EQ(EncodeEvent(*decoded), EncodeEvent(event));
  EXPECT_EQ(decoded->user_id, "u");
  EXPECT_EQ(decoded->timestamp_ms, 1'600'000'000'123);
  EXPECT_EQ(decoded->event_value, 2.5F);
  EXPECT_THAT(decoded->impression, ElementsAre("i", "j"));
  EXPECT_EQ(decoded->columns, event.columns);
  EXPECT_EQ(DecodeEvent(EncodeEvent({}))->event_value, std::nullopt);
}

TEST(PutRecord, AnItemSurvivesEncoding) {
  const EntityPut put{
      .id = "i", .received_ms = 7, .values = {Value(std::string("i")), Value(), Value(2.5), Value(false)}};

  const auto decoded = DecodeEntityPut(EncodeEntityPut(put));

  ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
  EXPECT_EQ(decoded->id, "i");
  EXPECT_EQ(decoded->received_ms, 7);
  EXPECT_EQ(decoded->values, put.values);
}

TEST(PutRecord, BytesThatWereNotEncodedAreCorrupt) {
  const std::string event = EncodeEvent(FullEvent());
  for (std::size_t size = 0; size < event.size(); ++size) {
    EXPECT_EQ(DecodeEvent(std::string_view(event).substr(0, size)).status().code(), Code::kCorrupt) << size;
  }
  EXPECT_EQ(DecodeEvent(event + "x").status().code(), Code::kCorrupt);
  EXPECT_EQ(DecodeEntityPut(event).status().code(), Code::kCorrupt);
  EXPECT_EQ(DecodeEvent(EncodeEntityPut({})).status().code(), Code::kCorrupt);
  Random random(3);
  for (int round = 0; round < 20'000; ++round) {
    std::string changed = event;
    changed[random.Below(changed.size())] = static_cast<char>(random.Below(256));
    const auto decoded = DecodeEvent(changed);
    EXPECT_TRUE(!decoded.ok() || DecodeEvent(EncodeEvent(*decoded)).ok());
  }
}

TEST(PutRecord, PropertiesMayCarryItemValueAndFurtherColumns) {
  Event event;

  const Status status = ReadEventProperties(
      TestInteractionsSchema(), R"({"itemId":"x","eventValue":"4.5","deviceType":"phone|tv","unknown":[1]})", &event);

  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(event.item_id, "x");
  EXPECT_EQ(event.event_value, 4.5F);
  EXPECT_THAT(event.columns, ElementsAre(Pair(6u, Value(std::string("phone|tv")))));
}

TEST(PutRecord, WhatTheEventSaysItselfWinsOverItsProperties) {
  Event event{.item_id = "own", .event_value = 1.0F};

  ASSERT_TRUE(ReadEventProperties(TestInteractionsSchema(), R"({"itemId":5,"eventValue":4})", &event).ok());

  EXPECT_EQ(event.item_id, "own");
  EXPECT_EQ(event.event_value, 1.0F);
}

TEST(PutRecord, TakesKeysInAnySpellingAndNumbersAsText) {
  for (const std::string_view properties :
       {R"({"deviceType":7})", R"({"DEVICE_TYPE":"7"})", R"({"devicetype":7})", R"({"device_type":"7"})"}) {
    Event event;
    ASSERT_TRUE(ReadEventProperties(TestInteractionsSchema(), properties, &event).ok());
    EXPECT_THAT(event.columns, ElementsAre(Pair(6u, Value(std::string("7"))))) << properties;
  }
}

TEST(PutRecord, RefusesPropertiesThatAreNotAnObject) {
  EXPECT_TRUE(PropertiesStatus("").ok());
  EXPECT_TRUE(PropertiesStatus("{}").ok());
  EXPECT_EQ(PropertiesStatus("[]").message(), "Error parsing properties json: it is not an object.");
  EXPECT_EQ(PropertiesStatus(R"("{\"itemId\":\"x\"}")").message(),
            "Error parsing properties json: it is not an object.");
  EXPECT_THAT(PropertiesStatus("{").message(), testing::StartsWith("Error parsing properties json: it is "));
}

TEST(PutRecord, RefusesTheKeysThatMayNotStandThere) {
  for (const std::string key :
       {"userId", "sessionId", "eventType", "timestamp", "recommendationId", "impression", "USER_ID", "Session_Id"}) {
    EXPECT_EQ(PropertiesStatus("{\"" + key + "\":\"x\"}").message(),
              "The properties may not hold the key '" + key + "'.");
  }
}

TEST(PutRecord, NamesThePropertyAndWhatItMustBe) {
  EXPECT_EQ(PropertiesStatus(R"({"eventValue":"much"})").message(),
            "The property eventValue must be a number, not \"much\".");
  EXPECT_EQ(PropertiesStatus(R"({"deviceType":{"a":1}})").message(),
            "The property deviceType must be a string, not a list or an object.");
  EXPECT_EQ(PropertiesStatus(R"({"itemId":true})").message(), "The property itemId must be a string.");
  EXPECT_TRUE(PropertiesStatus(R"({"itemId":")" + std::string(256, 'x') + "\"}").ok());
  EXPECT_EQ(PropertiesStatus(R"({"itemId":")" + std::string(257, 'x') + "\"}").message(),
            "The property itemId has 257 characters; there must be 1 to 256.");
  EXPECT_TRUE(PropertiesStatus(R"({"deviceType":")" + std::string(1000, 'x') + "\"}").ok());
  EXPECT_EQ(PropertiesStatus(R"({"deviceType":")" + std::string(1001, 'x') + "\"}").message(),
            "The property deviceType has 1001 characters; the limit is 1000.");
}

TEST(PutRecord, ARequiredColumnMayNotBeMissingButImpressionMay) {
  const Schema schema = TestSchema("Interactions", R"({"name":"USER_ID","type":"string"},
      {"name":"ITEM_ID","type":"string"},{"name":"TIMESTAMP","type":"long"},{"name":"EVENT_TYPE","type":"string"},
      {"name":"IMPRESSION","type":"string"},{"name":"DEVICE","type":"string"})");
  Event event;

  EXPECT_TRUE(ReadEventProperties(schema, R"({"device":"tv"})", &event).ok());
  EXPECT_EQ(ReadEventProperties(schema, "{}", &event).message(),
            "The properties lack device, which the schema requires.");
  EXPECT_FALSE(ReadEventProperties(schema, R"({"device":null})", &event).ok());
}

TEST(PutRecord, ReadsAnItemWithTypedValues) {
  const auto put = ReadEntityProperties(
      TestItemsSchema(), "x",
      R"({"genres":"A|B","PRICE":"1.5","year":1999.0,"onSale":true,"brand":12,"description":"<i>a</i>  b","creationTimestamp":1000000000})",
      5);

  ASSERT_TRUE(put.ok()) << put.status().ToString();
  EXPECT_THAT(put->values, ElementsAre(Value(std::string("x")), Value(std::string("A|B")), Value(1.5),
                                       Value(std::int64_t{1999}), Value(true), Value(std::string("12")),
                                       Value(std::string("a b")), Value(std::int64_t{1'000'000'000'000})));
  EXPECT_EQ(put->received_ms, 5);
}

TEST(PutRecord, AnEmptyStringIsNullWhereNullMayStand) {
  const auto put = ReadEntityProperties(TestItemsSchema(), "x", R"({"genres":"","price":"","year":null})", 5);

  ASSERT_TRUE(put.ok()) << put.status().ToString();
  for (std::size_t column = 1; column < put->values.size(); ++column) EXPECT_EQ(put->values[column], Value());
}

TEST(PutRecord, AnItemNeedsItsRequiredColumns) {
  const Schema schema = TestSchema("Items", R"({"name":"ITEM_ID","type":"string"},{"name":"YEAR","type":"int"})");

  EXPECT_EQ(ReadEntityProperties(schema, "x", "{}", 1).status().message(),
            "The properties of 'x' lack year, which the schema requires.");
  EXPECT_EQ(ReadEntityProperties(schema, "x", R"({"year":2147483648})", 1).status().message(),
            "The property year is 2147483648; the limit is 2147483647.");
  EXPECT_TRUE(ReadEntityProperties(schema, "x", R"({"year":"2147483647","itemId":"other"})", 1).ok());
}

}  // namespace
}  // namespace attune
