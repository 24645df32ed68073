#include "protocol/pattern.h"

#include <gtest/gtest.h>

#include <regex>

#include "base/random.h"
#include "protocol/generated/personalize.h"
#include "protocol/generated/personalize_events.h"
#include "protocol/generated/personalize_runtime.h"

namespace attune {
namespace {

/// Whether `value` passes the rules of the member of Request that `body` leaves open at "%".
template <class Request>
bool Accepts(std::string body, std::string_view value) {
  std::string quoted;
  JsonWriter(&quoted).String(value);
  body.replace(body.find('%'), 1, quoted);
  Request request;
  return !DecodeRequest(body, &request);
}

bool AcceptsArn(std::string_view value) {
  return Accepts<personalize::DescribeCampaignRequest>(R"({"campaignArn":%})", value);
}
bool AcceptsName(std::string_view value) {
  return Accepts<personalize::CreateDatasetGroupRequest>(R"({"name":%})", value);
}
bool AcceptsRole(std::string_view value) {
  return Accepts<personalize::CreateDatasetGroupRequest>(R"({"name":"a","roleArn":%})", value);
}
bool AcceptsKey(std::string_view value) {
  return Accepts<personalize::CreateDatasetGroupRequest>(R"({"name":"a","kmsKeyArn":%})", value);
}
bool AcceptsToken(std::string_view value) {
  return Accepts<personalize::ListCampaignsRequest>(R"({"nextToken":%})", value);
}
bool AcceptsTag(std::string_view value) {
  return Accepts<personalize::CreateDatasetGroupRequest>(R"({"name":"a","tags":[{"tagKey":"k","tagValue":%}]})", value);
}
bool AcceptsLocation(std::string_view value) {
  return Accepts<personalize::DataSource>(R"({"dataLocation":%})", value);
}
bool AcceptsRate(std::string_view value) {
  return Accepts<personalize::AutoTrainingConfig>(R"({"schedulingExpression":%})", value);
}
bool AcceptsSource(std::string_view value) {
  return Accepts<personalize_events::MetricAttribution>(R"({"eventAttributionSource":%})", value);
}

TEST(Patterns, AcceptTheArnsThatAreInUse) {
  EXPECT_TRUE(AcceptsArn("arn:aws:personalize:us-east-1:123456789012:campaign/c"));
  EXPECT_TRUE(AcceptsArn("arn:aws-cn:personalize:::recipe/aws-user-personalization"));
  EXPECT_TRUE(AcceptsArn("arn:aws:personalize:us-east-1:123456789012:solution/s/$LATEST"));
  EXPECT_FALSE(AcceptsArn("arn:aws:personalize:us-east-1:123456789012:"));
  EXPECT_FALSE(AcceptsArn("arn:AWS:personalize:us-east-1:123456789012:campaign/c"));
  EXPECT_FALSE(AcceptsArn("arn:aws:s3:::bucket"));
  EXPECT_FALSE(AcceptsArn("x arn:aws:personalize:us-east-1:123456789012:campaign/c"));
  EXPECT_FALSE(AcceptsArn("arn:aws:personalize:us-east-1:123456789012:campaign/c\n"));
  EXPECT_FALSE(AcceptsArn(""));
}

TEST(Patterns, MatchTheWholeValue) {
  EXPECT_TRUE(AcceptsName("a-b_C9"));
  EXPECT_FALSE(AcceptsName("-a"));
  EXPECT_FALSE(AcceptsName("a\n"));
  EXPECT_FALSE(AcceptsName("a\xc3\xa9"));
  EXPECT_FALSE(AcceptsName(std::string_view("a\0", 2)));
}

TEST(Patterns, CountRepetitions) {
  EXPECT_TRUE(AcceptsRole("arn:aws:iam::123456789012:role/PersonalizeRole"));
  EXPECT_TRUE(AcceptsRole("arn:aws:iam::123456789012:role/service-role/x+=,.@-_"));
  EXPECT_FALSE(AcceptsRole("arn:aws:iam::12345678901:role/r"));
  EXPECT_FALSE(AcceptsRole("arn:aws:iam::1234567890123:role/r"));
  EXPECT_FALSE(AcceptsRole("arn:aws:iam::123456789012:user/u"));
  EXPECT_TRUE(AcceptsKey("arn:aws:kms:us-east-1:123456789012:key/"));
  EXPECT_FALSE(AcceptsKey("arn:aws:kms:us-east-1:12345678901:key/a"));
  EXPECT_TRUE(AcceptsRate("rate(7 days)"));
  EXPECT_TRUE(AcceptsRate("rate(1 day)"));
  EXPECT_FALSE(AcceptsRate("rate( days)"));
  EXPECT_FALSE(AcceptsRate("rate(7 days) "));
  EXPECT_TRUE(AcceptsToken(std::string(1500, 'x')));
  EXPECT_FALSE(AcceptsToken(std::string(1501, 'x')));
  EXPECT_TRUE(AcceptsToken(""));
  EXPECT_FALSE(AcceptsToken("\xc2\x80"));
}

TEST(Patterns, KnowAlternativesAndRanges) {
  EXPECT_TRUE(AcceptsLocation("s3://b/k"));
  EXPECT_TRUE(AcceptsLocation("https://x"));
  EXPECT_FALSE(AcceptsLocation("s3://"));
  EXPECT_FALSE(AcceptsLocation("ftp://x"));
  EXPECT_TRUE(AcceptsLocation("s3://b/\xf0\x9f\x98\x80"));
  EXPECT_FALSE(AcceptsLocation("s3://b/\xe2\x80\xa8")) << "a line separator";
  EXPECT_TRUE(AcceptsSource(" x "));
  EXPECT_FALSE(AcceptsSource("   "));
}

TEST(Patterns, KnowLettersSeparatorsAndNumbersOfAllScripts) {
  EXPECT_TRUE(
      AcceptsTag("Stra\xc3\x9f"
                 "e 7"));                                       // ß
  EXPECT_TRUE(AcceptsTag("\xe4\xb8\xad\xe6\x96\x87"));          // 中文
  EXPECT_TRUE(AcceptsTag("\xe2\x80\xa8\xc2\xa0\xe2\x85\xa7"));  // line separator, no-break space, Ⅷ
  EXPECT_TRUE(AcceptsTag(""));
  EXPECT_FALSE(AcceptsTag("\xf0\x9f\x98\x80"));  // an emoji is a symbol
  EXPECT_FALSE(AcceptsTag("a#b"));
  EXPECT_FALSE(AcceptsTag("a\tb"));
}

TEST(Patterns, AgreeWithStdRegexOnRandomlyEditedText) {
  struct Case {
    bool (*accepts)(std::string_view);
    const char* expression;
    std::size_t length_max;
    std::string good;
    std::string edits;
  };
  const Case cases[] = {
      {AcceptsArn, R"(arn:([a-z\d-]+):personalize:.*:.*:.+)", 256, "arn:aws:personalize:r:1:x", ":a-\nX1"},
      {AcceptsName, R"([a-zA-Z0-9][a-zA-Z0-9\-_]*)", 63, "aZ0-_", "a0-_ ."},
      {AcceptsLocation, R"((s3|http|https)://.+)", 256, "https://b/k", "s3:/x\r"},
      {AcceptsRate, R"(rate\(\d+ days?\))", 16, "rate(12 days)", "1 s)("},
      {AcceptsSource, R"([\x20-\x7E]*[\x21-\x7E]+[\x20-\x7E]*)", 1024, " x ", " x~\t!"},
  };
  Random random(20240501);
  for (const Case& c : cases) {
    const std::regex reference(c.expression);
    int matched = 0;
    for (int round = 0; round < 3000; ++round) {
      std::string text = c.good;
      for (std::uint64_t left = random.Below(4); left > 0 && !text.empty(); --left) {
        const std::size_t at = random.Below(text.size());
        if (random.Below(2) == 0) {
          text.erase(at, 1);
        } else {
          text.insert(at + random.Below(2), 1, c.edits[random.Below(c.edits.size())]);
        }
      }
      if (text.size() > c.length_max) continue;
      const bool expected = std::regex_match(text, reference);
      matched += expected;
      ASSERT_EQ(c.accepts(text), expected) << c.expression << " on '" << text << "'";
    }
    EXPECT_GT(matched, 300) << c.expression;
    EXPECT_LT(matched, 2900) << c.expression;
  }
}

TEST(Patterns, TakeTimeProportionalToTheText) {
  // What makes backtracking matchers take hours: many ways to share the colons among the stars.
  std::string colons = "arn:aws:personalize" + std::string(230, ':');
  EXPECT_TRUE(AcceptsArn(colons + "x"));
  EXPECT_FALSE(AcceptsArn(colons + "\n"));
}

TEST(CountCodePoints, CountsCharactersNotBytes) {
  EXPECT_EQ(CountCodePoints(""), 0u);
  EXPECT_EQ(CountCodePoints("a\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80"), 4u);
}

}  // namespace
}  // namespace attune
