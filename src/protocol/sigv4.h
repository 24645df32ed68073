#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/aws_signature.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/mutex.h"
#include "protocol/error.h"
#include "protocol/http_message.h"
#include "protocol/request_signature.h"

namespace attune {

/// A key pair that may sign requests.
struct Credential {
  std::string secret_access_key;
  /// What the request must bring as X-Amz-Security-Token; empty for long-term keys, which bring none.
  std::string session_token = {};
  std::optional<std::int64_t> expires_unix_ms = {};
  /// Whom the key belongs to, "arn:aws:iam::123456789012:user/alice"; not looked into here.
  std::string principal_arn = {};
};

/// Where keys are found. Thread-safe.
class CredentialStore {
 public:
  virtual ~CredentialStore() = default;
  virtual std::optional<Credential> Find(std::string_view access_key_id) const = 0;
};

/// How one service wants to be signed for, and the names that it gives to what is wrong.
struct SignaturePolicy {
  std::string_view service;  ///< That the scope must name.
  Protocol protocol;         ///< Whose names its errors have; kRestXml is S3, which also leaves Content-Type unsigned.
  PathForm path_form = PathForm::kNormalized;
};
inline constexpr SignaturePolicy kPersonalizeSignatures{"personalize", Protocol::kAwsJson11};
inline constexpr SignaturePolicy kS3Signatures{"s3", Protocol::kRestXml, PathForm::kS3};
inline constexpr SignaturePolicy kIamSignatures{"iam", Protocol::kQuery};
inline constexpr SignaturePolicy kStsSignatures{"sts", Protocol::kQuery};

/// What a declared payload still owes when the head has been verified.
enum class PayloadCheck {
  kHash,                   ///< The body's SHA-256 must be `payload_hash`.
  kNone,                   ///< UNSIGNED-PAYLOAD
  kSignedChunks,           ///< STREAMING-AWS4-HMAC-SHA256-PAYLOAD
  kSignedChunksTrailer,    ///< STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER
  kUnsignedChunksTrailer,  ///< STREAMING-UNSIGNED-PAYLOAD-TRAILER
};

/// Who signed, and what chunks need. A value.
struct VerifiedSignature {
  std::string access_key_id;
  std::string region;
  Credential credential;
  PayloadCheck payload_check = PayloadCheck::kHash;
  std::string payload_hash;  ///< Lower-case hexadecimal, for kHash.
  // The chain of chunk signatures begins with these.
  std::string signature;
  std::string amz_date;
  CredentialScope scope;
  Sha256Digest signing_key{};
};

/// Decides whether requests are signed by a key of the store, lately, for this service, and unaltered. Thread-safe.
class SigV4Verifier {
 public:
  /// A signature is good this long before and after the moment that it names.
  static constexpr std::int64_t kSkewMaxMs = 15 * 60 * 1000;
  /// Keys derived and kept; one more and all are forgotten.
  static constexpr std::size_t kSigningKeysMax = 1024;

  /// Both must outlive the verifier.
  SigV4Verifier(const Clock& clock, const CredentialStore& credentials) : clock_(clock), credentials_(credentials) {}

  /// For requests whose body is held. The body's hash must also be the declared one, where one is declared.
  OrAwsError<VerifiedSignature> Verify(const HttpRequestHead& head, std::string_view body,
                                       const RequestSignature& signature, const SignaturePolicy& policy);

  /// For S3, whose bodies stream: verified over the declared payload hash, before the body comes. `payload_check` of
  /// the answer says what the body must still satisfy.
  OrAwsError<VerifiedSignature> VerifyHead(const HttpRequestHead& head, const RequestSignature& signature,
                                           const SignaturePolicy& policy);

  std::size_t signing_key_count() const;

 private:
  OrAwsError<VerifiedSignature> VerifyWithHash(const HttpRequestHead& head, std::string_view payload_hash,
                                               const RequestSignature& signature, const SignaturePolicy& policy);
  Sha256Digest SigningKey(std::string_view secret_access_key, const CredentialScope& scope);
  void Remember(std::string_view secret_access_key, const CredentialScope& scope, const Sha256Digest& key);

  // Constant after construction; these synchronise themselves.
  const Clock& clock_;
  const CredentialStore& credentials_;
  // Guarded by mutex_.
  mutable SharedMutex mutex_;
  std::unordered_map<std::string, Sha256Digest> signing_keys_ GUARDED_BY(mutex_);
};

/// Hashes a streamed body and compares it with the declared hash. One thread at a time.
class PayloadHashCheck {
 public:
  /// `payload_hash` is lower-case hexadecimal.
  explicit PayloadHashCheck(std::string payload_hash) : payload_hash_(std::move(payload_hash)) {}

  void Update(std::span<const std::byte> part) { digest_.Update(part); }
  /// XAmzContentSHA256Mismatch if the body is another. Call once, last.
  std::optional<AwsError> Finish();

 private:
  const std::string payload_hash_;
  Digest digest_{DigestKind::kSha256};
};

}  // namespace attune
