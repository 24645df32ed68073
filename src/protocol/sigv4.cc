#include "protocol/sigv4.h"

#include <fmt/format.h>

#include <algorithm>

namespace attune {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool StartsWithIgnoringCase(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && std::ranges::equal(text.substr(0, prefix.size()), prefix, {}, Lower, Lower);
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && StartsWithIgnoringCase(a, b);
}

/// The first header that must be signed and is not. A session token needs no signature: it is compared with the key's.
std::optional<std::string_view> FindUnsignedHeader(const HttpRequestHead& head, const RequestSignature& signature,
                                                   const SignaturePolicy& policy) {
  const auto is_signed = [&](std::string_view name) {
    return std::ranges::any_of(signature.signed_headers,
                               [&](const std::string& signed_name) { return EqualsIgnoringCase(signed_name, name); });
  };
  if (!is_signed("host")) return "host";
  // S3's clients leave the type of what they upload unsigned.
  const bool needs_content_type = policy.protocol != Protocol::kRestXml && signature.form == SignatureForm::kHeader;
  for (const auto& [name, value] : head.headers.fields()) {
    const bool amazon = StartsWithIgnoringCase(name, "x-amz-") && !EqualsIgnoringCase(name, "x-amz-security-token");
    const bool content_type = needs_content_type && EqualsIgnoringCase(name, "content-type");
    if ((amazon || content_type) && !is_signed(name)) return name;
  }
  return std::nullopt;
}

std::optional<AwsError> CheckTime(std::int64_t now_ms, const RequestSignature& signature, Protocol protocol) {
  const std::int64_t age_ms = now_ms - signature.signed_unix_ms;
  if (signature.form == SignatureForm::kQuery) {
    if (age_ms < -SigV4Verifier::kSkewMaxMs) {
      return SignatureError(SignatureProblem::kExpiredUrl, protocol, signature.form, "Request is not valid yet");
    }
    if (age_ms > signature.expires_s * 1000) {
      return SignatureError(SignatureProblem::kExpiredUrl, protocol, signature.form, "Request has expired");
    }
    return std::nullopt;
  }
  if (age_ms > SigV4Verifier::kSkewMaxMs) {
    return SignatureError(SignatureProblem::kSkewed, protocol, signature.form,
                          fmt::format("Signature expired: {} is now earlier than {} ({} - 15 min.)", signature.amz_date,
                                      FormatAmzDate(now_ms - SigV4Verifier::kSkewMaxMs), FormatAmzDate(now_ms)));
  }
  if (age_ms < -SigV4Verifier::kSkewMaxMs) {
    return SignatureError(
        SignatureProblem::kSkewed, protocol, signature.form,
        fmt::format("Signature not yet current: {} is still later than {} ({} + 15 min.)", signature.amz_date,
                    FormatAmzDate(now_ms + SigV4Verifier::kSkewMaxMs), FormatAmzDate(now_ms)));
  }
  return std::nullopt;
}

std::optional<AwsError> CheckScope(const RequestSignature& signature, const SignaturePolicy& policy) {
  if (signature.scope.service != policy.service) {
    return SignatureError(SignatureProblem::kWrongScope, policy.protocol, signature.form,
                          fmt::format("Credential should be scoped to correct service: '{}'.", policy.service));
  }
  if (signature.scope.date != std::string_view(signature.amz_date).substr(0, 8)) {
    return SignatureError(
        SignatureProblem::kWrongScope, policy.protocol, signature.form,
        fmt::format("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
                    "HTTP: '{}' != '{}', from '{}'.",
                    signature.scope.date.substr(0, 16), signature.amz_date.substr(0, 8), signature.amz_date));
  }
  return std::nullopt;
}

std::string MismatchMessage(Protocol protocol) {
  if (protocol == Protocol::kRestXml) {
    return "The request signature we calculated does not match the signature you provided. Check your key and signing "
           "method.";
  }
  return "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
         "Key and signing method. Consult the service documentation for details.";
}

std::string UnknownKeyMessage(Protocol protocol) {
  return protocol == Protocol::kRestXml ? "The AWS Access Key Id you provided does not exist in our records."
                                        : "The security token included in the request is invalid.";
}

PayloadCheck PayloadCheckOf(std::string_view payload_hash) {
  if (payload_hash == kUnsignedPayload) return PayloadCheck::kNone;
  if (payload_hash == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD") return PayloadCheck::kSignedChunks;
  if (payload_hash == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER") return PayloadCheck::kSignedChunksTrailer;
  if (payload_hash == "STREAMING-UNSIGNED-PAYLOAD-TRAILER") return PayloadCheck::kUnsignedChunksTrailer;
  return PayloadCheck::kHash;
}

}  // namespace

OrAwsError<VerifiedSignature> SigV4Verifier::Verify(const HttpRequestHead& head, std::string_view body,
                                                    const RequestSignature& signature, const SignaturePolicy& policy) {
  const std::string& declared = signature.payload_hash.value_or("");
  if (declared == kUnsignedPayload) return VerifyWithHash(head, declared, signature, policy);
  const std::string computed = ToHex(Sha256(body));
  if (signature.payload_hash && declared != computed) {
    return SignatureError(SignatureProblem::kWrongPayload, policy.protocol, signature.form,
                          "The provided 'x-amz-content-sha256' header does not match what was computed.");
  }
  return VerifyWithHash(head, computed, signature, policy);
}

OrAwsError<VerifiedSignature> SigV4Verifier::VerifyHead(const HttpRequestHead& head, const RequestSignature& signature,
                                                        const SignaturePolicy& policy) {
  std::string declared = signature.payload_hash.value_or("");
  if (!signature.payload_hash) {
    if (signature.form == SignatureForm::kHeader) {
      return AwsError(aws_error::kInvalidRequest, "Missing required header for this request: x-amz-content-sha256");
    }
    declared = kUnsignedPayload;
  }
  const PayloadCheck payload_check = PayloadCheckOf(declared);
  if (payload_check == PayloadCheck::kHash && !IsSha256Hex(declared)) {
    return AwsError(aws_error::kInvalidArgument,
                    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, one of the STREAMING- forms, or a valid sha256 "
                    "value.");
  }
  auto verified = VerifyWithHash(head, declared, signature, policy);
  if (auto* value = std::get_if<VerifiedSignature>(&verified)) {
    value->payload_check = payload_check;
    value->payload_hash = std::move(declared);
  }
  return verified;
}

OrAwsError<VerifiedSignature> SigV4Verifier::VerifyWithHash(const HttpRequestHead& head, std::string_view payload_hash,
                                                            const RequestSignature& signature,
                                                            const SignaturePolicy& policy) {
  const auto error = [&](SignatureProblem problem, std::string message) {
    return SignatureError(problem, policy.protocol, signature.form, std::move(message));
  };
  const std::int64_t now_ms = clock_.UnixMilliseconds();
  if (auto wrong = CheckScope(signature, policy)) return std::move(*wrong);
  if (auto wrong = CheckTime(now_ms, signature, policy.protocol)) return std::move(*wrong);
  if (const auto name = FindUnsignedHeader(head, signature, policy)) {
    return error(SignatureProblem::kUnsigned,
                 fmt::format("'{}' must be a 'SignedHeader' in the AWS Authorization.", name->substr(0, 128)));
  }
  auto credential = credentials_.Find(signature.access_key_id);
  if (!credential || !ConstantTimeEqual(credential->session_token, signature.session_token)) {
    return error(SignatureProblem::kUnknownKey, UnknownKeyMessage(policy.protocol));
  }
  if (credential->expires_unix_ms && now_ms >= *credential->expires_unix_ms) {
    return error(SignatureProblem::kExpiredToken, "The security token included in the request is expired");
  }

  const std::vector<std::string_view> signed_headers(signature.signed_headers.begin(), signature.signed_headers.end());
  // The token of a presigned URL may have been added after signing: some clients do one, some the other.
  constexpr std::string_view kOmitted[] = {"X-Amz-Signature", "X-Amz-Security-Token"};
  const std::size_t omitted_max = signature.session_token.empty() ? 1 : 2;
  const Sha256Digest key = SigningKey(credential->secret_access_key, signature.scope);
  const bool query_form = signature.form == SignatureForm::kQuery;
  for (std::size_t omitted = query_form ? 1 : 0; omitted <= (query_form ? omitted_max : 0); ++omitted) {
    const auto canonical = CanonicalRequest({.method = head.method,
                                             .path = head.path(),
                                             .query = head.query(),
                                             .path_form = policy.path_form,
                                             .headers = head.headers.fields(),
                                             .signed_headers = signed_headers,
                                             .payload_hash = payload_hash,
                                             .omitted_parameters = std::span(kOmitted).first(omitted)});
    if (!canonical) return error(SignatureProblem::kMalformed, "The path or the query has a wrong percent escape");
    const std::string expected = SignString(key, StringToSign(signature.amz_date, signature.scope, *canonical));
    if (!ConstantTimeEqual(expected, signature.signature)) continue;
    Remember(credential->secret_access_key, signature.scope, key);
    return VerifiedSignature{.access_key_id = signature.access_key_id,
                             .region = signature.scope.region,
                             .credential = std::move(*credential),
                             .payload_check = PayloadCheck::kHash,
                             .payload_hash = std::string(payload_hash),
                             .signature = signature.signature,
                             .amz_date = signature.amz_date,
                             .scope = signature.scope,
                             .signing_key = key};
  }
  return error(SignatureProblem::kMismatch, MismatchMessage(policy.protocol));
}

Sha256Digest SigV4Verifier::SigningKey(std::string_view secret_access_key, const CredentialScope& scope) {
  {
    const std::string name = fmt::format("{}\n{}", scope.ToString(), secret_access_key);
    ReaderLock lock(mutex_);
    const auto found = signing_keys_.find(name);
    if (found != signing_keys_.end()) return found->second;
  }
  return DeriveSigningKey(secret_access_key, scope);
}

void SigV4Verifier::Remember(std::string_view secret_access_key, const CredentialScope& scope,
                             const Sha256Digest& key) {
  std::string name = fmt::format("{}\n{}", scope.ToString(), secret_access_key);
  {
    ReaderLock lock(mutex_);
    if (signing_keys_.contains(name)) return;
  }
  WriterLock lock(mutex_);
  if (signing_keys_.size() >= kSigningKeysMax) signing_keys_.clear();
  signing_keys_.emplace(std::move(name), key);
}

std::size_t SigV4Verifier::signing_key_count() const {
  ReaderLock lock(mutex_);
  return signing_keys_.size();
}

std::optional<AwsError> PayloadHashCheck::Finish() {
  const std::string digest = digest_.Finish();
  if (ToHex(AsBytes(digest)) == payload_hash_) return std::nullopt;
  return AwsError(aws_error::kXAmzContentSHA256Mismatch,
                  "The provided 'x-amz-content-sha256' header does not match what was computed.");
}

}  // namespace attune
