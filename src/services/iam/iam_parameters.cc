#include "services/iam/iam_parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "access/wildcard.h"
#include "base/hash.h"
#include "base/log.h"
#include "protocol/rest_xml.h"
#include "services/s3/http_time.h"

namespace attune {
namespace {

constexpr std::size_t kPathMax = 512;
constexpr std::size_t kArnMin = 20;
constexpr std::size_t kArnMax = 2048;
constexpr std::size_t kItemsMax = 1000;
constexpr std::size_t kTagKeyMax = 128;
constexpr std::size_t kTagValueMax = 256;
constexpr std::string_view kMarkerPrefix = "1:";

/// "roleName" of "RoleName", as validation messages name members.
std::string MemberName(std::string_view parameter) {
  std::string name(parameter);
  if (!name.empty() && name[0] >= 'A' && name[0] <= 'Z') name[0] = static_cast<char>(name[0] - 'A' + 'a');
  return name;
}

bool IsNameLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_+=,.@-").find(c) != std::string_view::npos;
}

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

AwsError IamValidationError(std::string_view value, std::string_view member, std::string_view constraint) {
  return {aws_error::kValidationError,
          fmt::format("1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: {}", value,
                      MemberName(member), constraint)};
}

AwsError IamMissing(std::string_view member) {
  return {aws_error::kValidationError,
          fmt::format("1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not "
                      "be null",
                      MemberName(member))};
}

OrAwsError<std::string> IamName(const QueryForm& form, std::string_view parameter, std::size_t letters_max) {
  const auto value = form.Find(parameter);
  if (!value) return IamMissing(parameter);
  if (value->empty()) {
    return IamValidationError(*value, parameter, "Member must have length greater than or equal to 1");
  }
  if (value->size() > letters_max) {
    return IamValidationError(*value, parameter,
                              fmt::format("Member must have length less than or equal to {}", letters_max));
  }
  if (!std::all_of(value->begin(), value->end(), IsNameLetter)) {
    return AwsError(aws_error::kValidationError,
                    fmt::format("The specified value for {} is invalid. It must contain only alphanumeric characters "
                                "and/or the following: +=,.@_-",
                                MemberName(parameter)));
  }
  return std::string(*value);
}

OrAwsError<std::string> IamPath(const QueryForm& form, std::string_view parameter) {
  const auto value = form.Find(parameter).value_or("/");
  const bool prefix = parameter == "PathPrefix";
  const bool printable = std::all_of(value.begin(), value.end(), [](char c) { return c > ' ' && c < 0x7f; });
  const bool framed = value.starts_with('/') && (prefix || value.ends_with('/'));
  if (!printable || !framed || value.size() > kPathMax) {
    return AwsError(aws_error::kValidationError,
                    fmt::format("The specified value for {} is invalid. It must begin and end with / and contain only "
                                "alphanumeric characters and/or / characters.",
                                MemberName(parameter)));
  }
  return std::string(value);
}

OrAwsError<std::string> IamPolicyArn(const QueryForm& form) {
  const auto value = form.Find("PolicyArn");
  if (!value) return IamMissing("PolicyArn");
  if (value->size() < kArnMin) {
    return IamValidationError(*value, "PolicyArn",
                              fmt::format("Member must have length greater than or equal to {}", kArnMin));
  }
  if (value->size() > kArnMax) {
    return IamValidationError(*value, "PolicyArn",
                              fmt::format("Member must have length less than or equal to {}", kArnMax));
  }
  if (!value->starts_with("arn:"))
    return AwsError(aws_error::kInvalidInput, fmt::format("ARN {} is not valid.", *value));
  return std::string(*value);
}

std::size_t BytesWithoutSpace(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !IsSpace(c); }));
}

OrAwsError<std::string> IamDocument(const QueryForm& form, std::string_view parameter, PolicyKind kind,
                                    std::size_t bytes_max) {
  const auto value = form.Find(parameter);
  if (!value) return IamMissing(parameter);
  if (value->empty()) {
    return IamValidationError(*value, parameter, "Member must have length greater than or equal to 1");
  }
  if (BytesWithoutSpace(*value) > bytes_max) {
    return AwsError(aws_error::kLimitExceeded,
                    kind == PolicyKind::kTrust ? fmt::format("Cannot exceed quota for ACLSizePerRole: {}", bytes_max)
                                               : fmt::format("Cannot exceed quota for PolicySize: {}", bytes_max));
  }
  const auto document = PolicyDocument::Parse(*value, kind);
  if (!document.ok()) return AwsError(aws_error::kMalformedPolicyDocument, document.status().message());
  return std::string(*value);
}

OrAwsError<Tags> IamTagsOf(const QueryForm& form) {
  Tags tags;
  std::set<std::string, std::less<>> keys;
  for (const auto& each : form.StructureList("Tags")) {
    const auto key = each.Find("Key").value_or("");
    const auto value = each.Find("Value").value_or("");
    if (key.empty() || key.size() > kTagKeyMax || value.size() > kTagValueMax) {
      return AwsError(aws_error::kInvalidInput, fmt::format("Tag key '{}' or its value is too short or too long; the "
                                                            "limits are {} and {}.",
                                                            key, kTagKeyMax, kTagValueMax));
    }
    if (!keys.insert(LowerCase(key)).second) {
      return AwsError(aws_error::kInvalidInput,
                      "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
    }
    tags.emplace_back(key, value);
  }
  if (tags.size() > kIamTagsMax) {
    return AwsError(aws_error::kLimitExceeded, fmt::format("Cannot exceed quota for Tags: {}", kIamTagsMax));
  }
  return tags;
}

void WriteIamTags(XmlWriter& xml, const Tags& tags, WhenEmpty when_empty) {
  if (tags.empty() && when_empty == WhenEmpty::kOmit) return;
  xml.Begin("Tags");
  for (const auto& [key, value] : tags) {
    xml.Begin("member");
    xml.Element("Key", key);
    xml.Element("Value", value);
    xml.End();
  }
  xml.End();
}

OrAwsError<IamPage> IamPageOf(const QueryForm& form) {
  IamPage page;
  if (const auto text = form.Find("MaxItems")) {
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), count);
    if (error != std::errc() || end != text->data() + text->size() || count < 1) {
      return IamValidationError(*text, "MaxItems", "Member must have value greater than or equal to 1");
    }
    if (count > static_cast<std::int64_t>(kItemsMax)) {
      return IamValidationError(*text, "MaxItems",
                                fmt::format("Member must have value less than or equal to {}", kItemsMax));
    }
    page.items_max = static_cast<std::size_t>(count);
  }
  if (const auto marker = form.Find("Marker")) {
    const auto decoded = FromBase64(*marker);
    if (!decoded || !decoded->starts_with(kMarkerPrefix)) {
      return AwsError(aws_error::kValidationError, fmt::format("Invalid Marker: {}", *marker));
    }
    page.after = decoded->substr(kMarkerPrefix.size());
  }
  return page;
}

void WriteIamPage(std::string_view last_name, bool truncated, std::string* xml) {
  XmlWriter writer(xml);
  writer.Element("IsTruncated", truncated ? "true" : "false");
  if (truncated) writer.Element("Marker", ToBase64(AsBytes(fmt::format("{}{}", kMarkerPrefix, last_name))));
}

AwsError IamError(const Status& status) {
  switch (status.code()) {
    case Code::kInvalidArgument: return {aws_error::kInvalidInput, status.message()};
    case Code::kNotFound: return {aws_error::kNoSuchEntity, status.message()};
    case Code::kAlreadyExists: return {aws_error::kEntityAlreadyExists, status.message()};
    case Code::kBusy: return {aws_error::kDeleteConflict, status.message()};
    case Code::kLimitExceeded: return {aws_error::kLimitExceeded, status.message()};
    case Code::kPermissionDenied: return {aws_error::kAccessDenied, status.message()};
    case Code::kResourceExhausted: return {aws_error::kServiceUnavailable, status.message()};
    case Code::kOk:
    case Code::kInvalidPageToken:
    case Code::kTooManyTags:
    case Code::kTooManyTagKeys:
    case Code::kCorrupt:
    case Code::kIo:
    case Code::kCancelled:
    case Code::kUnimplemented:
    case Code::kInternal: break;
  }
  // What went wrong inside is for the log, not for the client.
  LogError("{}", status.ToString());
  return {aws_error::kServiceFailure, "The request processing has failed because of an unknown error."};
}

std::string IamTime(std::int64_t unix_ms) {
  auto text = FormatIsoTime(unix_ms);
  text.erase(text.size() - 5, 4);  // ".123"
  return text;
}

}  // namespace attune
