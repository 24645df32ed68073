#include <fmt/format.h>

#include <algorithm>

#include "access/managed_policies.h"
#include "base/uri.h"
#include "protocol/rest_xml.h"
#include "services/iam/iam_handlers.h"
#include "services/iam/iam_parameters.h"

namespace attune {
namespace {

constexpr std::size_t kVersionsMax = 5;
constexpr std::string_view kManagedVersion = "v1";  // Of the policies that nobody made.
constexpr std::size_t kDescriptionMax = 1000;

/// A managed policy as AWS's own ones and customers' ones have it in common.
CustomerPolicy AsPolicy(const ManagedPolicy& managed) {
  CustomerPolicy policy;
  policy.name = managed.name;
  policy.path = managed.path;
  policy.id = fmt::format("ANPA{}", managed.name);
  policy.arn = managed.arn;
  policy.default_version = kManagedVersion;
  policy.versions = {{.id = std::string(kManagedVersion), .document = std::string(managed.document), .created_ms = 0}};
  return policy;
}

Result<CustomerPolicy> FindAnyPolicy(const QueryContext& context, std::string_view arn) {
  if (const auto* managed = FindManagedPolicy(arn)) return AsPolicy(*managed);
  auto found = context.identities.FindPolicy(arn);
  if (!found.ok()) return NotFound(fmt::format("Policy {} was not found.", arn));
  return found;
}

enum class Detail { kFull, kListed };

std::string PolicyXml(const QueryContext& context, const CustomerPolicy& policy, std::string_view element,
                      Detail detail) {
  std::string text;
  XmlWriter xml(&text);
  xml.Begin(element);
  xml.Element("PolicyName", policy.name);
  xml.Element("PolicyId", policy.id);
  xml.Element("Arn", policy.arn);
  xml.Element("Path", policy.path);
  xml.Element("DefaultVersionId", policy.default_version);
  xml.Element("AttachmentCount", static_cast<std::int64_t>(context.identities.AttachmentCount(policy.arn)));
  xml.Element("PermissionsBoundaryUsageCount", std::int64_t{0});
  xml.Element("IsAttachable", "true");
  if (!policy.description.empty()) xml.Element("Description", policy.description);
  xml.Element("CreateDate", IamTime(policy.created_ms));
  xml.Element("UpdateDate", IamTime(policy.updated_ms));
  if (detail == Detail::kFull) WriteIamTags(xml, policy.tags, WhenEmpty::kOmit);
  xml.End();
  return text;
}

enum class ShowDocument { kYes, kNo };

std::string VersionXml(const CustomerPolicy& policy, const PolicyVersion& version, std::string_view element,
                       ShowDocument document) {
  std::string text;
  XmlWriter xml(&text);
  xml.Begin(element);
  if (document == ShowDocument::kYes) xml.Element("Document", UriEncode(version.document));
  xml.Element("VersionId", version.id);
  xml.Element("IsDefaultVersion", version.id == policy.default_version ? "true" : "false");
  xml.Element("CreateDate", IamTime(version.created_ms));
  xml.End();
  return text;
}

Status MissingVersion(std::string_view arn, std::string_view id) {
  return NotFound(fmt::format("Policy {} version {} does not exist or is not attachable.", arn, id));
}

OrAwsError<std::string> VersionIdOf(const QueryForm& form) {
  const auto id = form.Find("VersionId");
  if (!id) return IamMissing("VersionId");
  return std::string(*id);
}

/// Policies that nobody made cannot be changed.
std::optional<AwsError> CheckOwn(std::string_view arn) {
  if (FindManagedPolicy(arn) == nullptr) return std::nullopt;
  return AwsError(aws_error::kAccessDenied, fmt::format("Policy {} is managed and cannot be changed.", arn));
}

}  // namespace

QueryReply CreatePolicy(QueryContext& context, const QueryCall& call) {
  CustomerPolicy policy;
  ATTUNE_ARGUMENT(policy.name, IamName(call.form, "PolicyName", kPolicyNameMax));
  ATTUNE_ARGUMENT(policy.path, IamPath(call.form, "Path"));
  ATTUNE_ARGUMENT(const auto document,
                  IamDocument(call.form, "PolicyDocument", PolicyKind::kIdentity, kManagedBytesMax));
  policy.description = call.form.Find("Description").value_or("");
  if (policy.description.size() > kDescriptionMax) {
    return IamValidationError(policy.description, "Description",
                              fmt::format("Member must have length less than or equal to {}", kDescriptionMax));
  }
  ATTUNE_ARGUMENT(policy.tags, IamTagsOf(call.form));
  policy.versions = {{.id = "v1", .document = document, .created_ms = 0}};
  policy.default_version = "v1";
  policy.next_version = 2;
  const auto created = context.identities.InsertPolicy(std::move(policy));
  if (!created.ok()) return IamError(created.status());
  return PolicyXml(context, *created, "Policy", Detail::kFull);
}

QueryReply GetPolicy(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto arn, IamPolicyArn(call.form));
  const auto policy = FindAnyPolicy(context, arn);
  if (!policy.ok()) return IamError(policy.status());
  return PolicyXml(context, *policy, "Policy", Detail::kFull);
}

QueryReply ListPolicies(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto prefix, IamPath(call.form, "PathPrefix"));
  ATTUNE_ARGUMENT(const auto page, IamPageOf(call.form));
  const auto scope = call.form.Find("Scope").value_or("All");
  if (scope != "All" && scope != "AWS" && scope != "Local") {
    return IamValidationError(scope, "Scope", "Member must satisfy enum value set: [AWS, Local, All]");
  }
  const bool only_attached = call.form.Find("OnlyAttached") == "true";
  std::vector<CustomerPolicy> policies;
  if (scope != "Local") {
    for (const auto& managed : ManagedPolicies()) policies.push_back(AsPolicy(managed));
  }
  if (scope != "AWS") {
    for (auto& policy : context.identities.Policies()) policies.push_back(std::move(policy));
  }
  std::sort(policies.begin(), policies.end(), [](const auto& a, const auto& b) { return a.arn < b.arn; });
  std::string text = "<Policies>";
  std::string last;
  std::size_t count = 0;
  bool truncated = false;
  for (const auto& policy : policies) {
    if (policy.arn <= page.after || !policy.path.starts_with(prefix)) continue;
    if (only_attached && context.identities.AttachmentCount(policy.arn) == 0) continue;
    if (count == page.items_max) {
      truncated = true;
      break;
    }
    text += PolicyXml(context, policy, "member", Detail::kListed);
    last = policy.arn;
    ++count;
  }
  text += "</Policies>";
  WriteIamPage(last, truncated, &text);
  return text;
}

QueryReply DeletePolicy(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto arn, IamPolicyArn(call.form));
  if (auto error = CheckOwn(arn)) return *std::move(error);
  const auto deleted = context.identities.DeletePolicy(arn);
  if (!deleted.ok()) return IamError(deleted);
  return std::string();
}

QueryReply CreatePolicyVersion(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto arn, IamPolicyArn(call.form));
  if (auto error = CheckOwn(arn)) return *std::move(error);
  ATTUNE_ARGUMENT(const auto document,
                  IamDocument(call.form, "PolicyDocument", PolicyKind::kIdentity, kManagedBytesMax));
  const bool make_default = call.form.Find("SetAsDefault") == "true";
  std::string text;
  const auto updated = context.identities.UpdatePolicy(arn, [&](CustomerPolicy& policy) -> Status {
    if (policy.versions.size() >= kVersionsMax) {
      return LimitExceeded(
          fmt::format("A managed policy can have up to {} versions. Before you create a new version, "
                      "you must delete an existing version.",
                      kVersionsMax));
    }
    auto& version = policy.versions.emplace_back();
    version.id = fmt::format("v{}", policy.next_version++);
    version.document = document;
    version.created_ms = context.clock.UnixMilliseconds();
    if (make_default) policy.default_version = version.id;
    text = VersionXml(policy, version, "PolicyVersion", ShowDocument::kNo);
    return {};
  });
  if (!updated.ok()) return IamError(updated);
  return text;
}

QueryReply GetPolicyVersion(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto arn, IamPolicyArn(call.form));
  ATTUNE_ARGUMENT(const auto id, VersionIdOf(call.form));
  const auto policy = FindAnyPolicy(context, arn);
  if (!policy.ok()) return IamError(policy.status());
  for (const auto& version : policy->versions) {
    if (version.id == id) return VersionXml(*policy, version, "PolicyVersion", ShowDocument::kYes);
  }
  return IamError(MissingVersion(arn, id));
}

QueryReply ListPolicyVersions(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto arn, IamPolicyArn(call.form));
  const auto policy = FindAnyPolicy(context, arn);
  if (!policy.ok()) return IamError(policy.status());
  std::string text = "<Versions>";
  for (const auto& version : policy->versions) text += VersionXml(*policy, version, "member", ShowDocument::kNo);
  text += "</Versions>";
  WriteIamPage("", false, &text);
  return text;
}

QueryReply DeletePolicyVersion(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto arn, IamPolicyArn(call.form));
  if (auto error = CheckOwn(arn)) return *std::move(error);
  ATTUNE_ARGUMENT(const auto id, VersionIdOf(call.form));
  const auto updated = context.identities.UpdatePolicy(arn, [&](CustomerPolicy& policy) -> Status {
    if (policy.default_version == id) return Busy("Cannot delete the default version of a policy.");
    const auto erased = std::erase_if(policy.versions, [&](const PolicyVersion& each) { return each.id == id; });
    return erased == 0 ? MissingVersion(arn, id) : Status();
  });
  if (!updated.ok()) return IamError(updated);
  return std::string();
}

QueryReply SetDefaultPolicyVersion(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto arn, IamPolicyArn(call.form));
  if (auto error = CheckOwn(arn)) return *std::move(error);
  ATTUNE_ARGUMENT(const auto id, VersionIdOf(call.form));
  const auto updated = context.identities.UpdatePolicy(arn, [&](CustomerPolicy& policy) -> Status {
    const bool known = std::any_of(policy.versions.begin(), policy.versions.end(),
                                   [&](const PolicyVersion& each) { return each.id == id; });
    if (!known) return MissingVersion(arn, id);
    policy.default_version = id;
    return {};
  });
  if (!updated.ok()) return IamError(updated);
  return std::string();
}

}  // namespace attune
