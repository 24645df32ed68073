#include "server/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace attune {
namespace {

using ::testing::HasSubstr;

class EchoExchange final : public ServiceExchange {
 public:
  explicit EchoExchange(std::string id) : id_(std::move(id)) {}
  std::uint64_t body_bytes_max() const override { return 10; }
  Status OnBody(std::span<const std::byte>) override { return {}; }
  HttpResponse Finish() override {
    HttpResponse response;
    response.body = id_;
    return response;
  }
  std::string_view operation() const override { return "Echo"; }

 private:
  const std::string id_;
};

class EchoService final : public Service {
 public:
  std::string_view name() const override { return "iam"; }
  std::string_view signing_name() const override { return "iam"; }
  std::unique_ptr<ServiceExchange> Begin(RoutedRequest request) override {
    return std::make_unique<EchoExchange>(request.request_id);
  }
};

class RouterTest : public ::testing::Test {
 protected:
  HttpResponse Ask(std::string method, std::string target, std::string authorization = {}) {
    HttpRequestHead head{.method = std::move(method), .target = std::move(target)};
    if (!authorization.empty()) head.headers.Add("Authorization", authorization);
    return router_.Begin(std::move(head))->Finish();
  }

  FakeClock clock_;
  FakeEntropy entropy_;
  Metrics metrics_;
  EchoService echo_;
  Service* services_[1] = {&echo_};
  Router router_{services_, clock_, entropy_, metrics_, {}};
};

constexpr char kSignedForIam[] = "AWS4-HMAC-SHA256 Credential=A/20261123/us-east-1/iam/aws4_request, Signature=0";

TEST_F(RouterTest, IsHealthyOnceReady) {
  EXPECT_EQ(Ask("GET", "/-/health").status, 503);
  router_.SetReady(true);
  EXPECT_EQ(Ask("GET", "/-/health").status, 200);
  EXPECT_EQ(Ask("GET", "/-/health?x=1").status, 200);
  EXPECT_EQ(Ask("POST", "/-/health").status, 405);
}

TEST_F(RouterTest, CountsRequestsByOperationAndStatus) {
  Ask("POST", "/", kSignedForIam);

  EXPECT_THAT(Ask("GET", "/-/metrics").body,
              HasSubstr("attune_requests_total{service=\"iam\",operation=\"Echo\",status=\"200\"} 1\n"));
}

TEST_F(RouterTest, GivesEachRequestAnIdentifierOfItsOwn) {
  const std::string first = Ask("POST", "/", kSignedForIam).body;

  EXPECT_EQ(first.size(), 36u);
  EXPECT_NE(first, Ask("POST", "/", kSignedForIam).body);
}

TEST_F(RouterTest, RefusesUnsignedRequestsInTheShapeOfTheirService) {
  HttpRequestHead head{.method = "POST", .target = "/"};
  head.headers.Add("X-Amz-Target", "AmazonPersonalize.ListSchemas");
  const HttpResponse personalize = router_.Begin(head)->Finish();
  EXPECT_EQ(personalize.status, 403);
  EXPECT_THAT(personalize.body, HasSubstr("\"__type\":\"MissingAuthenticationTokenException\""));

  const HttpResponse s3 = Ask("GET", "/bucket/key");
  EXPECT_EQ(s3.status, 403);
  EXPECT_THAT(s3.body, HasSubstr("<Code>AccessDenied</Code>"));
}

TEST_F(RouterTest, SaysWhenAServiceIsNotThere) {
  EXPECT_EQ(Ask("GET", "/b", "AWS4-HMAC-SHA256 Credential=A/1/us-east-1/s3/aws4_request").status, 501);
}

class CorsTest : public RouterTest {
 protected:
  HttpResponse AskFrom(Router& router, std::string method, std::string origin) {
    HttpRequestHead head{.method = std::move(method), .target = "/events"};
    head.headers.Add("Origin", origin);
    head.headers.Add("Access-Control-Request-Method", "POST");
    head.headers.Add("Access-Control-Request-Headers", "authorization,x-amz-date");
    head.headers.Add("Authorization", kSignedForIam);
    return router.Begin(std::move(head))->Finish();
  }

  Router open_{services_, clock_, entropy_, metrics_, {.cors_origins = {"https://shop.example"}}};
};

TEST_F(CorsTest, IsOffUnlessOriginsAreGiven) {
  EXPECT_EQ(AskFrom(router_, "OPTIONS", "https://shop.example").headers.Count("Access-Control-Allow-Origin"), 0u);
  EXPECT_EQ(AskFrom(router_, "POST", "https://shop.example").headers.Count("Access-Control-Allow-Origin"), 0u);
}

TEST_F(CorsTest, AnswersTheBrowsersQuestion) {
  const auto response = AskFrom(open_, "OPTIONS", "https://shop.example");
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.headers.Find("Access-Control-Allow-Origin"), "https://shop.example");
  EXPECT_EQ(response.headers.Find("Access-Control-Allow-Headers"), "authorization,x-amz-date");
  EXPECT_EQ(AskFrom(open_, "OPTIONS", "https://evil.example").status, 403);
}

TEST_F(CorsTest, LetsPagesOfTheOriginReadReplies) {
  const auto response = AskFrom(open_, "POST", "https://shop.example");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.Find("Access-Control-Allow-Origin"), "https://shop.example");
  EXPECT_EQ(AskFrom(open_, "POST", "https://evil.example").headers.Count("Access-Control-Allow-Origin"), 0u);
}

}  // namespace
}  // namespace attune
