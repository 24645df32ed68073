#include "services/s3/s3_access.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "access/wildcard.h"
#include "base/aws_signature.h"

namespace attune {
namespace {

constexpr std::string_view kAmzPrefix = "x-amz-";
constexpr std::array<std::string_view, 8> kSignatureParameters = {
    "x-amz-algorithm", "x-amz-credential",     "x-amz-date",          "x-amz-expires",
    "x-amz-signature", "x-amz-security-token", "x-amz-signedheaders", "x-amz-content-sha256",
};

AccessContext Told(const S3Context& context, const S3Request& request) {
  AccessContext told;
  for (const auto& [parameter, name] : {std::pair{"prefix", "s3:prefix"},
                                        {"delimiter", "s3:delimiter"},
                                        {"max-keys", "s3:max-keys"},
                                        {"versionId", "s3:versionid"}}) {
    if (const auto value = request.Parameter(parameter)) told[name] = {std::string(*value)};
  }
  for (const auto& [name, value] : request.head.headers.fields()) {
    const auto lower = LowerCase(name);
    if (lower.starts_with(kAmzPrefix) || lower == "if-match" || lower == "if-none-match") {
      told["s3:" + lower].push_back(value);
    }
  }
  told["s3:resourceaccount"] = {context.account_id};
  const auto signed_at = request.Parameter("X-Amz-Date");
  const bool is_version_2 = request.HasParameter("AWSAccessKeyId");
  const bool in_query = request.HasParameter("X-Amz-Signature") || is_version_2;
  told["s3:authtype"] = {in_query ? "REST-QUERY-STRING" : "REST-HEADER"};
  told["s3:signatureversion"] = {is_version_2 ? "AWS" : "AWS4-HMAC-SHA256"};
  const auto signed_ms = signed_at ? ParseAmzDate(*signed_at) : std::nullopt;
  if (signed_ms) told["s3:signatureage"] = {std::to_string(context.clock.UnixMilliseconds() - *signed_ms)};
  return told;
}

}  // namespace

Status AuthorizeS3(const S3Context& context, const S3Request& request, const S3Deed& deed,
                   std::optional<std::string> resource_policy, AccessContext more) {
  // As on AWS, the account's root can always see and remove a policy, or it could lock itself out.
  if (request.caller.is_root() && deed.action.ends_with("BucketPolicy")) resource_policy.reset();
  std::string resource = fmt::format("arn:aws:s3:::{}", deed.bucket.empty() ? "*" : deed.bucket);
  if (!deed.key.empty()) resource += fmt::format("/{}", deed.key);
  more.merge(Told(context, request));
  return context.authorizer.Authorize(request.caller, {.action = deed.action,
                                                       .resource = resource,
                                                       .resource_policy = std::move(resource_policy),
                                                       .context = std::move(more)});
}

AwsError MissingObjectError(const S3Context& context, const S3Request& request, std::string_view bucket,
                            std::string_view key, const Status& status) {
  if (status.code() != Code::kNotFound) return S3Error(status);
  auto policy = context.objects.BucketPolicy(std::string(bucket));
  if (!policy.ok()) {
    return policy.status().code() == Code::kNotFound ? NoSuchBucketError(bucket) : S3Error(policy.status());
  }
  const auto may_list =
      AuthorizeS3(context, request, {.action = "s3:ListBucket", .bucket = bucket, .key = ""}, *std::move(policy));
  return may_list.ok() ? NoSuchKeyError(key) : S3Error(may_list);
}

void MoveSignedQueryToHeaders(S3Request* request) {
  for (const auto& [name, value] : request->parameters) {
    const auto lower = LowerCase(name);
    if (!lower.starts_with(kAmzPrefix) || request->head.headers.Find(lower)) continue;
    if (std::ranges::find(kSignatureParameters, lower) != kSignatureParameters.end()) continue;
    request->head.headers.Add(lower, value);
  }
}

}  // namespace attune
