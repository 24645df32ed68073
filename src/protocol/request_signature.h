#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/aws_signature.h"
#include "protocol/error.h"
#include "protocol/http_message.h"

namespace attune {

/// A value, or the error to answer with.
template <class T>
using OrAwsError = std::variant<T, AwsError>;

enum class SignatureForm {
  kHeader,  ///< In the Authorization header.
  kQuery,   ///< In the query: a presigned URL.
};

/// What a request says about its signature; nothing of it is checked but the form. A value.
struct RequestSignature {
  SignatureForm form = SignatureForm::kHeader;
  std::string access_key_id;
  CredentialScope scope;                    ///< Its service tells which service the client wants to speak to.
  std::vector<std::string> signed_headers;  ///< Lower case, sorted, each once.
  std::string signature;                    ///< 64 lower-case hexadecimal digits.
  std::string amz_date;                     ///< YYYYMMDDThhmmssZ
  std::int64_t signed_unix_ms = 0;          ///< The same.
  std::int64_t expires_s = 0;               ///< Query form only.
  std::string session_token;                ///< "" if there is none.
  std::optional<std::string> payload_hash;  ///< x-amz-content-sha256, if it is there.
};

/// What can be wrong with a signature; each protocol has its own names for these.
enum class SignatureProblem {
  kAbsent,        ///< There is no signature.
  kMalformed,     ///< It cannot be read.
  kUnknownKey,    ///< The key, or its session token, is not known.
  kExpiredToken,  ///< The session has ended.
  kSkewed,        ///< Signed too long ago, or in the future.
  kExpiredUrl,    ///< A presigned URL that has ended or not begun.
  kUnsigned,      ///< A header that must be signed is not.
  kWrongScope,    ///< Signed for another service or day.
  kMismatch,      ///< Signed by another secret, or altered.
  kWrongPayload,  ///< The body is not the one that was declared.
};
AwsError SignatureError(SignatureProblem problem, Protocol protocol, SignatureForm form, std::string message);

// Beyond these a signature is malformed.
inline constexpr std::size_t kAccessKeyIdMax = 128;
inline constexpr std::size_t kRegionMax = 64;
inline constexpr std::size_t kSignedHeadersMax = 128;

/// Whether `text` is 64 lower-case hexadecimal digits.
bool IsSha256Hex(std::string_view text);

/// The longest life of a presigned URL: a week.
inline constexpr std::int64_t kPresignedExpiresMaxS = 7 * 24 * 60 * 60;

/// Whether the request carries a signature in any form, right or wrong.
bool HasSignature(const HttpRequestHead& head);

/// Reads the signature of a request. The service is not known before that, so the names of errors follow `protocol`,
/// which the caller guesses from the rest of the head.
OrAwsError<RequestSignature> ReadSignature(const HttpRequestHead& head, Protocol protocol);

}  // namespace attune
