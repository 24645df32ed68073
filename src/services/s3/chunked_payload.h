#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "protocol/error.h"
#include "protocol/sigv4.h"

namespace attune {

/// Unpacks a body of content encoding aws-chunked:
///   <size in hexadecimal>[;chunk-signature=<64 hexadecimal digits>]CRLF <bytes> CRLF …, a last chunk of size 0, and
///   after it, where announced, trailer fields of "name:value" lines, the last of them x-amz-trailer-signature.
/// Each chunk's signature covers the one before, so that chunks cannot be left out or exchanged. One thread at a time.
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
class ChunkedPayload {
 public:
  using Sink = std::function<std::optional<AwsError>(std::span<const std::byte>)>;

  /// `signature` says whether chunks are signed and whether a trailer follows. `decoded_bytes`: what the chunks must
  /// hold in all.
  ChunkedPayload(const VerifiedSignature& signature, std::uint64_t decoded_bytes);

  /// Gives what it unpacks to `sink`; bytes of a signed chunk come before the chunk's signature has been checked, so
  /// nothing of them may be used until Finish has returned no error. Stops at the first error.
  std::optional<AwsError> Update(std::span<const std::byte> part, const Sink& sink);
  /// IncompleteBody if the last chunk or the trailer is missing.
  std::optional<AwsError> Finish();

  /// After Finish: the fields of the trailer but its signature.
  const std::vector<std::pair<std::string, std::string>>& trailer() const { return trailer_; }

  static constexpr std::size_t kLineBytesMax = 4096;
  static constexpr std::size_t kTrailerFieldsMax = 16;

 private:
  enum class State { kChunkHeader, kChunkBytes, kChunkEnd, kTrailer, kDone };

  std::optional<AwsError> HeaderLine(std::string_view line);
  std::optional<AwsError> TrailerLine(std::string_view line);
  std::optional<AwsError> EndChunk();
  std::optional<AwsError> CheckTrailerSignature();
  std::string StringToSign(std::string_view kind, std::string_view hash) const;

  // Constant after construction.
  const bool signed_;
  const bool has_trailer_;
  const std::uint64_t decoded_bytes_;
  const std::string amz_date_;
  const std::string scope_;
  const Sha256Digest signing_key_;
  // One thread at a time.
  State state_ = State::kChunkHeader;
  std::string line_;
  std::uint64_t chunk_left_ = 0;
  bool last_chunk_ = false;
  std::uint64_t received_ = 0;
  std::string previous_signature_;
  std::string chunk_signature_;
  Digest chunk_hash_{DigestKind::kSha256};
  std::string trailer_text_;  ///< As it is signed: "name:value\n" each.
  std::string trailer_signature_;
  std::vector<std::pair<std::string, std::string>> trailer_;
};

}  // namespace attune
