#include "protocol/envelope.h"

#include <gtest/gtest.h>

namespace attune {
namespace {

TEST(Envelope, WritesAwsJsonErrorsWithTheTypeInTheBody) {
  const auto response = AwsJsonErrorResponse({aws_error::kResourceNotFoundException, "no \"x\""}, "id-1");

  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body, R"({"__type":"ResourceNotFoundException","message":"no \"x\""})");
  EXPECT_EQ(response.headers.Find("content-type"), "application/x-amz-json-1.1");
  EXPECT_EQ(response.headers.Find("x-amzn-requestid"), "id-1");
}

TEST(Envelope, WritesRestJsonErrorsWithTheTypeInAHeader) {
  const auto response = RestJsonErrorResponse({aws_error::kResourceNotFoundException, "gone"}, "id-1");

  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.headers.Find("x-amzn-errortype"), "ResourceNotFoundException");
  EXPECT_EQ(response.headers.Find("content-type"), "application/json");
}

TEST(Envelope, AddsTheSecurityHeaders) {
  const auto response = RestJsonResponse("{}", "id-1");

  EXPECT_EQ(response.headers.Find("strict-transport-security"), "max-age=47304000; includeSubDomains");
  EXPECT_EQ(response.headers.Find("x-frame-options"), "DENY");
  EXPECT_EQ(response.headers.Find("cache-control"), "no-cache");
  EXPECT_EQ(response.headers.Find("x-content-type-options"), "nosniff");
}

TEST(Envelope, WritesS3Errors) {
  AwsError error(aws_error::kNoSuchBucket, "The specified bucket does not exist");
  error.details.emplace_back("BucketName", "b");

  const auto response = S3ErrorResponse(error, "/b", "R1");

  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.headers.Find("content-type"), "application/xml");
  EXPECT_EQ(response.headers.Find("x-amz-request-id"), "R1");
  EXPECT_EQ(response.body,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchBucket</Code><Message>The specified bucket "
            "does not exist</Message><BucketName>b</BucketName><Resource>/b</Resource><RequestId>R1</RequestId>"
            "<HostId>R1</HostId></Error>");
  EXPECT_EQ(S3ErrorResponse(error, "/b", "R1", ErrorBody::kOmit).body, "");
}

TEST(Envelope, WritesQueryResultsAndErrors) {
  EXPECT_EQ(QueryResponse("DeleteRole", kIamNamespace, "", "R1").body,
            "<DeleteRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ResponseMetadata>"
            "<RequestId>R1</RequestId></ResponseMetadata></DeleteRoleResponse>");
  EXPECT_EQ(
      QueryResponse("GetRole", kIamNamespace, "<Role/>", "R1").body,
      "<GetRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetRoleResult><Role/></GetRoleResult>"
      "<ResponseMetadata><RequestId>R1</RequestId></ResponseMetadata></GetRoleResponse>");
  const auto response = QueryErrorResponse({aws_error::kEntityAlreadyExists, "Role r exists"}, kIamNamespace, "R1");
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(response.headers.Find("content-type"), "text/xml");
  EXPECT_EQ(response.body,
            "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type>"
            "<Code>EntityAlreadyExists</Code><Message>Role r exists</Message></Error><RequestId>R1</RequestId>"
            "</ErrorResponse>");
}

}  // namespace
}  // namespace attune
