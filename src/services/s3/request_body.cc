#include "services/s3/request_body.h"

#include <fmt/format.h>

#include <charconv>

#include "services/s3/s3_request.h"

namespace attune {
namespace {

std::optional<std::uint64_t> DecodedLength(const HttpHeaders& headers) {
  const auto text = headers.Find("x-amz-decoded-content-length");
  std::uint64_t length = 0;
  if (!text) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), length);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return length;
}

AwsError TooLarge(std::uint64_t size) {
  AwsError error(aws_error::kEntityTooLarge, "Your proposed upload exceeds the maximum allowed size");
  error.details = {{"ProposedSize", std::to_string(size)},
                   {"MaxSizeAllowed", std::to_string(RequestBody::kObjectBytesMax)}};
  return error;
}

}  // namespace

RequestBody::RequestBody(const VerifiedSignature& signature, const HttpHeaders& headers, Sink sink)
    : sink_(std::move(sink)) {
  error_ = Begin(signature, headers);
}

std::optional<AwsError> RequestBody::Begin(const VerifiedSignature& signature, const HttpHeaders& headers) {
  if (auto error = checksums_.ReadHeaders(headers)) return error;
  switch (signature.payload_check) {
    case PayloadCheck::kHash: payload_hash_.emplace(signature.payload_hash); return std::nullopt;
    case PayloadCheck::kNone: return std::nullopt;
    case PayloadCheck::kSignedChunks:
    case PayloadCheck::kSignedChunksTrailer:
    case PayloadCheck::kUnsignedChunksTrailer: break;
  }
  const auto length = DecodedLength(headers);
  if (!length) return AwsError(aws_error::kMissingContentLength, "You must provide the Content-Length HTTP header.");
  if (*length > kObjectBytesMax) return TooLarge(*length);
  chunks_.emplace(signature, *length);
  return std::nullopt;
}

Status RequestBody::Refuse(AwsError error) {
  error_ = std::move(error);
  return InvalidArgument("the body is refused");
}

Status RequestBody::Update(std::span<const std::byte> part) {
  if (error_) return InvalidArgument("the body is refused");
  const auto take = [this](std::span<const std::byte> bytes) -> std::optional<AwsError> {
    received_ += bytes.size();
    if (received_ > kObjectBytesMax) return TooLarge(received_);
    checksums_.Update(bytes);
    if (const auto status = sink_(bytes); !status.ok()) return S3Error(status);
    return std::nullopt;
  };
  if (payload_hash_) payload_hash_->Update(part);
  auto error = chunks_ ? chunks_->Update(part, take) : take(part);
  return error ? Refuse(*std::move(error)) : Status();
}

std::optional<AwsError> RequestBody::Finish(const std::function<std::string()>& md5_hex) {
  if (error_) return error_;
  if (payload_hash_) {
    if (auto error = payload_hash_->Finish()) return error;
  }
  if (chunks_) {
    if (auto error = chunks_->Finish()) return error;
    for (const auto& [name, value] : chunks_->trailer()) {
      if (auto error = checksums_.AddTrailer(name, value)) return error;
    }
  }
  return checksums_.Finish(md5_hex());
}

}  // namespace attune
