#include "services/s3/sigv2.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "access/wildcard.h"
#include "base/hash.h"
#include "base/uri.h"
#include "services/s3/s3_request.h"

namespace attune {
namespace {

constexpr std::size_t kHmacBlockBytes = 64;
constexpr std::int64_t kMsPerSecond = 1000;

// Query parameters that are part of what is signed, sorted.
constexpr std::array<std::string_view, 26> kSignedParameters = {
    "acl",
    "cors",
    "delete",
    "lifecycle",
    "location",
    "logging",
    "notification",
    "partNumber",
    "policy",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
};

std::string HmacSha1(std::string_view key, std::string_view text) {
  std::string block(key);
  if (block.size() > kHmacBlockBytes) {
    Digest shorter(DigestKind::kSha1);
    shorter.Update(AsBytes(block));
    block = shorter.Finish();
  }
  block.resize(kHmacBlockBytes, '\0');
  const auto hash = [&](char pad, std::string_view rest) {
    std::string mixed = block;
    for (char& c : mixed) c = static_cast<char>(c ^ pad);
    Digest digest(DigestKind::kSha1);
    digest.Update(AsBytes(mixed));
    digest.Update(AsBytes(rest));
    return digest.Finish();
  };
  return hash('\x5c', hash('\x36', text));
}

/// "/bucket/key?acl": `path` as it was sent, with the bucket in front where the host names it.
std::string CanonicalResource(const HttpRequestHead& head, std::string_view path,
                              const std::vector<NameAndValue>& parameters, const std::vector<std::string>& domains) {
  std::string resource;
  const auto address = ParseS3Address(head.headers.Find("host").value_or(""), head.path(), domains);
  const auto in_path = ParseS3Address("", head.path(), {});
  const auto* by_host = std::get_if<S3Address>(&address);
  const auto* by_path = std::get_if<S3Address>(&in_path);
  if (by_host != nullptr && by_path != nullptr && by_host->bucket != by_path->bucket) resource += "/" + by_host->bucket;
  resource += path;
  char separator = '?';
  for (const auto name : kSignedParameters) {
    for (const auto& [each, value] : parameters) {
      if (each != name) continue;
      resource += separator;
      resource += name;
      if (!value.empty()) resource += "=" + value;
      separator = '&';
    }
  }
  return resource;
}

/// Those of the query count as headers: that is how presigned URLs carry the token of a session.
std::string CanonicalAmzHeaders(const HttpHeaders& headers, const std::vector<NameAndValue>& parameters) {
  std::map<std::string, std::string> fields;
  for (const auto& [name, value] : parameters) {
    const auto lower = LowerCase(name);
    if (!lower.starts_with("x-amz-") || headers.Find(lower)) continue;
    auto& joined = fields[lower];  // What somebody adds to the signed one is seen.
    joined += joined.empty() ? value : "," + value;
  }
  for (const auto& [name, value] : headers.fields()) {
    const auto lower = LowerCase(name);
    if (!lower.starts_with("x-amz-")) continue;
    auto& joined = fields[lower];
    joined += joined.empty() ? value : "," + value;
  }
  std::string text;
  for (const auto& [name, value] : fields) text += fmt::format("{}:{}\n", name, value);
  return text;
}

}  // namespace

bool HasSigV2Query(const HttpRequestHead& head) {
  const auto query = head.query();
  return query.find("AWSAccessKeyId=") != std::string_view::npos &&
         query.find("Signature=") != std::string_view::npos && query.find("X-Amz-Signature=") == std::string_view::npos;
}

OrAwsError<VerifiedSignature> VerifySigV2Query(const HttpRequestHead& head, const std::vector<std::string>& domains,
                                               const CredentialStore& credentials, const Clock& clock) {
  const auto parameters = ParseQueryString(head.query());
  if (!parameters) return AwsError(aws_error::kInvalidURI, "Couldn't parse the specified URI.");
  const auto find = [&](std::string_view name) -> std::string {
    for (const auto& [each, value] : *parameters) {
      if (each == name) return value;
    }
    return {};
  };
  const auto expires = find("Expires");
  std::int64_t expires_s = 0;
  const auto [end, wrong] = std::from_chars(expires.data(), expires.data() + expires.size(), expires_s);
  if (wrong != std::errc() || end != expires.data() + expires.size()) {
    return AwsError(aws_error::kAccessDenied,
                    "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters");
  }
  const auto key_id = find("AWSAccessKeyId");
  const auto credential = credentials.Find(key_id);
  if (!credential) {
    AwsError error(aws_error::kInvalidAccessKeyId, "The AWS Access Key Id you provided does not exist in our records.");
    error.details.emplace_back("AWSAccessKeyId", key_id);
    return error;
  }
  const auto header = [&](std::string_view name) {
    const auto sent = head.headers.Find(name);
    return sent ? std::string(*sent) : find(name);
  };
  const auto is_signed = [&](std::string_view path) {
    const auto to_sign = fmt::format("{}\n{}\n{}\n{}\n{}{}", head.method, header("content-md5"), header("content-type"),
                                     expires, CanonicalAmzHeaders(head.headers, *parameters),
                                     CanonicalResource(head, path, *parameters, domains));
    const auto raw = HmacSha1(credential->secret_access_key, to_sign);
    return ConstantTimeEqual(ToBase64(AsBytes(raw)), find("Signature"));
  };
  // Of a bucket itself, clients sign "/bucket/" and send "/bucket".
  const std::string path(head.path());
  const auto address = ParseS3Address(header("host"), path, domains);
  const auto* named = std::get_if<S3Address>(&address);
  const bool is_bucket = named != nullptr && named->key.empty() && !path.ends_with('/');
  if ((!is_signed(path) && !(is_bucket && is_signed(path + "/"))) ||
      !ConstantTimeEqual(credential->session_token, find("x-amz-security-token"))) {
    return AwsError(aws_error::kSignatureDoesNotMatch,
                    "The request signature we calculated does not match the signature you provided. Check your key and "
                    "signing method.");
  }
  const auto now_ms = clock.UnixMilliseconds();
  if (now_ms / kMsPerSecond > expires_s || (credential->expires_unix_ms && now_ms > *credential->expires_unix_ms)) {
    return AwsError(aws_error::kAccessDenied, "Request has expired");
  }
  VerifiedSignature verified;
  verified.access_key_id = key_id;
  verified.credential = *credential;
  verified.payload_check = PayloadCheck::kNone;
  return verified;
}

}  // namespace attune
