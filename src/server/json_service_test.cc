#include "server/json_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/aws_signature.h"
#include "protocol/generated/personalize.h"
#include "protocol/generated/personalize_events.h"

namespace attune {
namespace {

using ::testing::HasSubstr;

constexpr char kKeyId[] = "AKIDEXAMPLE";
constexpr char kSecret[] = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

class OneKey final : public CredentialStore {
 public:
  std::optional<Credential> Find(std::string_view access_key_id) const override {
    if (access_key_id != kKeyId) return std::nullopt;
    return Credential{.secret_access_key = kSecret};
  }
};

class JsonServiceTest : public ::testing::Test {
 protected:
  HttpRequestHead Signed(std::string_view path, std::string_view target, std::string_view body) {
    HttpRequestHead head{.method = "POST", .target = std::string(path)};
    std::vector<SignedHeaderField> fields = {{"host", "localhost"}, {"content-type", "application/x-amz-json-1.1"}};
    if (!target.empty()) fields.emplace_back("x-amz-target", target);
    const std::string payload_hash = ToHex(Sha256(body));
    const auto added =
        SignHeaders({.access_key_id = kKeyId, .secret_access_key = kSecret}, {.method = "POST",
                                                                              .path = path,
                                                                              .query = "",
                                                                              .headers = fields,
                                                                              .payload_hash = payload_hash,
                                                                              .unix_ms = clock_.UnixMilliseconds(),
                                                                              .region = "eu-west-1",
                                                                              .service = "personalize"});
    for (const auto& [name, value] : fields) head.headers.Add(name, value);
    for (const auto& [name, value] : *added) head.headers.Add(name, value);
    return head;
  }

  HttpResponse Send(JsonService& service, HttpRequestHead head, std::string_view body) {
    auto exchange = service.Begin({.head = std::move(head), .request_id = "the-id"});
    [[maybe_unused]] const Status status = exchange->OnBody(std::as_bytes(std::span(body)));
    HttpResponse response = exchange->Finish();
    operation_ = exchange->operation();
    return response;
  }

  FakeClock clock_{1'700'000'000'000};
  OneKey keys_;
  SigV4Verifier verifier_{clock_, keys_};
  BodyBudget budget_{100};
  JsonOperation echo_ = [](const JsonCall& call, std::string_view body) {
    return OperationReply{.error = {}, .body = std::string(body) + call.signature.region};
  };
  JsonService control_{personalize::Service(), {{"ListSchemas", echo_}}, verifier_, budget_};
  JsonService events_{personalize_events::Service(), {{"PutEvents", echo_}}, verifier_, budget_};
  std::string operation_;
};

TEST_F(JsonServiceTest, GivesTheBodyToTheOperationOfItsTarget) {
  const auto response = Send(control_, Signed("/", "AmazonPersonalize.ListSchemas", "{}"), "{}");

  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "{}eu-west-1");
  EXPECT_EQ(response.headers.Find("x-amzn-requestid"), "the-id");
  EXPECT_EQ(response.headers.Find("content-type"), "application/x-amz-json-1.1");
  EXPECT_EQ(operation_, "ListSchemas");
}

TEST_F(JsonServiceTest, GivesTheBodyToTheOperationOfItsPath) {
  const auto response = Send(events_, Signed("/events", "", "{}"), "{}");

  EXPECT_EQ(response.body, "{}eu-west-1");
  EXPECT_EQ(response.headers.Find("content-type"), "application/json");
  EXPECT_EQ(operation_, "PutEvents");
}

TEST_F(JsonServiceTest, RefusesABodyThatWasNotSigned) {
  const auto response = Send(control_, Signed("/", "AmazonPersonalize.ListSchemas", "{}"), "{ }");

  EXPECT_EQ(response.status, 403);
  EXPECT_THAT(response.body, HasSubstr("InvalidSignatureException"));
  EXPECT_EQ(operation_, "");
}

TEST_F(JsonServiceTest, DoesNotKnowOtherOperations) {
  for (const char* target : {"AmazonPersonalize.Nonsense", "Other.ListSchemas", "ListSchemas", ""}) {
    const auto response = Send(control_, Signed("/", target, "{}"), "{}");
    EXPECT_THAT(response.body, HasSubstr("UnknownOperationException")) << target;
    EXPECT_EQ(operation_, "") << target;
  }
  const auto response = Send(control_, Signed("/", "AmazonPersonalize.ListSolutions", "{}"), "{}");
  EXPECT_THAT(response.body, HasSubstr("does not offer the operation ListSolutions"));
}

TEST_F(JsonServiceTest, HoldsBodiesToTheBudgetOfAll) {
  auto first = control_.Begin({.head = {}, .request_id = ""});
  const std::string body(60, 'x');
  ASSERT_TRUE(first->OnBody(std::as_bytes(std::span(body))).ok());

  EXPECT_EQ(
      Send(control_, Signed("/", "AmazonPersonalize.ListSchemas", std::string(41, ' ')), std::string(41, ' ')).status,
      503);
  EXPECT_EQ(
      Send(control_, Signed("/", "AmazonPersonalize.ListSchemas", std::string(40, ' ')), std::string(40, ' ')).status,
      200);
  first.reset();
  EXPECT_EQ(
      Send(control_, Signed("/", "AmazonPersonalize.ListSchemas", std::string(41, ' ')), std::string(41, ' ')).status,
      200);
}

}  // namespace
}  // namespace attune
