#include "base/json.h"

#include <gtest/gtest.h>

namespace attune {
namespace {

TEST(JsonWriter, WritesNestedValuesWithCommasAndEscapes) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject();
  json.Key("a\"b");
  json.BeginArray();
  json.Int(-1);
  json.Double(0.1);
  json.Float(0.1f);
  json.Bool(true);
  json.Null();
  json.EndArray();
  json.Key("t");
  json.Fixed(1542392161.837, 3);
  json.Key("s");
  json.String("x\n\x01\xc3\xa9");
  json.EndObject();

  EXPECT_EQ(out, "{\"a\\\"b\":[-1,0.1,0.1,true,null],\"t\":1542392161.837,\"s\":\"x\\n\\u0001\xc3\xa9\"}");
}

TEST(JsonDocument, RefusesWhatNestsTooDeep) {
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  const auto document = JsonDocument::Parse(deep);
  ASSERT_FALSE(document.ok());
  EXPECT_EQ(document.status().ToString(), "InvalidArgument: JSON that nests deeper than 63 levels");
}

TEST(JsonDocument, AcceptsTheDeepestNestingAllowed) {
  const std::size_t depth = JsonDocument::kDepthMax - 1;
  EXPECT_TRUE(JsonDocument::Parse(std::string(depth, '[') + std::string(depth, ']')).ok());
}

TEST(JsonDocument, RefusesTextAfterTheValue) { EXPECT_FALSE(JsonDocument::Parse("{} {}").ok()); }

TEST(JsonParser, ParsesAgainAndAgain) {
  JsonParser parser;
  EXPECT_TRUE(parser.Parse("{\"a\":1}").ok());
  EXPECT_FALSE(parser.Parse("{").ok());
  const auto root = parser.Parse("{\"b\":2}");
  ASSERT_TRUE(root.ok());
  EXPECT_EQ(std::int64_t((*root)["b"]), 2);
}

}  // namespace
}  // namespace attune
