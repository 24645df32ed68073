#include "protocol/request_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "protocol/generated/personalize.h"
#include "protocol/generated/personalize_events.h"
#include "protocol/generated/personalize_runtime.h"

namespace attune {
namespace {

using personalize::CreateBatchInferenceJobRequest;
using personalize::CreateCampaignRequest;
using personalize::CreateDatasetGroupRequest;
using personalize::CreateFilterRequest;
using personalize::CreateSolutionRequest;
using personalize::ListCampaignsRequest;
using personalize::SolutionConfig;
using personalize::TagResourceRequest;
using personalize_events::PutEventsRequest;
using personalize_events::PutItemsRequest;
using personalize_runtime::GetRecommendationsRequest;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kArn = "arn:aws:personalize:us-east-1:123456789012:solution/s";

/// "" for a request that is right, else "Code: message".
template <class Request>
std::string ErrorOf(std::string_view body, Request* request = nullptr) {
  Request scratch;
  const auto error = DecodeRequest(body, request ? request : &scratch);
  return error ? std::string(error->code()) + ": " + error->message : "";
}

std::string OneViolation(std::string_view what) {
  return "InvalidInputException: 1 validation error detected: " + std::string(what);
}

TEST(RequestDecoder, ReadsEveryKindOfMember) {
  CreateSolutionRequest request;
  const std::string body = R"({
    "name": "s", "performHPO": true, "recipeArn": "arn:aws:personalize:::recipe/aws-user-personalization",
    "datasetGroupArn": "arn:aws:personalize:us-east-1:123456789012:dataset-group/g", "unknown": {"deep": [1, 2]},
    "solutionConfig": {
      "eventValueThreshold": "4",
      "algorithmHyperParameters": {"hidden_dimension": "100", "bptt": "32"},
      "hpoConfig": {"hpoResourceConfig": {"maxNumberOfTrainingJobs": "10"}, "algorithmHyperParameterRanges": {
        "integerHyperParameterRanges": [{"name": "bptt", "minValue": 2, "maxValue": 22}],
        "continuousHyperParameterRanges": [{"name": "r", "minValue": 0.25, "maxValue": 1e0}],
        "categoricalHyperParameterRanges": [{"name": "c", "values": ["a", "b"]}]}},
      "trainingDataConfig": {"excludedDatasetColumns": {"Items": ["A", "B"]}}
    }, "eventType": null})";

  ASSERT_EQ(ErrorOf(body, &request), "");

  EXPECT_EQ(request.name, "s");
  EXPECT_EQ(request.perform_hpo, true);
  EXPECT_EQ(request.perform_auto_ml, std::nullopt);
  EXPECT_EQ(request.event_type, std::nullopt) << "null is the same as absent";
  const SolutionConfig& config = *request.solution_config;
  EXPECT_EQ(config.algorithm_hyper_parameters->at("bptt"), "32");
  const auto& ranges = *config.hpo_config->algorithm_hyper_parameter_ranges;
  EXPECT_EQ(ranges.integer_hyper_parameter_ranges->at(0).max_value, 22);
  EXPECT_EQ(ranges.continuous_hyper_parameter_ranges->at(0).min_value, 0.25);
  EXPECT_THAT(*ranges.categorical_hyper_parameter_ranges->at(0).values, ElementsAre("a", "b"));
  EXPECT_THAT(config.training_data_config->excluded_dataset_columns->at("Items"), ElementsAre("A", "B"));
}

TEST(RequestDecoder, WritesBackWhatItRead) {
  const std::string text = R"({"eventValueThreshold":"4","algorithmHyperParameters":{"a":"1","b":"2"},)"
                           R"("optimizationObjective":{"itemAttribute":"PRICE","objectiveSensitivity":"LOW"}})";

  const auto config = FromJson<SolutionConfig>(text);

  ASSERT_TRUE(config.ok()) << config.status().ToString();
  EXPECT_EQ(ToJson(*config), text);
  EXPECT_EQ(*FromJson<SolutionConfig>(ToJson(*config)), *config);
  EXPECT_EQ(FromJson<SolutionConfig>("{").status().code(), Code::kInvalidArgument);
}

TEST(RequestDecoder, TakesAnEmptyBodyForAnEmptyRequest) {
  EXPECT_EQ(ErrorOf<ListCampaignsRequest>(""), "");
  EXPECT_EQ(ErrorOf<ListCampaignsRequest>("{}"), "");
}

TEST(RequestDecoder, RefusesWhatIsNotAJsonObject) {
  for (const char* body :
       {"{", "[]", "1", "null", "\"x\"", " ", "{\"name\":\"a\"}}", "\xff\xfe", "{\"name\":\"\\ud800\"}"}) {
    EXPECT_THAT(ErrorOf<CreateDatasetGroupRequest>(body), HasSubstr("SerializationException: ")) << body;
  }
}

TEST(RequestDecoder, RefusesDeepNesting) {
  const std::string body = "{\"unknown\":" + std::string(200'000, '[') + std::string(200'000, ']') + "}";

  EXPECT_THAT(ErrorOf<CreateDatasetGroupRequest>(body), HasSubstr("SerializationException: JSON that nests deeper"));
}

TEST(RequestDecoder, RefusesValuesOfAnotherType) {
  EXPECT_EQ(ErrorOf<CreateDatasetGroupRequest>(R"({"name":1})"),
            "SerializationException: 'name' is a number; a string was expected");
  EXPECT_EQ(ErrorOf<ListCampaignsRequest>(R"({"maxResults":"10"})"),
            "SerializationException: 'maxResults' is a string; an integer was expected");
  EXPECT_EQ(ErrorOf<ListCampaignsRequest>(R"({"maxResults":1.5})"),
            "SerializationException: 'maxResults' is a number; a 32-bit integer was expected");
  EXPECT_EQ(ErrorOf<TagResourceRequest>(R"({"resourceArn":"x","tags":{}})"),
            "SerializationException: 'tags' is a structure; a list was expected");
  EXPECT_EQ(ErrorOf<TagResourceRequest>(R"({"resourceArn":"x","tags":[1]})"),
            "SerializationException: 'tags.1.member' is a number; a structure was expected");
  EXPECT_THAT(ErrorOf<CreateSolutionRequest>(
                  R"({"name":"s","datasetGroupArn":"x","solutionConfig":{"algorithmHyperParameters":{"a":1}}})"),
              HasSubstr("'solutionConfig.algorithmHyperParameters.a' is a number; a string was expected"));
  EXPECT_THAT(ErrorOf<CreateSolutionRequest>(R"({"name":"s","datasetGroupArn":"x","performHPO":"true"})"),
              HasSubstr("'performHPO' is a string; a boolean was expected"));
}

TEST(RequestDecoder, RefusesIntegersBeyond32Bits) {
  ListCampaignsRequest request;
  EXPECT_THAT(ErrorOf(R"({"maxResults":-2147483648})", &request), HasSubstr("InvalidInputException"));
  EXPECT_EQ(request.max_results, -2147483648);
  EXPECT_THAT(ErrorOf(R"({"maxResults":2147483648})", &request), HasSubstr("SerializationException"));
  EXPECT_THAT(ErrorOf(R"({"maxResults":18446744073709551615})", &request), HasSubstr("SerializationException"));
}

TEST(RequestDecoder, ReportsWhatIsMissing) {
  EXPECT_EQ(ErrorOf<CreateDatasetGroupRequest>("{}"),
            OneViolation("Value null at 'name' failed to satisfy constraint: Member must not be null"));
  EXPECT_EQ(ErrorOf<CreateDatasetGroupRequest>(R"({"name":null})"),
            OneViolation("Value null at 'name' failed to satisfy constraint: Member must not be null"));
}

TEST(RequestDecoder, CountsLengthsAtTheirEdges) {
  const auto with_name = [](std::string name) { return R"({"name":")" + name + R"("})"; };
  EXPECT_EQ(ErrorOf<CreateDatasetGroupRequest>(with_name(std::string(63, 'a'))), "");
  EXPECT_EQ(ErrorOf<CreateDatasetGroupRequest>(with_name(std::string(64, 'a'))),
            OneViolation("Value '" + std::string(64, 'a') +
                         "' at 'name' failed to satisfy constraint: Member must have length less than or equal to 63"));
  EXPECT_EQ(ErrorOf<CreateDatasetGroupRequest>(with_name("")),
            "InvalidInputException: 2 validation errors detected: Value '' at 'name' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1; Value '' at 'name' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: ^[a-zA-Z0-9][a-zA-Z0-9\\-_]*");
}

TEST(RequestDecoder, CountsLengthsInCodePoints) {
  std::string wide;
  for (int i = 0; i < 256; ++i) wide += "\xf0\x9f\x98\x80";
  const auto with_user = [](const std::string& user) { return R"({"userId":")" + user + R"("})"; };

  EXPECT_EQ(ErrorOf<GetRecommendationsRequest>(with_user(wide)), "");
  EXPECT_THAT(ErrorOf<GetRecommendationsRequest>(with_user(wide + "a")), HasSubstr("less than or equal to 256"));
}

TEST(RequestDecoder, ChecksRangesAtTheirEdges) {
  for (const int good : {1, 100}) {
    EXPECT_EQ(ErrorOf<ListCampaignsRequest>("{\"maxResults\":" + std::to_string(good) + "}"), "");
  }
  EXPECT_EQ(
      ErrorOf<ListCampaignsRequest>(R"({"maxResults":101})"),
      OneViolation("Value '101' at 'maxResults' failed to satisfy constraint: Member must have value less than or "
                   "equal to 100"));
  EXPECT_EQ(ErrorOf<ListCampaignsRequest>(R"({"maxResults":0})"),
            OneViolation("Value '0' at 'maxResults' failed to satisfy constraint: Member must have value greater than "
                         "or equal to 1"));
}

TEST(RequestDecoder, ChecksEnums) {
  EXPECT_EQ(ErrorOf<CreateDatasetGroupRequest>(R"({"name":"a","domain":"ECOMMERCE"})"), "");
  EXPECT_EQ(ErrorOf<CreateDatasetGroupRequest>(R"({"name":"a","domain":"Ecommerce"})"),
            OneViolation("Value 'Ecommerce' at 'domain' failed to satisfy constraint: Member must satisfy enum value "
                         "set: [ECOMMERCE, VIDEO_ON_DEMAND]"));
}

TEST(RequestDecoder, ReportsEveryViolationOfARequest) {
  EXPECT_EQ(ErrorOf<CreateCampaignRequest>(R"({"name":"a b","minProvisionedTPS":0})"),
            "InvalidInputException: 3 validation errors detected: Value 'a b' at 'name' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: ^[a-zA-Z0-9][a-zA-Z0-9\\-_]*; Value null at "
            "'solutionVersionArn' failed to satisfy constraint: Member must not be null; Value '0' at "
            "'minProvisionedTPS' failed to satisfy constraint: Member must have value greater than or equal to 1");
}

TEST(RequestDecoder, NamesMembersOfListsByPosition) {
  EXPECT_EQ(
      ErrorOf<TagResourceRequest>(R"({"resourceArn":")" + std::string(kArn) +
                                  R"(","tags":[{"tagKey":"a","tagValue":""},{"tagKey":"","tagValue":"b"}]})"),
      OneViolation("Value at 'tags.2.member.tagKey' failed to satisfy constraint: Member must have length greater "
                   "than or equal to 1"));
  EXPECT_THAT(ErrorOf<TagResourceRequest>(R"({"resourceArn":")" + std::string(kArn) + R"(","tags":[null]})"),
              HasSubstr("Value null at 'tags.1.member' failed to satisfy constraint: Member must not be null"));
}

TEST(RequestDecoder, DoesNotShowSensitiveValues) {
  const std::string secret = "secret-" + std::string(3000, 'x');
  const std::string filter = R"({"name":"f","datasetGroupArn":")" + std::string(kArn) + R"(","filterExpression":")";

  EXPECT_EQ(
      ErrorOf<CreateFilterRequest>(filter + secret + "\"}"),
      OneViolation("Value at 'filterExpression' failed to satisfy constraint: Member must have length less than or "
                   "equal to 2500"));
  EXPECT_EQ(
      ErrorOf<PutEventsRequest>(R"({"trackingId":"t","sessionId":"s","eventList":[{"eventType":")" +
                                secret.substr(0, 300) + R"(","sentAt":1}]})"),
      OneViolation("Value at 'eventList.1.member.eventType' failed to satisfy constraint: Member must have length "
                   "less than or equal to 256"));
}

TEST(RequestDecoder, ReportsAListOfTextsAsOneValue) {
  const std::string wrong = R"({"name":"a","recipeArn":"r","datasetGroupArn":")" + std::string(kArn) +
                            R"(","solutionConfig":{"autoMLConfig":{"recipeList":["x","y"]}}})";
  EXPECT_THAT(
      ErrorOf<CreateSolutionRequest>(wrong),
      HasSubstr("Value '[x, y]' at 'solutionConfig.autoMLConfig.recipeList' failed to satisfy constraint: Member "
                "must satisfy constraint: [Member must have length less than or equal to 256, Member must "
                "satisfy regular expression pattern: arn:([a-z\\d-]+):personalize:.*:.*:.+]"));
}

TEST(RequestDecoder, ReportsAMapAsOneValue) {
  const auto with_map = [](const std::string& map) {
    return R"({"name":"a","datasetGroupArn":")" + std::string(kArn) + R"(","solutionConfig":{"trainingDataConfig":)" +
           R"({"excludedDatasetColumns":)" + map + "}}}";
  };
  EXPECT_EQ(ErrorOf<CreateSolutionRequest>(with_map(R"({"ITEMS":["A_1"]})")), "");
  EXPECT_EQ(
      ErrorOf<CreateSolutionRequest>(with_map(R"({"IT-EMS":["A_1"]})")),
      OneViolation("Value '{IT-EMS=[A_1]}' at 'solutionConfig.trainingDataConfig.excludedDatasetColumns' failed to "
                   "satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or "
                   "equal to 256, Member must satisfy regular expression pattern: ^[A-Za-z_]+$]"));
  EXPECT_EQ(ErrorOf<CreateSolutionRequest>(with_map(R"({"ITEMS":["1A"]})")),
            OneViolation("Value '{ITEMS=[1A]}' at 'solutionConfig.trainingDataConfig.excludedDatasetColumns' failed to "
                         "satisfy constraint: Map value must satisfy constraint: [Member must have length less than or "
                         "equal to 50, Member must satisfy constraint: [Member must have length less than or equal to "
                         "150, Member must satisfy regular expression pattern: [A-Za-z_][A-Za-z\\d_]*]]"));
  EXPECT_THAT(ErrorOf<CreateSolutionRequest>(with_map(R"({"A":[],"B":[],"C":[],"D":[]})")),
              HasSubstr("failed to satisfy constraint: Member must have length less than or equal to 3"));
}

TEST(RequestDecoder, ChecksCountsAtTheirEdges) {
  const auto with_events = [](int count) {
    std::string body = R"({"trackingId":"t","sessionId":"s","eventList":[)";
    for (int i = 0; i < count; ++i) body += std::string(i ? "," : "") + R"({"eventType":"e","sentAt":1})";
    return body + "]}";
  };
  EXPECT_EQ(ErrorOf<PutEventsRequest>(with_events(1)), "");
  EXPECT_EQ(ErrorOf<PutEventsRequest>(with_events(10)), "");
  EXPECT_EQ(
      ErrorOf<PutEventsRequest>(with_events(11)),
      OneViolation("Value at 'eventList' failed to satisfy constraint: Member must have length less than or equal "
                   "to 10"));
  EXPECT_EQ(ErrorOf<PutEventsRequest>(with_events(0)),
            OneViolation("Value at 'eventList' failed to satisfy constraint: Member must have length greater than or "
                         "equal to 1"));
}

TEST(RequestDecoder, CutsLongValuesAndLongReports) {
  const std::string error = ErrorOf<CreateDatasetGroupRequest>(R"({"name":")" + std::string(100'000, 'a') + R"("})");
  EXPECT_THAT(error, HasSubstr(std::string(RequestDecoder::kValueShownMax, 'a') + "...'"));
  EXPECT_LT(error.size(), 2000u);

  std::string tags;
  for (int i = 0; i < 200; ++i) tags += std::string(i ? "," : "") + "{}";
  const std::string many =
      ErrorOf<TagResourceRequest>(R"({"resourceArn":")" + std::string(kArn) + R"(","tags":[)" + tags + "]}");
  EXPECT_THAT(many, HasSubstr("400 validation errors detected"));
  EXPECT_LT(many.size(), 5000u);
}

TEST(RequestDecoder, ReadsSentAtAsWholeOrBrokenSeconds) {
  PutEventsRequest request;
  ASSERT_EQ(ErrorOf(R"({"trackingId":"t","sessionId":"s","eventList":[{"eventType":"e","sentAt":1553631760},)"
                    R"({"eventType":"e","sentAt":1553631760.5},{"eventType":"e","sentAt":1.553631760837E9}]})",
                    &request),
            "");
  EXPECT_EQ(request.event_list[0].sent_at.unix_ms, 1'553'631'760'000);
  EXPECT_EQ(request.event_list[1].sent_at.unix_ms, 1'553'631'760'500);
  EXPECT_EQ(request.event_list[2].sent_at.unix_ms, 1'553'631'760'837);
  EXPECT_THAT(ErrorOf<PutEventsRequest>(
                  R"({"trackingId":"t","sessionId":"s","eventList":[{"eventType":"e","sentAt":"2019-03-26"}]})"),
              HasSubstr("SerializationException: 'eventList.1.member.sentAt' is a string"));
}

TEST(RequestDecoder, ReadsPropertiesAsTextOrObject) {
  PutItemsRequest request;
  ASSERT_EQ(ErrorOf(R"({"datasetArn":")" + std::string(kArn) +
                        R"(","items":[{"itemId":"1","properties":"{\"a\": 1}"},)"
                        R"({"itemId":"2","properties":{"a": 1, "b": ["x"]}}]})",
                    &request),
            "");
  EXPECT_EQ(request.items[0].properties->text, R"({"a": 1})");
  EXPECT_EQ(request.items[1].properties->text, R"({"a":1,"b":["x"]})");
  EXPECT_THAT(ErrorOf<PutItemsRequest>(R"({"datasetArn":")" + std::string(kArn) +
                                       R"(","items":[{"itemId":"1","properties":[1]}]})"),
              HasSubstr("SerializationException"));
}

TEST(RequestDecoder, RefusesNumbersThatAreNotFinite) {
  for (const char* value : {"\"NaN\"", "\"Infinity\"", "\"-Infinity\"", "1e39"}) {
    EXPECT_THAT(ErrorOf<PutEventsRequest>(
                    R"({"trackingId":"t","sessionId":"s","eventList":[{"eventType":"e","sentAt":1,"eventValue":)" +
                    std::string(value) + "}]}"),
                HasSubstr("InvalidInputException: 1 validation error detected: Value at "
                          "'eventList.1.member.eventValue' failed to satisfy constraint"))
        << value;
  }
}

TEST(RequestDecoder, IgnoresWhatItDoesNotKnow) {
  GetRecommendationsRequest request;
  ASSERT_EQ(ErrorOf(R"({"futureMember":[{"x":null}],"userId":"1","numResults":25})", &request), "");
  EXPECT_EQ(request.user_id, "1");
  EXPECT_EQ(request.num_results, 25);
}

TEST(Encoding, WritesTimestampsAsSecondsWithMilliseconds) {
  personalize::CampaignSummary campaign;
  campaign.name = "c";
  campaign.creation_date_time = Timestamp{1'542'392'161'837};

  EXPECT_EQ(ToJson(campaign), R"({"name":"c","creationDateTime":1542392161.837})");
}

TEST(Encoding, WritesAnEmptyListButNoNextToken) {
  EXPECT_EQ(ToJson(personalize::ListFiltersResponse{}), R"({"Filters":[]})");
  EXPECT_EQ(ToJson(personalize::ListDatasetGroupsResponse{}), R"({"datasetGroups":[]})");
  EXPECT_EQ(ToJson(personalize::TagResourceResponse{}), "{}");
}

TEST(RequestDecoder, ReadsLargeBodies) {
  for (const std::size_t size :
       {RequestDecoder::kReusedParserBytesMax, RequestDecoder::kReusedParserBytesMax + 1, std::size_t{3} << 20}) {
    std::string body = R"({"userId":"1","unknown":")";
    body.append(size - body.size() - 2, 'x').append("\"}");
    ASSERT_EQ(body.size(), size);
    GetRecommendationsRequest request;
    EXPECT_EQ(ErrorOf(body, &request), "");
    EXPECT_EQ(request.user_id, "1");
  }
}

TEST(Encoding, LeavesOutWhatIsNotFinite) {
  personalize::GetSolutionMetricsResponse response;
  response.metrics = {{"coverage", 0.25}, {"precision_at_5", std::nan("")}};

  EXPECT_EQ(ToJson(response), R"({"metrics":{"coverage":0.25}})");
}

TEST(Encoding, WritesScoresShortly) {
  personalize_runtime::GetRecommendationsResponse response;
  response.item_list.push_back({.item_id = "589", .score = 0.0039451});
  response.recommendation_id = "RID-1";

  EXPECT_EQ(ToJson(response), R"({"itemList":[{"itemId":"589","score":0.0039451}],"recommendationId":"RID-1"})");
}

}  // namespace
}  // namespace attune
