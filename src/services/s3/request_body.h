#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "protocol/error.h"
#include "protocol/http_message.h"
#include "protocol/sigv4.h"
#include "services/s3/chunked_payload.h"
#include "services/s3/object_checksums.h"

namespace attune {

/// The body of an S3 request on its way in: unpacked from aws-chunked where it is, and checked against everything that
/// the client said about it. One thread at a time.
class RequestBody {
 public:
  using Sink = std::function<Status(std::span<const std::byte>)>;

  /// `sink` gets the object's bytes. Errors of `headers` are told by Finish.
  RequestBody(const VerifiedSignature& signature, const HttpHeaders& headers, Sink sink);

  /// An error stops the upload; Finish tells which.
  Status Update(std::span<const std::byte> part);
  /// What is wrong with the body, if anything; `md5_hex` is called for the MD5 of the bytes that the sink got. Call
  /// once, last.
  std::optional<AwsError> Finish(const std::function<std::string()>& md5_hex);

  /// After Finish: the checksums that the client declared and that hold.
  const std::map<std::string, std::string>& checksums() const { return checksums_.verified(); }

  static constexpr std::uint64_t kObjectBytesMax = std::uint64_t{5} << 30;  ///< Of one PUT.

 private:
  Status Refuse(AwsError error);
  std::optional<AwsError> Begin(const VerifiedSignature& signature, const HttpHeaders& headers);

  const Sink sink_;
  std::optional<AwsError> error_;
  std::uint64_t received_ = 0;
  std::optional<PayloadHashCheck> payload_hash_;
  std::optional<ChunkedPayload> chunks_;
  ObjectChecksums checksums_;
};

}  // namespace attune
