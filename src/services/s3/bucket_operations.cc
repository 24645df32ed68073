#include <fmt/format.h>

#include "access/policy_document.h"
#include "access/wildcard.h"
#include "protocol/envelope.h"
#include "protocol/rest_xml.h"
#include "services/s3/http_time.h"
#include "services/s3/s3_operations.h"

namespace attune {
namespace {

constexpr std::size_t kPolicyBytesMax = 20 * 1024;
constexpr std::string_view kFirstRegion = "us-east-1";

/// The region that the body asks for; every region is accepted, since there is one place alone.
std::variant<std::string, AwsError> RequestedRegion(const S3Context& context, const S3Request& request) {
  if (request.body.empty()) return request.signed_region.empty() ? context.region : request.signed_region;
  const auto document = XmlDocument::Parse(request.body);
  if (!document.ok() || document->root().name() != "CreateBucketConfiguration") {
    return AwsError(aws_error::kMalformedXML,
                    "The XML you provided was not well-formed or did not validate against our published schema");
  }
  auto region = document->root().ChildText("LocationConstraint").value_or("");
  if (region.empty()) return std::string(kFirstRegion);
  return region == "EU" ? std::string("eu-west-1") : region;
}

}  // namespace

S3Reply ListBuckets(S3Context& context, const S3Request& request) {
  const auto buckets = context.objects.ListBuckets();
  if (!buckets.ok()) return S3Error(buckets.status());
  std::string text;
  XmlWriter xml(&text);
  xml.Declaration();
  xml.Begin("ListAllMyBucketsResult", kS3Namespace);
  xml.Begin("Owner");
  xml.Element("ID", S3OwnerId(context));
  xml.Element("DisplayName", context.account_id);
  xml.End();
  xml.Begin("Buckets");
  for (const auto& bucket : *buckets) {
    xml.Begin("Bucket");
    xml.Element("Name", bucket.name);
    xml.Element("CreationDate", FormatIsoTime(bucket.created_ms));
    xml.End();
  }
  xml.End();
  xml.End();
  return S3XmlResponse(std::move(text), request.request_id);
}

S3Reply CreateBucket(S3Context& context, const S3Request& request) {
  if (auto error = CheckBucketName(request.bucket)) return *std::move(error);
  const auto acl = request.Header("x-amz-acl");
  if (acl && *acl != "private") {
    return AwsError(aws_error::kInvalidBucketAclWithObjectOwnership,
                    "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting");
  }
  const auto region = RequestedRegion(context, request);
  if (const auto* error = std::get_if<AwsError>(&region)) return *error;
  const auto created = context.objects.CreateBucket(request.bucket, std::get<std::string>(region));
  if (!created.ok()) {
    auto error = S3Error(created);
    error.details.emplace_back("BucketName", request.bucket);
    return error;
  }
  auto response = S3EmptyResponse(request, 200);
  response.headers.Add("location", "/" + request.bucket);
  return response;
}

S3Reply HeadBucket(S3Context& context, const S3Request& request) {
  const auto bucket = context.objects.FindBucket(request.bucket);
  if (!bucket.ok()) return BucketOrKeyError(context, request, bucket.status());
  auto response = S3EmptyResponse(request, 200);
  response.headers.Add("content-type", "application/xml");
  response.headers.Add("x-amz-bucket-region", bucket->region);
  return response;
}

S3Reply DeleteBucket(S3Context& context, const S3Request& request) {
  const auto deleted = context.objects.DeleteBucket(request.bucket);
  if (!deleted.ok()) return BucketOrKeyError(context, request, deleted);
  return S3EmptyResponse(request, 204);
}

S3Reply GetBucketLocation(S3Context& context, const S3Request& request) {
  const auto bucket = context.objects.FindBucket(request.bucket);
  if (!bucket.ok()) return BucketOrKeyError(context, request, bucket.status());
  std::string text;
  XmlWriter xml(&text);
  xml.Declaration();
  xml.Begin("LocationConstraint", kS3Namespace);
  // S3 says nothing for its oldest region.
  if (bucket->region != kFirstRegion) xml.Raw(bucket->region);
  xml.End();
  return S3XmlResponse(std::move(text), request.request_id);
}

S3Reply GetBucketPolicy(S3Context& context, const S3Request& request) {
  auto policy = context.objects.BucketPolicy(request.bucket);
  if (!policy.ok()) return BucketOrKeyError(context, request, policy.status());
  if (!policy->has_value()) {
    AwsError error(aws_error::kNoSuchBucketPolicy, "The bucket policy does not exist");
    error.details.emplace_back("BucketName", request.bucket);
    return error;
  }
  auto response = S3EmptyResponse(request, 200);
  response.headers.Add("content-type", "application/json");
  response.body = **policy;
  return response;
}

S3Reply PutBucketPolicy(S3Context& context, const S3Request& request) {
  if (request.body.size() > kPolicyBytesMax) {
    return AwsError(aws_error::kPolicyTooLarge,
                    fmt::format("Policy is {} bytes; the limit is {}", request.body.size(), kPolicyBytesMax));
  }
  const auto document = PolicyDocument::Parse(request.body, PolicyKind::kBucket);
  if (!document.ok()) return AwsError(aws_error::kMalformedPolicy, document.status().message());
  // A policy is about its own bucket alone.
  const std::string arn = fmt::format("arn:aws:s3:::{}", request.bucket);
  for (const auto& statement : document->statements) {
    for (const auto& resource : statement.resources) {
      const bool own = resource == arn || resource.starts_with(arn + "/") || MatchesWildcard(resource, arn) ||
                       MatchesWildcard(resource.substr(0, resource.find('/', arn.find(":::") + 3)), arn);
      if (!own) return AwsError(aws_error::kMalformedPolicy, "Policy has invalid resource");
    }
  }
  const auto put = context.objects.PutBucketPolicy(request.bucket, request.body);
  if (!put.ok()) return BucketOrKeyError(context, request, put);
  return S3EmptyResponse(request, 204);
}

S3Reply DeleteBucketPolicy(S3Context& context, const S3Request& request) {
  const auto deleted = context.objects.DeleteBucketPolicy(request.bucket);
  if (!deleted.ok()) return BucketOrKeyError(context, request, deleted);
  return S3EmptyResponse(request, 204);
}

}  // namespace attune
