#include "protocol/request_signature.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/uri.h"

namespace attune {
namespace {

constexpr std::string_view kScopeEnd = "aws4_request";

ErrorKind JsonErrorKind(SignatureProblem problem) {
  switch (problem) {
    case SignatureProblem::kAbsent: return aws_error::kMissingAuthenticationTokenException;
    case SignatureProblem::kMalformed: return aws_error::kIncompleteSignatureException;
    case SignatureProblem::kUnknownKey: return aws_error::kUnrecognizedClientException;
    case SignatureProblem::kExpiredToken: return aws_error::kExpiredTokenException;
    case SignatureProblem::kSkewed:
    case SignatureProblem::kExpiredUrl: return aws_error::kRequestExpired;
    case SignatureProblem::kUnsigned:
    case SignatureProblem::kWrongScope:
    case SignatureProblem::kMismatch:
    case SignatureProblem::kWrongPayload: return aws_error::kInvalidSignatureException;
  }
  return aws_error::kInternalFailure;
}

ErrorKind QueryErrorKind(SignatureProblem problem) {
  switch (problem) {
    case SignatureProblem::kAbsent: return aws_error::kMissingAuthenticationToken;
    case SignatureProblem::kMalformed: return aws_error::kIncompleteSignature;
    case SignatureProblem::kUnknownKey: return aws_error::kInvalidClientTokenId;
    case SignatureProblem::kExpiredToken: return aws_error::kExpiredToken;
    case SignatureProblem::kSkewed:
    case SignatureProblem::kExpiredUrl: return aws_error::kRequestExpired;
    case SignatureProblem::kUnsigned:
    case SignatureProblem::kWrongScope:
    case SignatureProblem::kMismatch:
    case SignatureProblem::kWrongPayload: return aws_error::kSignatureDoesNotMatch;
  }
  return aws_error::kServiceFailure;
}

ErrorKind S3ErrorKind(SignatureProblem problem, SignatureForm form) {
  const ErrorKind malformed = form == SignatureForm::kHeader ? aws_error::kAuthorizationHeaderMalformed
                                                             : aws_error::kAuthorizationQueryParametersError;
  switch (problem) {
    case SignatureProblem::kAbsent:
    case SignatureProblem::kUnsigned:
    case SignatureProblem::kExpiredUrl: return aws_error::kAccessDenied;
    case SignatureProblem::kMalformed:
    case SignatureProblem::kWrongScope: return malformed;
    case SignatureProblem::kUnknownKey: return aws_error::kInvalidAccessKeyId;
    case SignatureProblem::kExpiredToken: return aws_error::kExpiredToken;
    case SignatureProblem::kSkewed: return aws_error::kRequestTimeTooSkewed;
    case SignatureProblem::kMismatch: return aws_error::kSignatureDoesNotMatch;
    case SignatureProblem::kWrongPayload: return aws_error::kXAmzContentSHA256Mismatch;
  }
  return aws_error::kInternalError;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Reads the parts of either form into a RequestSignature, keeping the first thing that is wrong.
class SignatureReader {
 public:
  SignatureReader(SignatureForm form, Protocol protocol) : protocol_(protocol) { signature_.form = form; }

  void Fail(SignatureProblem problem, std::string message) {
    if (!error_) error_ = SignatureError(problem, protocol_, signature_.form, std::move(message));
  }

  /// The identifier may hold slashes itself, so the scope is what stands last.
  void ReadCredential(std::string_view text) {
    std::string_view parts[4];
    std::string_view left = text;
    for (int i = 3; i >= 0; --i) {
      const std::size_t slash = left.rfind('/');
      if (slash == std::string_view::npos) {
        return Fail(SignatureProblem::kMalformed,
                    fmt::format("Credential must have the form <access key id>/<date>/<region>/"
                                "<service>/{}, not '{}'",
                                kScopeEnd, Shown(text)));
      }
      parts[i] = left.substr(slash + 1);
      left = left.substr(0, slash);
    }
    if (left.empty() || left.size() > kAccessKeyIdMax) {
      return Fail(SignatureProblem::kMalformed,
                  fmt::format("The access key id must have 1 to {} characters, not {}", kAccessKeyIdMax, left.size()));
    }
    if (parts[3] != kScopeEnd) {
      return Fail(SignatureProblem::kMalformed,
                  fmt::format("Credential should be scoped with a valid terminator: '{}', not '{}'", kScopeEnd,
                              Shown(parts[3])));
    }
    const auto region_character = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
    if (parts[1].empty() || parts[1].size() > kRegionMax || !std::ranges::all_of(parts[1], region_character)) {
      return Fail(SignatureProblem::kMalformed,
                  fmt::format("Credential should be scoped to a valid region, not '{}'", Shown(parts[1])));
    }
    signature_.access_key_id = left;
    signature_.scope = {std::string(parts[0]), std::string(parts[1]), std::string(parts[2])};
  }

  void ReadSignedHeaders(std::string_view text) {
    while (!text.empty()) {
      const std::string_view name = text.substr(0, text.find(';'));
      text.remove_prefix(std::min(name.size() + 1, text.size()));
      const bool lower = std::ranges::none_of(name, [](char c) { return c >= 'A' && c <= 'Z'; });
      if (name.empty() || !lower ||
          (!signature_.signed_headers.empty() && name <= std::string_view(signature_.signed_headers.back()))) {
        return Fail(
            SignatureProblem::kMalformed,
            fmt::format("SignedHeaders must be lower-case, sorted and each there once; '{}' is not", Shown(name)));
      }
      if (signature_.signed_headers.size() == kSignedHeadersMax) {
        return Fail(SignatureProblem::kMalformed,
                    fmt::format("There are more than {} SignedHeaders", kSignedHeadersMax));
      }
      signature_.signed_headers.emplace_back(name);
    }
  }

  void ReadSignature(std::string_view text) {
    if (!IsSha256Hex(text)) {
      return Fail(SignatureProblem::kMalformed, "Signature must be 64 lower-case hexadecimal digits");
    }
    signature_.signature = text;
  }

  void ReadDate(std::string_view text) {
    const auto unix_ms = ParseAmzDate(text);
    if (!unix_ms) {
      return Fail(SignatureProblem::kMalformed,
                  fmt::format("X-Amz-Date must have the form YYYYMMDDThhmmssZ, not '{}'", Shown(text)));
    }
    signature_.amz_date = text;
    signature_.signed_unix_ms = *unix_ms;
  }

  void ReadExpires(std::string_view text) {
    std::int64_t seconds = 0;
    for (const char c : text) {
      if (c < '0' || c > '9' || seconds > kPresignedExpiresMaxS) {
        seconds = -1;
        break;
      }
      seconds = seconds * 10 + (c - '0');
    }
    if (text.empty() || seconds < 1 || seconds > kPresignedExpiresMaxS) {
      return Fail(SignatureProblem::kMalformed,
                  fmt::format("X-Amz-Expires must be 1 to {} seconds, not '{}'", kPresignedExpiresMaxS, Shown(text)));
    }
    signature_.expires_s = seconds;
  }

  RequestSignature& signature() { return signature_; }

  OrAwsError<RequestSignature> Take() {
    if (error_) return std::move(*error_);
    return std::move(signature_);
  }

 private:
  /// A part of what a stranger sent, for a message.
  static std::string_view Shown(std::string_view text) { return text.substr(0, 128); }

  const Protocol protocol_;
  RequestSignature signature_;
  std::optional<AwsError> error_;
};

OrAwsError<RequestSignature> ReadHeaderForm(const HttpRequestHead& head, Protocol protocol) {
  SignatureReader reader(SignatureForm::kHeader, protocol);
  for (const char* name : {"Authorization", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256"}) {
    if (head.headers.Count(name) > 1) reader.Fail(SignatureProblem::kMalformed, fmt::format("{} is there twice", name));
  }
  std::string_view left = Trim(head.headers.Find("Authorization").value_or(""));
  const std::string_view algorithm = left.substr(0, left.find(' '));
  if (algorithm != kSignatureAlgorithm) {
    reader.Fail(SignatureProblem::kMalformed,
                fmt::format("The Authorization header must begin with {}", kSignatureAlgorithm));
    return reader.Take();
  }
  left.remove_prefix(algorithm.size());
  bool has_credential = false;
  bool has_signed_headers = false;
  bool has_signature = false;
  while (!left.empty()) {
    const std::string_view part = left.substr(0, left.find(','));
    left.remove_prefix(std::min(part.size() + 1, left.size()));
    const std::string_view trimmed = Trim(part);
    const std::size_t equals = trimmed.find('=');
    const std::string_view name = trimmed.substr(0, equals);
    const std::string_view value = equals == std::string_view::npos ? "" : trimmed.substr(equals + 1);
    if (name == "Credential" && !std::exchange(has_credential, true)) {
      reader.ReadCredential(value);
    } else if (name == "SignedHeaders" && !std::exchange(has_signed_headers, true)) {
      reader.ReadSignedHeaders(value);
    } else if (name == "Signature" && !std::exchange(has_signature, true)) {
      reader.ReadSignature(value);
    } else {
      reader.Fail(SignatureProblem::kMalformed, "The Authorization header has a part that is unknown or there twice");
    }
  }
  if (!has_credential)
    reader.Fail(SignatureProblem::kMalformed, "Authorization header requires 'Credential' parameter.");
  if (!has_signature) reader.Fail(SignatureProblem::kMalformed, "Authorization header requires 'Signature' parameter.");
  if (!has_signed_headers)
    reader.Fail(SignatureProblem::kMalformed, "Authorization header requires 'SignedHeaders' parameter.");
  const auto date = head.headers.Find("X-Amz-Date");
  if (!date) {
    reader.Fail(SignatureProblem::kMalformed, "Authorization header requires existence of a 'X-Amz-Date' header.");
  } else {
    reader.ReadDate(Trim(*date));
  }
  reader.signature().session_token = Trim(head.headers.Find("X-Amz-Security-Token").value_or(""));
  if (const auto hash = head.headers.Find("X-Amz-Content-Sha256")) reader.signature().payload_hash = Trim(*hash);
  return reader.Take();
}

OrAwsError<RequestSignature> ReadQueryForm(const HttpRequestHead& head, Protocol protocol) {
  SignatureReader reader(SignatureForm::kQuery, protocol);
  const auto parameters = ParseQueryString(head.query());
  if (!parameters) {
    reader.Fail(SignatureProblem::kMalformed, "The query cannot be decoded");
    return reader.Take();
  }
  const auto find = [&](std::string_view wanted) {
    std::optional<std::string_view> found;
    for (const auto& [name, value] : *parameters) {
      if (name != wanted) continue;
      if (found) reader.Fail(SignatureProblem::kMalformed, fmt::format("{} is there twice", wanted));
      found = value;
    }
    return found;
  };
  const auto need = [&](std::string_view wanted) {
    const auto found = find(wanted);
    if (!found) reader.Fail(SignatureProblem::kMalformed, fmt::format("The query requires '{}'", wanted));
    return found.value_or("");
  };
  if (need("X-Amz-Algorithm") != kSignatureAlgorithm) {
    reader.Fail(SignatureProblem::kMalformed, fmt::format("X-Amz-Algorithm must be {}", kSignatureAlgorithm));
  }
  reader.ReadCredential(need("X-Amz-Credential"));
  reader.ReadDate(need("X-Amz-Date"));
  reader.ReadExpires(need("X-Amz-Expires"));
  reader.ReadSignedHeaders(need("X-Amz-SignedHeaders"));
  reader.ReadSignature(need("X-Amz-Signature"));
  reader.signature().session_token = find("X-Amz-Security-Token").value_or("");
  if (const auto hash = head.headers.Find("X-Amz-Content-Sha256")) {
    reader.signature().payload_hash = Trim(*hash);
  } else if (const auto parameter = find("X-Amz-Content-Sha256")) {
    reader.signature().payload_hash = *parameter;
  }
  return reader.Take();
}

bool HasParameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(part.size() + 1, query.size()));
    if (part.substr(0, part.find('=')) == name) return true;
  }
  return false;
}

}  // namespace

bool IsSha256Hex(std::string_view text) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return text.size() == 64 && std::ranges::all_of(text, is_digit);
}

AwsError SignatureError(SignatureProblem problem, Protocol protocol, SignatureForm form, std::string message) {
  switch (protocol) {
    case Protocol::kAwsJson11:
    case Protocol::kRestJson: return {JsonErrorKind(problem), std::move(message)};
    case Protocol::kQuery: return {QueryErrorKind(problem), std::move(message)};
    case Protocol::kRestXml: return {S3ErrorKind(problem, form), std::move(message)};
  }
  ATTUNE_CHECK(false);
}

bool HasSignature(const HttpRequestHead& head) {
  return head.headers.Find("Authorization") || HasParameter(head.query(), "X-Amz-Signature") ||
         HasParameter(head.query(), "X-Amz-Algorithm");
}

OrAwsError<RequestSignature> ReadSignature(const HttpRequestHead& head, Protocol protocol) {
  const bool in_header = head.headers.Find("Authorization").has_value();
  const bool in_query = HasParameter(head.query(), "X-Amz-Signature") || HasParameter(head.query(), "X-Amz-Algorithm");
  if (in_header && in_query) {
    return SignatureError(SignatureProblem::kMalformed, protocol, SignatureForm::kQuery,
                          "Only one auth mechanism allowed: the Authorization header or the X-Amz-Algorithm query");
  }
  if (in_header) return ReadHeaderForm(head, protocol);
  if (in_query) return ReadQueryForm(head, protocol);
  return SignatureError(SignatureProblem::kAbsent, protocol, SignatureForm::kHeader,
                        protocol == Protocol::kRestXml ? "Access Denied" : "Missing Authentication Token");
}

}  // namespace attune
