#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/hash.h"

// AWS Signature Version 4: what a signer and a verifier have in common, and the signer.
// Source: "AWS Signature Version 4 for API requests", AWS Identity and Access Management user guide.
namespace attune {

inline constexpr std::string_view kSignatureAlgorithm = "AWS4-HMAC-SHA256";
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
inline constexpr std::string_view kEmptyPayloadHash =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// How the path of a request becomes the canonical URI.
enum class PathForm {
  kNormalized,  ///< "." and ".." resolved, doubled slashes one, then every segment encoded again: most services.
  kAsSent,      ///< Encoded again, not normalised.
  kS3,          ///< Decoded and encoded once: keys keep their dots and slashes.
};

/// One header field; the name in any case. Several of one name are joined with commas.
using SignedHeaderField = std::pair<std::string, std::string>;

struct CanonicalRequestParts {
  std::string_view method;
  std::string_view path;   ///< As in the request line, percent-encoded, without "?".
  std::string_view query;  ///< As in the request line, after "?".
  PathForm path_form = PathForm::kNormalized;
  std::span<const SignedHeaderField> headers;        ///< All of them; those not signed are passed over.
  std::span<const std::string_view> signed_headers;  ///< Lower case, sorted.
  std::string_view payload_hash;                     ///< Lower-case hexadecimal, or UNSIGNED-PAYLOAD and its kin.
  /// Query parameters that are not signed, as X-Amz-Signature is not.
  std::span<const std::string_view> omitted_parameters = {};
};

/// The canonical request. Nothing if the path (in S3 form) or the query has a wrong percent escape.
std::optional<std::string> CanonicalRequest(const CanonicalRequestParts& parts);

/// "20150830/us-east-1/service/aws4_request"
struct CredentialScope {
  std::string date;  ///< YYYYMMDD
  std::string region;
  std::string service;

  std::string ToString() const;
};

/// `amz_date` is YYYYMMDDThhmmssZ.
std::string StringToSign(std::string_view amz_date, const CredentialScope& scope, std::string_view canonical_request);

Sha256Digest DeriveSigningKey(std::string_view secret_access_key, const CredentialScope& scope);

/// Lower-case hexadecimal.
std::string SignString(const Sha256Digest& signing_key, std::string_view string_to_sign);

/// YYYYMMDDThhmmssZ of a moment; and back, nothing for another form or a day that no calendar has.
std::string FormatAmzDate(std::int64_t unix_ms);
std::optional<std::int64_t> ParseAmzDate(std::string_view text);

struct SigningCredentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token = {};  ///< Empty for long-term keys.
};

/// A request to be signed. Every header given is signed, so pass neither User-Agent nor what a proxy may change; Host
/// must be there.
struct RequestToSign {
  std::string_view method;
  std::string_view path;
  std::string_view query;
  std::span<const SignedHeaderField> headers;
  std::string_view payload_hash;
  std::int64_t unix_ms;
  std::string_view region;
  std::string_view service;
  PathForm path_form = PathForm::kNormalized;
};

/// The headers to add: X-Amz-Date, X-Amz-Security-Token where there is a token, and Authorization. S3 also wants
/// x-amz-content-sha256, which the caller puts among the headers. Nothing where CanonicalRequest gives nothing.
std::optional<std::vector<SignedHeaderField>> SignHeaders(const SigningCredentials& credentials,
                                                          const RequestToSign& request);

/// The query of a presigned request, complete: `request.query` and the X-Amz- parameters. For S3 the payload hash is
/// UNSIGNED-PAYLOAD.
std::optional<std::string> PresignQuery(const SigningCredentials& credentials, const RequestToSign& request,
                                        std::int64_t expires_s);

}  // namespace attune
