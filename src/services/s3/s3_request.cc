#include "services/s3/s3_request.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "protocol/envelope.h"

namespace attune {
namespace {

constexpr std::string_view kTokenPrefix = "1:";  // The form of continuation tokens.
constexpr std::size_t kBucketNameMin = 3;
constexpr std::size_t kBucketNameMax = 63;

bool IsLowerOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

/// "192.168.5.4"
bool LooksLikeAddress(std::string_view name) {
  return std::count(name.begin(), name.end(), '.') == 3 &&
         std::all_of(name.begin(), name.end(), [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

bool IsBucketName(std::string_view name) {
  if (name.size() < kBucketNameMin || name.size() > kBucketNameMax) return false;
  if (!IsLowerOrDigit(name.front()) || !IsLowerOrDigit(name.back())) return false;
  for (const char c : name) {
    if (!IsLowerOrDigit(c) && c != '-' && c != '.') return false;
  }
  return name.find("..") == std::string_view::npos && !LooksLikeAddress(name) && !name.starts_with("xn--") &&
         !name.starts_with("sthree-") && !name.ends_with("-s3alias") && !name.ends_with("--ol-s3");
}

std::string_view WithoutPort(std::string_view host) {
  const auto colon = host.rfind(':');
  return colon == std::string_view::npos || host.back() == ']' ? host : host.substr(0, colon);
}

}  // namespace

std::optional<std::string_view> S3Request::Parameter(std::string_view name) const {
  for (const auto& [each, value] : parameters) {
    if (each == name) return value;
  }
  return std::nullopt;
}

std::variant<S3Address, AwsError> ParseS3Address(std::string_view host, std::string_view path,
                                                 const std::vector<std::string>& domains) {
  const auto decoded = PercentDecode(path);
  if (!decoded || decoded->empty() || decoded->front() != '/') {
    return AwsError(aws_error::kInvalidURI, "Couldn't parse the specified URI.");
  }
  const std::string_view name = WithoutPort(host);
  for (const auto& domain : domains) {
    if (name.size() > domain.size() + 1 && name.ends_with(domain) && name[name.size() - domain.size() - 1] == '.') {
      return S3Address{.bucket = std::string(name.substr(0, name.size() - domain.size() - 1)),
                       .key = decoded->substr(1)};
    }
  }
  const auto slash = decoded->find('/', 1);
  if (slash == std::string::npos) return S3Address{.bucket = decoded->substr(1), .key = {}};
  return S3Address{.bucket = decoded->substr(1, slash - 1), .key = decoded->substr(slash + 1)};
}

std::optional<AwsError> CheckBucketName(std::string_view bucket) {
  if (IsBucketName(bucket)) return std::nullopt;
  AwsError error(aws_error::kInvalidBucketName, "The specified bucket is not valid.");
  error.details.emplace_back("BucketName", std::string(bucket));
  return error;
}

std::string MakeContinuationToken(std::string_view name) {
  return ToBase64(AsBytes(fmt::format("{}{}", kTokenPrefix, name)));
}

std::optional<std::string> ReadContinuationToken(std::string_view token) {
  const auto text = FromBase64(token);
  if (!text || !text->starts_with(kTokenPrefix)) return std::nullopt;
  return text->substr(kTokenPrefix.size());
}

AwsError S3Error(const Status& status) {
  switch (status.code()) {
    case Code::kInvalidArgument: return {aws_error::kInvalidArgument, status.message()};
    case Code::kNotFound: return {aws_error::kNoSuchKey, "The specified key does not exist."};
    case Code::kAlreadyExists:
      return {aws_error::kBucketAlreadyOwnedByYou,
              "Your previous request to create the named bucket succeeded and you already own it."};
    case Code::kBusy: return {aws_error::kBucketNotEmpty, "The bucket you tried to delete is not empty"};
    case Code::kPermissionDenied: return {aws_error::kAccessDenied, status.message()};
    case Code::kResourceExhausted: return {aws_error::kSlowDown, status.message()};
    case Code::kUnimplemented: return {aws_error::kNotImplemented, status.message()};
    case Code::kOk:
    case Code::kLimitExceeded:
    case Code::kInvalidPageToken:
    case Code::kTooManyTags:
    case Code::kTooManyTagKeys:
    case Code::kCorrupt:
    case Code::kIo:
    case Code::kCancelled:
    case Code::kInternal: break;
  }
  return {aws_error::kInternalError, "We encountered an internal error. Please try again."};
}

AwsError NoSuchBucketError(std::string_view bucket) {
  AwsError error(aws_error::kNoSuchBucket, "The specified bucket does not exist");
  error.details.emplace_back("BucketName", std::string(bucket));
  return error;
}

AwsError NoSuchKeyError(std::string_view key) {
  AwsError error(aws_error::kNoSuchKey, "The specified key does not exist.");
  error.details.emplace_back("Key", std::string(key));
  return error;
}

AwsError NoSuchUploadError(std::string_view upload_id) {
  AwsError error(aws_error::kNoSuchUpload,
                 "The specified upload does not exist. The upload ID may be invalid, or the upload may have been "
                 "aborted or completed.");
  error.details.emplace_back("UploadId", std::string(upload_id));
  return error;
}

AwsError BucketOrKeyError(const S3Context& context, const S3Request& request, const Status& status) {
  if (status.code() != Code::kNotFound) return S3Error(status);
  const auto bucket = context.objects.FindBucket(request.bucket);
  if (!bucket.ok() && bucket.status().code() == Code::kNotFound) return NoSuchBucketError(request.bucket);
  return NoSuchKeyError(request.key);
}

HttpResponse S3EmptyResponse(const S3Request& request, int status) {
  auto response = S3Response(request.request_id);
  response.status = status;
  return response;
}

}  // namespace attune
