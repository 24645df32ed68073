#include "services/s3/s3_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "protocol/envelope.h"
#include "services/access/credential_store.h"
#include "services/s3/request_body.h"
#include "services/s3/s3_access.h"
#include "services/s3/sigv2.h"

namespace attune {
namespace {

HttpResponse ToResponse(const HttpRequestHead& head, std::string_view request_id, S3Reply reply) {
  if (auto* response = std::get_if<HttpResponse>(&reply)) return std::move(*response);
  const auto body = head.method == "HEAD" ? ErrorBody::kOmit : ErrorBody::kSend;
  const auto& error = std::get<AwsError>(reply);
  auto response = S3ErrorResponse(error, head.path(), request_id, body);
  for (const auto& [name, value] : error.details) {
    if (name == "ActualObjectSize") response.headers.Add("content-range", "bytes */" + value);
    if (name == "Region") response.headers.Add("x-amz-bucket-region", value);
  }
  return response;
}

/// Refused before its body came: takes a little of it, so that a client that sends before it reads gets the answer on
/// a connection that lives on.
class RefusedExchange final : public ServiceExchange {
 public:
  RefusedExchange(HttpRequestHead head, std::string request_id, AwsError error)
      : head_(std::move(head)), request_id_(std::move(request_id)), error_(std::move(error)) {}

  std::string_view operation() const override { return ""; }
  /// None: the refusal says what is wrong, too large a body among others.
  std::uint64_t body_bytes_max() const override { return std::numeric_limits<std::uint64_t>::max(); }
  Status OnBody(std::span<const std::byte> part) override {
    received_ += part.size();
    // An empty part asks whether a client that waits for "100 Continue" shall send its body.
    return part.empty() || received_ > kDrainedBytesMax ? InvalidArgument(error_.message) : Status();
  }
  HttpResponse Finish() override { return ToResponse(head_, request_id_, error_); }

 private:
  static constexpr std::uint64_t kDrainedBytesMax = 256 << 10;

  const HttpRequestHead head_;
  const std::string request_id_;
  const AwsError error_;
  std::uint64_t received_ = 0;
};

/// What the headers say about the body itself: at the end of an upload in parts x-amz-checksum-* is of the object.
HttpHeaders HeadersOfBody(const S3Operation& operation, const HttpHeaders& headers) {
  if (operation.handler != &CompleteMultipartUpload) return headers;
  HttpHeaders kept;
  for (const auto& [name, value] : headers.fields()) {
    std::string lower = name;
    std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; });
    if (!lower.starts_with("x-amz-checksum-")) kept.Add(name, value);
  }
  return kept;
}

/// An operation whose body, if it has one, is held.
class HeldExchange final : public ServiceExchange {
 public:
  HeldExchange(S3Context& context, const S3Operation& operation, S3Request request, const VerifiedSignature& signature)
      : context_(context),
        operation_(operation),
        request_(std::move(request)),
        body_(signature, HeadersOfBody(operation, request_.head.headers),
              [this](std::span<const std::byte> bytes) -> Status {
                if (request_.body.size() + bytes.size() > S3Service::kHeldBodyBytesMax) {
                  return InvalidArgument(fmt::format("the body is larger than {} bytes", S3Service::kHeldBodyBytesMax));
                }
                request_.body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
                return {};
              }) {}

  std::string_view operation() const override { return operation_.name; }
  std::uint64_t body_bytes_max() const override { return S3Service::kHeldBodyBytesMax; }
  Status OnBody(std::span<const std::byte> part) override { return body_.Update(part); }
  HttpResponse Finish() override {
    const auto md5_hex = [this] {
      Digest digest(DigestKind::kMd5);
      digest.Update(AsBytes(request_.body));
      return ToHex(AsBytes(digest.Finish()));
    };
    if (auto error = body_.Finish(md5_hex)) return ToResponse(request_.head, request_.request_id, *std::move(error));
    return ToResponse(request_.head, request_.request_id, operation_.handler(context_, request_));
  }

 private:
  S3Context& context_;
  const S3Operation& operation_;
  S3Request request_;
  RequestBody body_;
};

/// PutObject and UploadPart: the body goes to the store as it comes.
class UploadExchange final : public ServiceExchange {
 public:
  UploadExchange(S3Context& context, const S3Operation& operation, S3Request request,
                 const VerifiedSignature& signature, std::unique_ptr<ObjectWriter> writer)
      : context_(context),
        operation_(operation),
        request_(std::move(request)),
        writer_(std::move(writer)),
        body_(signature, request_.head.headers,
              [this](std::span<const std::byte> bytes) { return writer_->Append(bytes); }) {}

  std::string_view operation() const override { return operation_.name; }
  /// Chunks add a little to the object's own bytes.
  std::uint64_t body_bytes_max() const override { return RequestBody::kObjectBytesMax / 64 * 65; }
  Status OnBody(std::span<const std::byte> part) override { return body_.Update(part); }
  HttpResponse Finish() override {
    if (auto error = body_.Finish([this] { return writer_->Md5Hex(); })) {
      return ToResponse(request_.head, request_.request_id, *std::move(error));
    }
    for (const auto& [algorithm, text] : body_.checksums()) writer_->SetChecksum(algorithm, text);
    return ToResponse(request_.head, request_.request_id, FinishUpload(context_, request_, *writer_));
  }

 private:
  S3Context& context_;
  const S3Operation& operation_;
  const S3Request request_;
  const std::unique_ptr<ObjectWriter> writer_;
  RequestBody body_;
};

std::vector<std::string> AllDomains(const S3Service::Options& options) {
  auto domains = options.domains;
  for (const auto& known : {std::string("localhost"), std::string("s3.localhost"), std::string("s3.amazonaws.com"),
                            fmt::format("s3.{}.amazonaws.com", options.region)}) {
    domains.push_back(known);
  }
  // The longest first: "b.s3.localhost" is bucket b, not b.s3.
  std::sort(domains.begin(), domains.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  return domains;
}

}  // namespace

S3Service::S3Service(ObjectStore& objects, const CredentialStore& credentials, const Authorizer& authorizer,
                     const Clock& clock, Options options)
    : credentials_(credentials),
      clock_(clock),
      domains_(AllDomains(options)),
      may_write_(options.may_write),
      context_{.objects = objects,
               .clock = clock,
               .authorizer = authorizer,
               .region = options.region,
               .account_id = options.account_id},
      verifier_(clock, credentials) {}

OrAwsError<VerifiedSignature> S3Service::Verify(const HttpRequestHead& head) {
  if (HasSigV2Query(head)) return VerifySigV2Query(head, domains_, credentials_, clock_);
  auto signature = ReadSignature(head, Protocol::kRestXml);
  if (auto* error = std::get_if<AwsError>(&signature)) {
    // Some clients begin with a region of their own and go on with the one that they are told.
    if (error->code() == aws_error::kAuthorizationHeaderMalformed.name) {
      error->details.emplace_back("Region", context_.region);
    }
    return std::move(*error);
  }
  return verifier_.VerifyHead(head, std::get<RequestSignature>(signature), kS3Signatures);
}

std::optional<AwsError> S3Service::CheckAccess(const S3Request& request, const S3Operation& operation) {
  std::optional<std::string> policy;
  const bool creates = operation.scope == S3Scope::kService || operation.handler == &CreateBucket;
  if (!creates) {
    auto found = context_.objects.BucketPolicy(request.bucket);
    if (!found.ok()) return BucketOrKeyError(context_, request, found.status());
    policy = *std::move(found);
  }
  // CreateBucket asks by itself, once it has read where the bucket shall be.
  if (operation.action.empty() || operation.handler == &CreateBucket) return std::nullopt;
  const auto may = AuthorizeS3(context_, request,
                               {.action = operation.action,
                                .bucket = request.bucket,
                                .key = operation.scope == S3Scope::kObject ? request.key : std::string_view()},
                               std::move(policy));
  if (!may.ok()) return S3Error(may);
  return std::nullopt;
}

std::optional<AwsError> S3Service::CheckHostIsNoBucket(const S3Request& request) const {
  const auto host = request.Header("host").value_or("");
  if (request.head.path() == "/") return std::nullopt;  // The host names the new bucket.
  for (auto dot = host.find('.'); dot != std::string_view::npos; dot = host.find('.', dot + 1)) {
    const std::string bucket(host.substr(0, dot));
    if (CheckBucketName(bucket) || !context_.objects.FindBucket(bucket).ok()) continue;
    return AwsError(
        aws_error::kInvalidRequest,
        fmt::format("The host {} seems to name the bucket {}, but its domain is not known here, so this would "
                    "create a bucket named {}. Start attune serve with --s3-domains {}, or use path style.",
                    host, bucket, request.bucket, host.substr(dot + 1, host.find(':') - dot - 1)));
  }
  return std::nullopt;
}

OrAwsError<S3Service::Admitted> S3Service::Admit(RoutedRequest routed) {
  Admitted admitted;
  auto& request = admitted.request;
  request.head = std::move(routed.head);
  request.request_id = std::move(routed.request_id);

  auto verified = Verify(request.head);
  if (auto* error = std::get_if<AwsError>(&verified)) return std::move(*error);
  admitted.signature = std::get<VerifiedSignature>(std::move(verified));
  request.caller = CallerOf(admitted.signature, request.head);
  request.signed_region = admitted.signature.region;

  auto address = ParseS3Address(request.Header("host").value_or(""), request.head.path(), domains_);
  if (auto* error = std::get_if<AwsError>(&address)) return std::move(*error);
  request.bucket = std::get<S3Address>(address).bucket;
  request.key = std::get<S3Address>(address).key;
  if (request.key.size() > ObjectStore::kKeyBytesMax) {
    AwsError error(aws_error::kKeyTooLongError, "Your key is too long");
    error.details = {{"Size", std::to_string(request.key.size())},
                     {"MaxSizeAllowed", std::to_string(ObjectStore::kKeyBytesMax)}};
    return error;
  }
  auto parameters = ParseQueryString(request.head.query());
  if (!parameters) return AwsError(aws_error::kInvalidURI, "Couldn't parse the specified URI.");
  request.parameters = *std::move(parameters);
  MoveSignedQueryToHeaders(&request);

  for (const auto* const header : {"x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner"}) {
    const auto owner = request.Header(header);
    if (owner && *owner != context_.account_id) return AwsError(aws_error::kAccessDenied, "Access Denied");
  }
  auto operation = FindS3Operation(request);
  if (auto* error = std::get_if<AwsError>(&operation)) return std::move(*error);
  admitted.operation = std::get<const S3Operation*>(operation);
  if (admitted.operation->handler == &CreateBucket) {
    if (auto error = CheckHostIsNoBucket(request)) return *std::move(error);
  }
  if (auto error = CheckAccess(request, *admitted.operation)) return *std::move(error);
  if (auto error = CheckMayWrite(request)) return *std::move(error);
  return admitted;
}

std::optional<AwsError> S3Service::CheckMayWrite(const S3Request& request) const {
  // What deletes makes room: it goes on, DeleteObjects (a POST with ?delete) too.
  const bool adds = request.head.method == "PUT" || (request.head.method == "POST" && !request.HasParameter("delete"));
  if (!adds || !may_write_) return std::nullopt;
  const Status may = may_write_();
  return may.ok() ? std::nullopt : std::optional(S3Error(may));
}

std::unique_ptr<ServiceExchange> S3Service::Begin(RoutedRequest routed) {
  const auto head = routed.head;
  const auto request_id = routed.request_id;
  const auto refuse = [&](AwsError error) {
    return std::make_unique<RefusedExchange>(head, request_id, std::move(error));
  };
  auto admitted_or_error = Admit(std::move(routed));
  if (auto* error = std::get_if<AwsError>(&admitted_or_error)) return refuse(std::move(*error));
  auto& admitted = std::get<Admitted>(admitted_or_error);
  const auto& operation = *admitted.operation;
  if (operation.handler != nullptr) {
    return std::make_unique<HeldExchange>(context_, operation, std::move(admitted.request), admitted.signature);
  }
  const auto check = admitted.signature.payload_check;
  const bool in_chunks = check != PayloadCheck::kHash && check != PayloadCheck::kNone;
  const std::uint64_t bytes_max = RequestBody::kObjectBytesMax / 64 * (in_chunks ? 65 : 64);
  if (admitted.request.head.content_length.value_or(0) > bytes_max) {
    return refuse({aws_error::kEntityTooLarge, "Your proposed upload exceeds the maximum allowed size"});
  }
  auto writer = BeginUpload(context_, admitted.request);
  if (auto* error = std::get_if<AwsError>(&writer)) return refuse(std::move(*error));
  return std::make_unique<UploadExchange>(context_, operation, std::move(admitted.request), admitted.signature,
                                          std::get<0>(std::move(writer)));
}

}  // namespace attune
