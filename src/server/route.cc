#include "server/route.h"

#include <array>
#include <vector>

#include "base/uri.h"
#include "protocol/generated/personalize_events.h"
#include "protocol/generated/personalize_runtime.h"

namespace attune {
namespace {

/// The fourth part of "KEY/20261123/us-east-1/personalize/aws4_request". From the right: a key may hold a '/'.
std::string ServiceOfCredential(std::string_view credential) {
  const std::size_t end = credential.rfind('/');
  if (end == std::string_view::npos || end == 0) return {};
  const std::size_t start = credential.rfind('/', end - 1);
  if (start == std::string_view::npos) return {};
  return std::string(credential.substr(start + 1, end - start - 1));
}

std::string ServiceOfAuthorization(std::string_view value) {
  if (value.starts_with("AWS ")) return "s3";
  constexpr std::string_view kCredential = "Credential=";
  const std::size_t start = value.find(kCredential);
  if (start == std::string_view::npos) return {};
  const std::string_view rest = value.substr(start + kCredential.size());
  return ServiceOfCredential(rest.substr(0, rest.find_first_of(", ")));
}

std::string ServiceOfQuery(std::string_view query) {
  const auto parameters = ParseQueryString(query);
  if (!parameters) return {};
  bool has_key = false, has_signature = false;
  for (const auto& [name, value] : *parameters) {
    if (name == "X-Amz-Credential") return ServiceOfCredential(value);
    has_key = has_key || name == "AWSAccessKeyId";
    has_signature = has_signature || name == "Signature";
  }
  return has_key && has_signature ? "s3" : "";
}

std::string_view PersonalizeByPath(std::string_view path) {
  if (personalize_runtime::Service().FindByPath(path) != nullptr) return "personalize-runtime";
  if (personalize_events::Service().FindByPath(path) != nullptr) return "personalize-events";
  return {};
}

bool HasContentType(const HttpRequestHead& head, std::string_view type) {
  const auto value = head.headers.Find("Content-Type");
  return value && value->starts_with(type);
}

}  // namespace

std::string SigningName(const HttpRequestHead& head) {
  if (const auto authorization = head.headers.Find("Authorization")) return ServiceOfAuthorization(*authorization);
  return head.query().empty() ? std::string() : ServiceOfQuery(head.query());
}

std::string_view ServiceName(const HttpRequestHead& head) {
  if (const auto target = head.headers.Find("X-Amz-Target"); target && target->starts_with("AmazonPersonalize.")) {
    return "personalize";
  }
  const std::string scope = SigningName(head);
  const std::string_view by_path = PersonalizeByPath(head.path());
  if (scope == "attune" && head.path().starts_with("/-/")) return "attune";
  if (scope == "personalize") return by_path.empty() ? "personalize" : by_path;
  for (const std::string_view name : {"s3", "iam", "sts"}) {
    if (scope == name) return name;
  }
  if (head.method == "POST") {
    if (!by_path.empty() && HasContentType(head, "application/json")) return by_path;
    if (HasContentType(head, "application/x-amz-json-1.1")) return "personalize";
    if (HasContentType(head, "application/x-www-form-urlencoded")) return "iam";
  }
  return "s3";
}

Protocol ProtocolOf(std::string_view service_name) {
  if (service_name == "personalize") return Protocol::kAwsJson11;
  if (service_name.starts_with("personalize-") || service_name == "attune") return Protocol::kRestJson;
  return service_name == "s3" ? Protocol::kRestXml : Protocol::kQuery;
}

}  // namespace attune
