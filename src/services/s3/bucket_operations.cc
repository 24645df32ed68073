#include <fmt/format.h>

#include <charconv>

#include "access/policy_document.h"
#include "access/wildcard.h"
#include "protocol/envelope.h"
#include "protocol/rest_xml.h"
#include "services/s3/http_time.h"
#include "services/s3/s3_access.h"
#include "services/s3/s3_operations.h"

namespace attune {
namespace {

constexpr std::size_t kPolicyBytesMax = 20 * 1024;
constexpr std::size_t kBucketsOfPageMax = 10'000;
constexpr std::string_view kFirstRegion = "us-east-1";

struct BucketsQuestion {
  std::string prefix;
  std::string region;  ///< "" for all.
  std::string after;   ///< Names greater than this.
  std::size_t buckets_max = kBucketsOfPageMax;
};

std::variant<BucketsQuestion, AwsError> ReadBucketsQuestion(const S3Request& request) {
  BucketsQuestion question;
  question.prefix = request.Parameter("prefix").value_or("");
  question.region = request.Parameter("bucket-region").value_or("");
  if (const auto text = request.Parameter("max-buckets")) {
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), question.buckets_max);
    if (error != std::errc() || end != text->data() + text->size() || question.buckets_max < 1 ||
        question.buckets_max > kBucketsOfPageMax) {
      AwsError refused(aws_error::kInvalidArgument,
                       fmt::format("Argument max-buckets must be an integer between 1 and {}", kBucketsOfPageMax));
      refused.details = {{"ArgumentName", "max-buckets"}, {"ArgumentValue", std::string(*text)}};
      return refused;
    }
  }
  if (const auto token = request.Parameter("continuation-token")) {
    auto after = ReadContinuationToken(*token);
    if (!after) return AwsError(aws_error::kInvalidArgument, "The continuation token provided is incorrect");
    question.after = *std::move(after);
  }
  return question;
}

/// The LocationConstraint of the body, "" where it has none.
std::variant<std::string, AwsError> LocationConstraint(const S3Request& request) {
  if (request.body.empty()) return std::string();
  const auto document = XmlDocument::Parse(request.body);
  if (!document.ok() || document->root().name() != "CreateBucketConfiguration") {
    return AwsError(aws_error::kMalformedXML,
                    "The XML you provided was not well-formed or did not validate against our published schema");
  }
  return document->root().ChildText("LocationConstraint").value_or("");
}

/// Where a bucket shall be; every region is accepted, since there is one place alone.
std::string RegionOf(const S3Context& context, const S3Request& request, std::string_view constraint) {
  if (constraint == "EU") return "eu-west-1";
  if (!constraint.empty()) return std::string(constraint);
  if (!request.body.empty()) return std::string(kFirstRegion);
  return request.signed_region.empty() ? context.region : request.signed_region;
}

}  // namespace

S3Reply ListBuckets(S3Context& context, const S3Request& request) {
  const auto buckets = context.objects.ListBuckets();
  if (!buckets.ok()) return S3Error(buckets.status());
  const auto read = ReadBucketsQuestion(request);
  if (const auto* error = std::get_if<AwsError>(&read)) return *error;
  const auto& question = std::get<BucketsQuestion>(read);
  std::string text;
  XmlWriter xml(&text);
  xml.Declaration();
  xml.Begin("ListAllMyBucketsResult", kS3Namespace);
  xml.Begin("Owner");
  xml.Element("ID", S3OwnerId(context));
  xml.Element("DisplayName", context.account_id);
  xml.End();
  xml.Begin("Buckets");
  std::size_t count = 0;
  std::string last;
  bool truncated = false;
  for (const auto& bucket : *buckets) {
    if (bucket.name <= question.after || !bucket.name.starts_with(question.prefix)) continue;
    if (!question.region.empty() && bucket.region != question.region) continue;
    truncated = count == question.buckets_max;
    if (truncated) break;
    ++count;
    last = bucket.name;
    xml.Begin("Bucket");
    xml.Element("Name", bucket.name);
    xml.Element("CreationDate", FormatIsoTime(bucket.created_ms));
    xml.Element("BucketRegion", bucket.region);
    xml.End();
  }
  xml.End();
  if (!question.prefix.empty()) xml.Element("Prefix", question.prefix);
  if (truncated) xml.Element("ContinuationToken", MakeContinuationToken(last));
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
  const auto read = LocationConstraint(request);
  if (const auto* error = std::get_if<AwsError>(&read)) return *error;
  const auto& constraint = std::get<std::string>(read);
  AccessContext told;
  if (!constraint.empty()) told["s3:locationconstraint"] = {constraint};
  const auto may = AuthorizeS3(context, request, {.action = "s3:CreateBucket", .bucket = request.bucket, .key = ""},
                               std::nullopt, std::move(told));
  if (!may.ok()) return S3Error(may);
  const auto created = context.objects.CreateBucket(request.bucket, RegionOf(context, request, constraint));
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
  for (const auto& statement : document->statements) {
    for (const auto& principal : statement.principals.aws) {
      if (context.authorizer.MayBePrincipal(principal)) continue;
      AwsError error(aws_error::kMalformedPolicy, "Invalid principal in policy");
      error.details.emplace_back("Detail", fmt::format("\"AWS\" : \"{}\"", principal));
      return error;
    }
  }
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
