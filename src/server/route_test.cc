#include "server/route.h"

#include <gtest/gtest.h>

namespace attune {
namespace {

HttpRequestHead Head(std::string method, std::string target, std::vector<HttpHeaders::Field> fields) {
  HttpRequestHead head{.method = std::move(method), .target = std::move(target)};
  for (auto& [name, value] : fields) head.headers.Add(name, value);
  return head;
}

std::string Signed(std::string_view service) {
  return "AWS4-HMAC-SHA256 Credential=AKID/20261123/us-east-1/" + std::string(service) +
         "/aws4_request, SignedHeaders=host, Signature=00";
}

TEST(SigningName, IsTheServiceOfTheScope) {
  EXPECT_EQ(SigningName(Head("POST", "/", {{"authorization", Signed("iam")}})), "iam");
}

TEST(SigningName, AcceptsSlashesInTheKey) {
  const std::string value = "AWS4-HMAC-SHA256 Credential=a/b/c/20261123/eu-west-1/s3/aws4_request,SignedHeaders=host";
  EXPECT_EQ(SigningName(Head("GET", "/", {{"Authorization", value}})), "s3");
}

TEST(SigningName, ReadsPresignedUrls) {
  EXPECT_EQ(SigningName(Head("GET", "/b/k?X-Amz-Credential=A%2F20261123%2Fus-east-1%2Fs3%2Faws4_request", {})), "s3");
  EXPECT_EQ(SigningName(Head("GET", "/b/k?AWSAccessKeyId=A&Signature=x&Expires=1", {})), "s3");
  EXPECT_EQ(SigningName(Head("GET", "/b/k?AWSAccessKeyId=A", {})), "");
}

TEST(SigningName, IsEmptyForWhatCannotBeRead) {
  EXPECT_EQ(SigningName(Head("GET", "/", {})), "");
  EXPECT_EQ(SigningName(Head("GET", "/", {{"Authorization", "Basic abc"}})), "");
  EXPECT_EQ(SigningName(Head("GET", "/", {{"Authorization", "AWS4-HMAC-SHA256 Credential=/"}})), "");
  EXPECT_EQ(SigningName(Head("GET", "/", {{"Authorization", "AWS4-HMAC-SHA256 Credential=x"}})), "");
  EXPECT_EQ(SigningName(Head("GET", "/?a=%zz", {})), "");
}

TEST(ServiceName, LetsTheTargetDecideFirst) {
  EXPECT_EQ(ServiceName(Head("POST", "/", {{"X-Amz-Target", "AmazonPersonalize.ListSchemas"}})), "personalize");
  EXPECT_EQ(ServiceName(Head("POST", "/",
                             {{"X-Amz-Target", "AmazonPersonalize.ListSchemas"}, {"Authorization", Signed("s3")}})),
            "personalize");
}

TEST(ServiceName, PrefersTheScopeToThePath) {
  EXPECT_EQ(ServiceName(Head("POST", "/items", {{"Authorization", Signed("s3")}})), "s3");
  EXPECT_EQ(ServiceName(Head("POST", "/items", {{"Authorization", Signed("personalize")}})), "personalize-events");
  EXPECT_EQ(ServiceName(Head("POST", "/recommendations", {{"Authorization", Signed("personalize")}})),
            "personalize-runtime");
  EXPECT_EQ(ServiceName(Head("POST", "/nothing", {{"Authorization", Signed("personalize")}})), "personalize");
  EXPECT_EQ(ServiceName(Head("POST", "/", {{"Authorization", Signed("sts")}})), "sts");
  EXPECT_EQ(ServiceName(Head("POST", "/-/backup", {{"Authorization", Signed("attune")}})), "attune");
  EXPECT_EQ(ServiceName(Head("PUT", "/-/backup", {{"Authorization", Signed("s3")}})), "s3");
}

TEST(ServiceName, GuessesWhatUnsignedRequestsAreFor) {
  const HttpHeaders::Field json{"Content-Type", "application/json"};
  const HttpHeaders::Field form{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"};
  EXPECT_EQ(ServiceName(Head("POST", "/events", {json})), "personalize-events");
  EXPECT_EQ(ServiceName(Head("GET", "/events", {})), "s3");
  EXPECT_EQ(ServiceName(Head("POST", "/", {form})), "iam");
  EXPECT_EQ(ServiceName(Head("GET", "/bucket/key", {})), "s3");
}

}  // namespace
}  // namespace attune
