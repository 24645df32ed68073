#include "base/aws_signature.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/uri.h"

namespace attune {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string ToLower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), Lower);
  return lower;
}

bool EqualsIgnoringCase(std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, Lower, Lower); }

/// Without spaces at the ends, and with one for each run of them inside (of newlines too: folded fields).
void AppendTrimmed(std::string_view value, std::string* out) {
  const std::size_t start = out->size();
  bool pending_space = false;
  for (const char c : value) {
    if (IsSpace(c)) {
      pending_space = out->size() > start;
      continue;
    }
    if (std::exchange(pending_space, false)) out->push_back(' ');
    out->push_back(c);
  }
}

std::string NormalizedPath(std::string_view path) {
  std::vector<std::string_view> segments;
  bool ends_in_slash = true;
  while (!path.empty()) {
    const std::string_view segment = path.substr(0, path.find('/'));
    ends_in_slash = segment.size() < path.size();
    path.remove_prefix(std::min(segment.size() + 1, path.size()));
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
      ends_in_slash = true;
    } else if (segment == ".") {
      ends_in_slash = true;
    } else if (!segment.empty()) {
      segments.push_back(segment);
    }
  }
  std::string normalized = "/";
  for (const std::string_view segment : segments) normalized.append(segment).push_back('/');
  if (!ends_in_slash && normalized.size() > 1) normalized.pop_back();
  return normalized;
}

std::optional<std::string> CanonicalUri(std::string_view path, PathForm form) {
  if (path.empty()) return "/";
  switch (form) {
    case PathForm::kNormalized: return UriEncode(NormalizedPath(path), EncodeSlash::kNo);
    case PathForm::kAsSent: return UriEncode(path, EncodeSlash::kNo);
    case PathForm::kS3: {
      const auto decoded = PercentDecode(path);
      if (!decoded) return std::nullopt;
      return UriEncode(*decoded, EncodeSlash::kNo);
    }
  }
  return std::nullopt;
}

bool AppendCanonicalQuery(std::string_view query, std::span<const std::string_view> omitted, std::string* out) {
  if (query.empty()) return true;
  constexpr std::size_t kParametersMax = 1024;
  auto parameters = ParseQueryString(query, PlusMeans::kPlus, kParametersMax);
  if (!parameters) return false;
  std::erase_if(*parameters,
                [&](const NameAndValue& p) { return std::ranges::find(omitted, p.first) != omitted.end(); });
  for (auto& [name, value] : *parameters) {
    name = UriEncode(name);
    value = UriEncode(value);
  }
  std::ranges::sort(*parameters);
  bool first = true;
  for (const auto& [name, value] : *parameters) {
    if (!std::exchange(first, false)) out->push_back('&');
    out->append(name).append("=").append(value);
  }
  return true;
}

void AppendCanonicalHeaders(const CanonicalRequestParts& parts, std::string* out) {
  for (const std::string_view name : parts.signed_headers) {
    out->append(name).push_back(':');
    bool first = true;
    for (const auto& [field_name, value] : parts.headers) {
      if (!EqualsIgnoringCase(field_name, name)) continue;
      if (!std::exchange(first, false)) out->push_back(',');
      AppendTrimmed(value, out);
    }
    out->push_back('\n');
  }
  out->push_back('\n');
  bool first = true;
  for (const std::string_view name : parts.signed_headers) {
    if (!std::exchange(first, false)) out->push_back(';');
    out->append(name);
  }
}

std::vector<std::string> SortedHeaderNames(std::span<const SignedHeaderField> headers) {
  std::vector<std::string> names;
  for (const auto& [name, value] : headers) names.push_back(ToLower(name));
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

CredentialScope ScopeOf(const RequestToSign& request, std::string_view amz_date) {
  return {std::string(amz_date.substr(0, 8)), std::string(request.region), std::string(request.service)};
}

std::optional<std::string> SignatureOf(const SigningCredentials& credentials, const RequestToSign& request,
                                       std::string_view query, std::span<const SignedHeaderField> headers,
                                       std::span<const std::string> names, std::string_view amz_date) {
  const std::vector<std::string_view> signed_headers(names.begin(), names.end());
  const auto canonical = CanonicalRequest({.method = request.method,
                                           .path = request.path,
                                           .query = query,
                                           .path_form = request.path_form,
                                           .headers = headers,
                                           .signed_headers = signed_headers,
                                           .payload_hash = request.payload_hash});
  if (!canonical) return std::nullopt;
  const CredentialScope scope = ScopeOf(request, amz_date);
  return SignString(DeriveSigningKey(credentials.secret_access_key, scope), StringToSign(amz_date, scope, *canonical));
}

}  // namespace

std::optional<std::string> CanonicalRequest(const CanonicalRequestParts& parts) {
  const auto uri = CanonicalUri(parts.path, parts.path_form);
  if (!uri) return std::nullopt;
  std::string canonical;
  canonical.reserve(512 + parts.query.size());
  canonical.append(parts.method).append("\n").append(*uri).append("\n");
  if (!AppendCanonicalQuery(parts.query, parts.omitted_parameters, &canonical)) return std::nullopt;
  canonical.push_back('\n');
  AppendCanonicalHeaders(parts, &canonical);
  canonical.append("\n").append(parts.payload_hash);
  return canonical;
}

std::string CredentialScope::ToString() const { return fmt::format("{}/{}/{}/aws4_request", date, region, service); }

std::string StringToSign(std::string_view amz_date, const CredentialScope& scope, std::string_view canonical_request) {
  return fmt::format("{}\n{}\n{}\n{}", kSignatureAlgorithm, amz_date, scope.ToString(),
                     ToHex(Sha256(canonical_request)));
}

Sha256Digest DeriveSigningKey(std::string_view secret_access_key, const CredentialScope& scope) {
  const std::string secret = fmt::format("AWS4{}", secret_access_key);
  const Sha256Digest date_key = HmacSha256(AsBytes(secret), scope.date);
  const Sha256Digest region_key = HmacSha256(date_key, scope.region);
  const Sha256Digest service_key = HmacSha256(region_key, scope.service);
  return HmacSha256(service_key, "aws4_request");
}

std::string SignString(const Sha256Digest& signing_key, std::string_view string_to_sign) {
  return ToHex(HmacSha256(signing_key, string_to_sign));
}

std::string FormatAmzDate(std::int64_t unix_ms) {
  using namespace std::chrono;
  const sys_seconds moment{floor<seconds>(milliseconds(unix_ms))};
  const sys_days day = floor<days>(moment);
  const year_month_day date(day);
  const hh_mm_ss time(moment - day);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                     time.minutes().count(), time.seconds().count());
}

std::optional<std::int64_t> ParseAmzDate(std::string_view text) {
  using namespace std::chrono;
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  bool digits = true;
  const auto number = [&](std::size_t at, std::size_t count) {
    unsigned value = 0;
    for (const char c : text.substr(at, count)) {
      digits &= c >= '0' && c <= '9';
      value = value * 10 + static_cast<unsigned>(c - '0');
    }
    return value;
  };
  const year_month_day date(year(static_cast<int>(number(0, 4))), month(number(4, 2)), day(number(6, 2)));
  const unsigned hour = number(9, 2);
  const unsigned minute = number(11, 2);
  const unsigned second = number(13, 2);
  if (!digits || !date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const auto moment = sys_days(date) + hours(hour) + minutes(minute) + seconds(second);
  return duration_cast<milliseconds>(moment.time_since_epoch()).count();
}

std::optional<std::vector<SignedHeaderField>> SignHeaders(const SigningCredentials& credentials,
                                                          const RequestToSign& request) {
  const std::string amz_date = FormatAmzDate(request.unix_ms);
  std::vector<SignedHeaderField> added = {{"X-Amz-Date", amz_date}};
  if (!credentials.session_token.empty()) added.emplace_back("X-Amz-Security-Token", credentials.session_token);
  std::vector<SignedHeaderField> headers(request.headers.begin(), request.headers.end());
  headers.insert(headers.end(), added.begin(), added.end());
  const std::vector<std::string> names = SortedHeaderNames(headers);

  const auto signature = SignatureOf(credentials, request, request.query, headers, names, amz_date);
  if (!signature) return std::nullopt;
  added.emplace_back(
      "Authorization",
      fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kSignatureAlgorithm, credentials.access_key_id,
                  ScopeOf(request, amz_date).ToString(), fmt::join(names, ";"), *signature));
  return added;
}

std::optional<std::string> PresignQuery(const SigningCredentials& credentials, const RequestToSign& request,
                                        std::int64_t expires_s) {
  const std::string amz_date = FormatAmzDate(request.unix_ms);
  const std::vector<std::string> names = SortedHeaderNames(request.headers);
  const std::string credential = fmt::format("{}/{}", credentials.access_key_id, ScopeOf(request, amz_date).ToString());
  std::string query(request.query);
  if (!query.empty()) query.push_back('&');
  query += fmt::format("X-Amz-Algorithm={}&X-Amz-Credential={}&X-Amz-Date={}&X-Amz-SignedHeaders={}&X-Amz-Expires={}",
                       kSignatureAlgorithm, UriEncode(credential), amz_date,
                       UriEncode(fmt::format("{}", fmt::join(names, ";"))), expires_s);
  if (!credentials.session_token.empty()) query += "&X-Amz-Security-Token=" + UriEncode(credentials.session_token);
  const auto signature = SignatureOf(credentials, request, query, request.headers, names, amz_date);
  if (!signature) return std::nullopt;
  return query + "&X-Amz-Signature=" + *signature;
}

}  // namespace attune
