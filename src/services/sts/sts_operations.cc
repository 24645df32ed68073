#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "protocol/envelope.h"
#include "protocol/rest_xml.h"
#include "services/iam/iam_handlers.h"
#include "services/iam/iam_parameters.h"
#include "services/iam/query_service.h"

namespace attune {
namespace {

constexpr std::size_t kSessionNameMin = 2;
constexpr std::size_t kSessionNameMax = 64;
constexpr std::size_t kExternalIdMin = 2;
constexpr std::size_t kExternalIdMax = 1224;
constexpr std::size_t kSessionPolicyBytesMax = 2048;
constexpr std::size_t kSessionPolicyArnsMax = 10;
constexpr std::int64_t kSessionSecondsMin = 900;
constexpr std::int64_t kSessionSecondsDefault = 3600;

/// Any signed caller may ask who they are.
QueryReply GetCallerIdentity(QueryContext& context, const QueryCall& call) {
  std::string text;
  XmlWriter xml(&text);
  xml.Element("Arn", call.caller.arn);
  // The root's id is the account's.
  std::string id = call.caller.account_id;
  if (const auto session = context.identities.FindSession(call.caller.access_key_id)) {
    id = session->user_id;
  } else if (!call.caller.is_root()) {
    const auto user = context.identities.FindUser(call.caller.arn.substr(call.caller.arn.rfind('/') + 1));
    if (user.ok()) id = user->id;
  }
  xml.Element("UserId", id);
  xml.Element("Account", call.caller.account_id);
  return text;
}

OrAwsError<std::int64_t> SessionSeconds(const QueryForm& form, const Role& role) {
  const auto text = form.Find("DurationSeconds");
  if (!text) return kSessionSecondsDefault;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (error != std::errc() || end != text->data() + text->size() || seconds < kSessionSecondsMin) {
    return IamValidationError(*text, "DurationSeconds",
                              fmt::format("Member must have value greater than or equal to {}", kSessionSecondsMin));
  }
  if (seconds > role.session_seconds_max) {
    return AwsError(aws_error::kValidationError,
                    "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  }
  return seconds;
}

/// Nothing where none is given. What a trust policy can ask for to be told.
OrAwsError<std::optional<std::string>> ExternalId(const QueryForm& form) {
  const auto text = form.Find("ExternalId");
  if (!text) return std::optional<std::string>();
  if (text->size() < kExternalIdMin) {
    return IamValidationError(*text, "ExternalId",
                              fmt::format("Member must have length greater than or equal to {}", kExternalIdMin));
  }
  if (text->size() > kExternalIdMax) {
    return IamValidationError(*text, "ExternalId",
                              fmt::format("Member must have length less than or equal to {}", kExternalIdMax));
  }
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_+=,.@:/-").find(c) != std::string_view::npos;
  };
  if (!std::ranges::all_of(*text, is_allowed)) {
    return IamValidationError(*text, "ExternalId", "Member must satisfy regular expression pattern: [\\w+=,.@:\\/-]*");
  }
  return std::optional<std::string>(std::string(*text));
}

/// The documents that limit a session: its own and, as they are now, those of managed policies.
OrAwsError<std::vector<std::string>> SessionPolicies(const QueryContext& context, const QueryForm& form) {
  std::vector<std::string> documents;
  if (form.Find("Policy")) {
    ATTUNE_ARGUMENT(auto document, IamDocument(form, "Policy", PolicyKind::kIdentity, kSessionPolicyBytesMax));
    documents.push_back(std::move(document));
  }
  const auto arns = form.StructureList("PolicyArns");
  if (arns.size() > kSessionPolicyArnsMax) {
    return IamValidationError(fmt::format("{} ARNs", arns.size()), "PolicyArns",
                              fmt::format("Member must have length less than or equal to {}", kSessionPolicyArnsMax));
  }
  for (const auto& each : arns) {
    const auto arn = each.Find("arn").value_or("");
    auto document = context.identities.ManagedDocument(arn);
    if (!document.ok()) return AwsError(aws_error::kValidationError, fmt::format("Policy {} was not found.", arn));
    documents.push_back(*std::move(document));
  }
  return documents;
}

QueryReply AssumeRole(QueryContext& context, const QueryCall& call) {
  const auto arn = call.form.Find("RoleArn");
  if (!arn) return IamMissing("RoleArn");
  ATTUNE_ARGUMENT(const auto session_name, IamName(call.form, "RoleSessionName", kSessionNameMax));
  if (session_name.size() < kSessionNameMin) {
    return IamValidationError(session_name, "RoleSessionName",
                              fmt::format("Member must have length greater than or equal to {}", kSessionNameMin));
  }
  ATTUNE_ARGUMENT(auto policy_documents, SessionPolicies(context, call.form));
  ATTUNE_ARGUMENT(const auto external_id, ExternalId(call.form));
  AccessContext told{{"sts:rolesessionname", {std::string(session_name)}}};
  if (external_id) told["sts:externalid"] = {*external_id};
  const auto role = context.identities.FindRoleByArn(*arn);
  // Who may not take up a role does not learn whether it exists.
  const auto may = role.ok() ? context.authorizer.AuthorizeAssumeRole(call.caller, *role, std::move(told))
                             : PermissionDenied(fmt::format("User: {} is not authorized to perform: sts:AssumeRole on "
                                                            "resource: {}",
                                                            call.caller.arn, *arn));
  if (!may.ok()) return AwsError(aws_error::kAccessDenied, may.message());
  ATTUNE_ARGUMENT(const auto seconds, SessionSeconds(call.form, *role));
  const auto session = context.identities.CreateSession(*role, session_name, seconds, std::move(policy_documents));
  if (!session.ok()) return IamError(session.status());
  std::string text;
  XmlWriter xml(&text);
  xml.Begin("Credentials");
  xml.Element("AccessKeyId", session->key_id);
  xml.Element("SecretAccessKey", session->secret);
  xml.Element("SessionToken", session->token);
  xml.Element("Expiration", IamTime(session->expires_ms));
  xml.End();
  xml.Begin("AssumedRoleUser");
  xml.Element("AssumedRoleId", session->user_id);
  xml.Element("Arn", session->arn);
  xml.End();
  return text;
}

constexpr QueryOperation kOperations[] = {
    {"AssumeRole", "", &AssumeRole},
    {"GetCallerIdentity", "", &GetCallerIdentity},
};

}  // namespace

QueryService::Description StsDescription() {
  return {.name = "sts",
          .xml_namespace = kStsNamespace,
          .version = "2011-06-15",
          .operations = kOperations,
          .always_allowed = true};
}

}  // namespace attune
