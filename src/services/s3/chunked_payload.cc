#include "services/s3/chunked_payload.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "access/wildcard.h"
#include "base/aws_signature.h"

namespace attune {
namespace {

constexpr std::string_view kSignatureField = "x-amz-trailer-signature";

AwsError Malformed() { return {aws_error::kInvalidRequest, "The chunks of the aws-chunked body are not well-formed."}; }

AwsError Incomplete(std::uint64_t received, std::uint64_t expected) {
  return {
      aws_error::kIncompleteBody,
      fmt::format("You did not provide the number of bytes specified by the x-amz-decoded-content-length header: {} "
                  "of {}.",
                  received, expected)};
}

AwsError WrongSignature() {
  return {aws_error::kSignatureDoesNotMatch,
          "The request signature we calculated does not match the signature you provided. Check your key and signing "
          "method."};
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool IsSigned(PayloadCheck check) {
  return check == PayloadCheck::kSignedChunks || check == PayloadCheck::kSignedChunksTrailer;
}

}  // namespace

ChunkedPayload::ChunkedPayload(const VerifiedSignature& signature, std::uint64_t decoded_bytes)
    : signed_(IsSigned(signature.payload_check)),
      has_trailer_(signature.payload_check != PayloadCheck::kSignedChunks),
      decoded_bytes_(decoded_bytes),
      amz_date_(signature.amz_date),
      scope_(signature.scope.ToString()),
      signing_key_(signature.signing_key),
      previous_signature_(signature.signature) {}

std::string ChunkedPayload::StringToSign(std::string_view kind, std::string_view hash) const {
  return fmt::format("AWS4-HMAC-SHA256-{}\n{}\n{}\n{}\n{}", kind, amz_date_, scope_, previous_signature_, hash);
}

std::optional<AwsError> ChunkedPayload::Update(std::span<const std::byte> part, const Sink& sink) {
  while (!part.empty()) {
    if (state_ == State::kDone) return Malformed();
    if (state_ == State::kChunkBytes) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_left_, part.size()));
      const auto bytes = part.first(size);
      received_ += size;
      if (received_ > decoded_bytes_) return Incomplete(received_, decoded_bytes_);
      if (signed_) chunk_hash_.Update(bytes);
      if (auto error = sink(bytes)) return error;
      chunk_left_ -= size;
      part = part.subspan(size);
      if (chunk_left_ == 0) state_ = State::kChunkEnd;
      continue;
    }
    // Everything else is lines.
    const auto newline = std::find(part.begin(), part.end(), std::byte{'\n'});
    const auto size = static_cast<std::size_t>(newline - part.begin());
    if (line_.size() + size > kLineBytesMax) return Malformed();
    line_.append(reinterpret_cast<const char*>(part.data()), size);
    if (newline == part.end()) return std::nullopt;
    part = part.subspan(size + 1);
    if (!line_.empty() && line_.back() == '\r') line_.pop_back();
    const std::string line = std::move(line_);
    line_.clear();
    if (state_ == State::kChunkEnd) {
      if (!line.empty()) return Malformed();
      if (auto error = EndChunk()) return error;
    } else if (auto error = state_ == State::kChunkHeader ? HeaderLine(line) : TrailerLine(line)) {
      return error;
    }
  }
  return std::nullopt;
}

std::optional<AwsError> ChunkedPayload::HeaderLine(std::string_view line) {
  const auto semicolon = line.find(';');
  const auto digits = Trim(line.substr(0, semicolon));
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), chunk_left_, 16);
  if (error != std::errc() || end != digits.data() + digits.size()) return Malformed();
  if (signed_) {
    constexpr std::string_view kExtension = "chunk-signature=";
    const auto extension = semicolon == std::string_view::npos ? std::string_view() : Trim(line.substr(semicolon + 1));
    if (!extension.starts_with(kExtension)) return Malformed();
    chunk_signature_ = extension.substr(kExtension.size());
    chunk_hash_ = Digest(DigestKind::kSha256);
  }
  last_chunk_ = chunk_left_ == 0;
  if (!last_chunk_) {
    state_ = State::kChunkBytes;
    return std::nullopt;
  }
  // After the last chunk's header come the trailer's lines, then an empty one.
  return EndChunk();
}

std::optional<AwsError> ChunkedPayload::EndChunk() {
  if (signed_) {
    const auto raw = chunk_hash_.Finish();
    const auto to_sign = StringToSign("PAYLOAD", fmt::format("{}\n{}", kEmptyPayloadHash, ToHex(AsBytes(raw))));
    const auto expected = SignString(signing_key_, to_sign);
    if (!ConstantTimeEqual(expected, chunk_signature_)) return WrongSignature();
    previous_signature_ = expected;
  }
  state_ = last_chunk_ ? State::kTrailer : State::kChunkHeader;
  return std::nullopt;
}

std::optional<AwsError> ChunkedPayload::TrailerLine(std::string_view line) {
  if (line.empty()) {
    state_ = State::kDone;
    return std::nullopt;
  }
  const auto colon = line.find(':');
  if (!has_trailer_ || colon == std::string_view::npos || trailer_.size() >= kTrailerFieldsMax) {
    return AwsError(aws_error::kMalformedTrailerError,
                    "The request contained trailing data that was not well-formed or did not conform to our published "
                    "schema.");
  }
  const auto name = LowerCase(Trim(line.substr(0, colon)));
  const auto value = Trim(line.substr(colon + 1));
  if (name == kSignatureField) {
    trailer_signature_ = value;
    return std::nullopt;
  }
  trailer_.emplace_back(name, value);
  trailer_text_ += fmt::format("{}:{}\n", name, value);
  return std::nullopt;
}

std::optional<AwsError> ChunkedPayload::CheckTrailerSignature() {
  if (!signed_ || !has_trailer_) return std::nullopt;
  const auto hash = Sha256(trailer_text_);
  const auto expected = SignString(signing_key_, StringToSign("TRAILER", ToHex(hash)));
  if (!ConstantTimeEqual(expected, trailer_signature_)) return WrongSignature();
  return std::nullopt;
}

std::optional<AwsError> ChunkedPayload::Finish() {
  // Some clients leave out the empty line at the very end.
  const bool ended = state_ == State::kDone || (state_ == State::kTrailer && line_.empty());
  if (!ended || received_ != decoded_bytes_) return Incomplete(received_, decoded_bytes_);
  return CheckTrailerSignature();
}

}  // namespace attune
