#include "storage/s3_client.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "base/uri.h"
#include "storage/s3_xml.h"

namespace attune {
namespace {

std::string EncodePath(const S3Call& request) {
  std::string path = "/";
  if (request.bucket.empty()) return path;
  path += UriEncode(request.bucket);
  if (request.key.empty()) return path;
  return path + "/" + UriEncode(request.key, EncodeSlash::kNo);
}

std::string EncodeQuery(const S3Call& request) {
  std::string query;
  for (const auto& [name, value] : request.parameters) {
    if (!query.empty()) query.push_back('&');
    query += UriEncode(name) + "=" + UriEncode(value);
  }
  return query;
}

std::string Describe(const S3Call& request) {
  return fmt::format("{} of {}/{} in the S3 store", request.method, request.bucket, request.key);
}

/// Not the store's failure: whoever meets it records none.
Status Stopped() { return Cancelled("the server stops"); }

}  // namespace

S3Client::S3Client(HttpTransport& transport, const Clock& clock, Entropy& entropy, Pause pause, Options options)
    : transport_(transport), clock_(clock), entropy_(entropy), pause_(std::move(pause)), options_(std::move(options)) {}

void S3Client::Cancel() {
  cancelled_ = true;
  transport_.Cancel();
}

HttpReply S3Client::SendOnce(const S3Call& request) const {
  if (cancelled_) return {.transfer = Stopped()};
  HttpCall call{.method = request.method,
                .path = EncodePath(request),
                .query = EncodeQuery(request),
                .headers = request.headers,
                .body = request.body};
  const std::string payload_hash = ToHex(Sha256(request.body));
  call.headers.emplace_back("Host", options_.host);
  call.headers.emplace_back("x-amz-content-sha256", payload_hash);
  const auto signature = SignHeaders(options_.credentials, {.method = call.method,
                                                            .path = call.path,
                                                            .query = call.query,
                                                            .headers = call.headers,
                                                            .payload_hash = payload_hash,
                                                            .unix_ms = clock_.UnixMilliseconds(),
                                                            .region = options_.region,
                                                            .service = "s3",
                                                            .path_form = PathForm::kS3});
  // Path and query were encoded here, so they can be decoded.
  ATTUNE_CHECK(signature.has_value());
  call.headers.insert(call.headers.end(), signature->begin(), signature->end());
  HttpReply reply = transport_.Send(call, request.reply_bytes_max);
  if (cancelled_ && !reply.transfer.ok()) reply.transfer = Stopped();
  return reply;
}

bool S3Client::MayPass(const HttpReply& reply) {
  return !reply.transfer.ok() || reply.status >= 500 || reply.status == 429 || reply.status == 408;
}

void S3Client::PauseBefore(int attempt) const {
  if (attempt < 1 || cancelled_) return;
  const std::int64_t longest =
      std::min<std::int64_t>(options_.first_pause.count() << std::min(attempt - 1, 20), options_.longest_pause.count());
  // Half of it by chance, so that those who failed together do not come back together.
  const std::int64_t jitter =
      static_cast<std::int64_t>(entropy_.NextU64() % static_cast<std::uint64_t>(longest / 2 + 1));
  pause_(std::chrono::milliseconds(longest - jitter));
}

Result<HttpReply> S3Client::Send(const S3Call& request) const {
  HttpReply reply;
  for (int attempt = 0; attempt < options_.attempts_max; ++attempt) {
    PauseBefore(attempt);
    reply = SendOnce(request);
    if (!MayPass(reply)) return reply;
  }
  if (reply.transfer.code() == Code::kCancelled) return reply.transfer;
  if (!reply.transfer.ok()) return IoError(fmt::format("{}: {}", Describe(request), reply.transfer.message()));
  return ErrorOf(request, reply);
}

std::string S3Client::ErrorCodeOf(const HttpReply& reply) { return ParseS3Error(reply.body).code; }

Status S3Client::ErrorOf(const S3Call& request, const HttpReply& reply) {
  const S3Error error = ParseS3Error(reply.body);
  const std::string message =
      fmt::format("{}: status {}{}{}", Describe(request), reply.status, error.code.empty() ? "" : " " + error.code,
                  error.message.empty() ? "" : ": " + error.message);
  if (error.code == "EntityTooSmall") return LimitExceeded(message);
  if (error.code == "BucketNotEmpty") return Busy(message);
  switch (reply.status) {
    case 400: return InvalidArgument(message);
    case 401:
    case 403: return PermissionDenied(message);
    case 404: return NotFound(message);
    case 409: return AlreadyExists(message);
    case 412: return Busy(message);
    case 507: return ResourceExhausted(message);
    default: return IoError(message);
  }
}

}  // namespace attune
