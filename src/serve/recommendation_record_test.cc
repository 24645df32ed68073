#include "serve/recommendation_record.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace attune {
namespace {

constexpr std::string_view kLine =
    R"({"kind":"recommendation","time":1600000000.125,"recommendationId":"RID","campaignArn":"c","userId":"u","model":"m",)"
    R"("policy":"p","policyVersion":2,"explorationWeight":0.3,"rewardEventType":"","items":["a"],"scores":[-1],)"
    R"("propensities":[1],"propensityErrors":[0.05],"explored":[0]})";

Code CodeWith(std::string_view member, std::string_view other) {
  std::string line(kLine);
  const std::size_t at = line.find(member);
  EXPECT_NE(at, std::string::npos);
  line.replace(at, member.size(), other);
  JsonParser parser;
  return DecodeLogLine(parser, line).status().code();
}

TEST(RecommendationRecord, IsTheSameLineAgain) {
  JsonParser parser;
  const auto decoded = DecodeLogLine(parser, kLine);
  ASSERT_TRUE(decoded.ok()) << decoded.status().message();
  EXPECT_EQ(EncodeLogLine(std::get<RecommendationRecord>(*decoded)), kLine);
}

TEST(RecommendationRecord, KnowsNoErrorsOfChancesInOlderLines) {
  std::string line(kLine);
  const std::string_view errors = R"("propensityErrors":[0.05],)";
  line.erase(line.find(errors), errors.size());
  JsonParser parser;
  const auto decoded = DecodeLogLine(parser, line);
  ASSERT_TRUE(decoded.ok()) << decoded.status().message();
  EXPECT_TRUE(std::get<RecommendationRecord>(*decoded).propensity_errors.empty());
  EXPECT_EQ(EncodeLogLine(std::get<RecommendationRecord>(*decoded)), line);
  for (const std::string_view wrong : {"[]", "[0,0]", "[-0.1]", "[1.1]", "0"}) {
    EXPECT_EQ(CodeWith("[0.05]", wrong), Code::kCorrupt) << wrong;
  }
}

TEST(RecommendationRecord, RefusesNumbersThatDoNotFit) {
  EXPECT_EQ(CodeWith(R"("explored":[0])", R"("explored":[1])"), Code::kOk);
  EXPECT_EQ(CodeWith(R"("explored":[0])", R"("explored":[256])"), Code::kCorrupt);
  EXPECT_EQ(CodeWith(R"("explored":[0])", R"("explored":[-1])"), Code::kCorrupt);
  EXPECT_EQ(CodeWith("1600000000.125", "1e300"), Code::kCorrupt);
}

TEST(RecommendationRecord, RefusesWhatHadNoChance) {
  // Estimates divide by it.
  EXPECT_EQ(CodeWith(R"("propensities":[1])", R"("propensities":[0.001])"), Code::kOk);
  for (const std::string_view chance : {"0", "-0.5", "1.5", "1e-60", "1e300"}) {
    EXPECT_EQ(CodeWith(R"("propensities":[1])", fmt::format(R"("propensities":[{}])", chance)), Code::kCorrupt);
  }
}

TEST(RecommendationRecord, RefusesALineWithoutItsLists) {
  EXPECT_EQ(CodeWith(R"("items":["a"],)", ""), Code::kCorrupt);
  EXPECT_EQ(CodeWith(R"("explored":[0])", R"("explored":0)"), Code::kCorrupt);
  EXPECT_EQ(CodeWith(R"("explored":[0])", R"("explored":[0],"drawnFrom":{})"), Code::kCorrupt);
  EXPECT_EQ(CodeWith(R"("explored":[0])", R"("explored":[0],"drawnFrom":3)"), Code::kCorrupt);
}

TEST(RecommendationRecord, RefusesContendersWithoutABeliefEach) {
  const auto with = [](std::string_view beliefs) {
    return CodeWith(R"("explored":[0])",
                    R"("explored":[0],"drawnFrom":{"items":["a","b","c"],"scores":[-1,-2,-3],"eligible":[1,0,1],)"
                    R"("beliefs":)" +
                        std::string(beliefs) +
                        R"(,"effects":{},"calibration":[0,1,4,0,0.04,0,0],"examination":[1],"deviationMax":1,)"
                        R"("leftOut":0})");
  };

  EXPECT_EQ(with("[[0,1,1,1,0,0,7],[0,1,1,1,0,0,7]]"), Code::kOk);
  EXPECT_EQ(with("[[0,1,1,1,0,0,7]]"), Code::kCorrupt);
  EXPECT_EQ(with("[[0,1,1,1,0,0,7],[0,1,1,1,0,0,7],[0,1,1,1,0,0,7]]"), Code::kCorrupt);
}

}  // namespace
}  // namespace attune
