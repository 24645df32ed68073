#include <fmt/format.h>

#include <charconv>

#include "access/wildcard.h"
#include "base/uri.h"
#include "protocol/rest_xml.h"
#include "services/iam/iam_handlers.h"
#include "services/iam/iam_parameters.h"

namespace attune {
namespace {

constexpr std::size_t kDescriptionMax = 1000;
constexpr std::int32_t kSessionSecondsMin = 3600;
constexpr std::int32_t kSessionSecondsMax = 43200;

enum class Detail { kFull, kListed };

void WriteRole(XmlWriter& xml, const Role& role, Detail detail) {
  xml.Element("Path", role.path);
  xml.Element("RoleName", role.name);
  xml.Element("RoleId", role.id);
  xml.Element("Arn", role.arn);
  xml.Element("CreateDate", IamTime(role.created_ms));
  xml.Element("AssumeRolePolicyDocument", UriEncode(role.trust_document));
  if (!role.description.empty()) xml.Element("Description", role.description);
  xml.Element("MaxSessionDuration", static_cast<std::int64_t>(role.session_seconds_max));
  if (detail == Detail::kListed) return;
  WriteIamTags(xml, role.tags, WhenEmpty::kOmit);
  xml.Begin("RoleLastUsed");
  xml.End();
}

OrAwsError<std::int32_t> SessionSeconds(const QueryForm& form) {
  const auto text = form.Find("MaxSessionDuration");
  if (!text) return kSessionSecondsMin;
  std::int32_t seconds = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (error != std::errc() || end != text->data() + text->size() || seconds < kSessionSecondsMin) {
    return IamValidationError(*text, "MaxSessionDuration",
                              fmt::format("Member must have value greater than or equal to {}", kSessionSecondsMin));
  }
  if (seconds > kSessionSecondsMax) {
    return IamValidationError(*text, "MaxSessionDuration",
                              fmt::format("Member must have value less than or equal to {}", kSessionSecondsMax));
  }
  return seconds;
}

std::string RoleXml(const Role& role) {
  std::string text;
  XmlWriter xml(&text);
  xml.Begin("Role");
  WriteRole(xml, role, Detail::kFull);
  xml.End();
  return text;
}

}  // namespace

QueryReply CreateRole(QueryContext& context, const QueryCall& call) {
  Role role;
  ATTUNE_ARGUMENT(role.name, IamName(call.form, "RoleName", kRoleNameMax));
  ATTUNE_ARGUMENT(role.path, IamPath(call.form, "Path"));
  ATTUNE_ARGUMENT(role.trust_document,
                  IamDocument(call.form, "AssumeRolePolicyDocument", PolicyKind::kTrust, kTrustBytesMax));
  ATTUNE_ARGUMENT(role.session_seconds_max, SessionSeconds(call.form));
  ATTUNE_ARGUMENT(role.tags, IamTagsOf(call.form));
  role.description = call.form.Find("Description").value_or("");
  if (role.description.size() > kDescriptionMax) {
    return IamValidationError(role.description, "Description",
                              fmt::format("Member must have length less than or equal to {}", kDescriptionMax));
  }
  const auto created = context.identities.InsertRole(std::move(role));
  if (!created.ok()) return IamError(created.status());
  return RoleXml(*created);
}

QueryReply GetRole(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto name, IamName(call.form, "RoleName", kRoleNameMax));
  const auto role = context.identities.FindRole(name);
  if (!role.ok()) return IamError(role.status());
  return RoleXml(*role);
}

QueryReply ListRoles(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto prefix, IamPath(call.form, "PathPrefix"));
  ATTUNE_ARGUMENT(const auto page, IamPageOf(call.form));
  std::string text;
  XmlWriter xml(&text);
  xml.Begin("Roles");
  std::string last;
  std::size_t count = 0;
  bool truncated = false;
  for (const auto& role : context.identities.Roles()) {
    if (LowerCase(role.name) <= page.after || !role.path.starts_with(prefix)) continue;
    if (count == page.items_max) {
      truncated = true;
      break;
    }
    xml.Begin("member");
    WriteRole(xml, role, Detail::kListed);
    xml.End();
    last = LowerCase(role.name);
    ++count;
  }
  xml.End();
  WriteIamPage(last, truncated, &text);
  return text;
}

QueryReply DeleteRole(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto name, IamName(call.form, "RoleName", kRoleNameMax));
  const auto deleted = context.identities.DeleteRole(name);
  if (!deleted.ok()) return IamError(deleted);
  return std::string();
}

QueryReply UpdateAssumeRolePolicy(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto name, IamName(call.form, "RoleName", kRoleNameMax));
  ATTUNE_ARGUMENT(const auto document, IamDocument(call.form, "PolicyDocument", PolicyKind::kTrust, kTrustBytesMax));
  const auto updated = context.identities.UpdateRole(name, [&](Role& role) -> Status {
    role.trust_document = document;
    return {};
  });
  if (!updated.ok()) return IamError(updated);
  return std::string();
}

QueryReply ListInstanceProfilesForRole(QueryContext& context, const QueryCall& call) {
  // There are no instances here, so no role has a profile; tools ask before they delete a role.
  ATTUNE_ARGUMENT(const auto name, IamName(call.form, "RoleName", kRoleNameMax));
  const auto role = context.identities.FindRole(name);
  if (!role.ok()) return IamError(role.status());
  std::string text = "<InstanceProfiles/>";
  WriteIamPage("", false, &text);
  return text;
}

}  // namespace attune
