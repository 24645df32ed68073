#include <fmt/format.h>

#include <algorithm>

#include "base/uri.h"
#include "protocol/rest_xml.h"
#include "services/iam/iam_handlers.h"
#include "services/iam/iam_parameters.h"

// Roles and users hold policies in the same way; the functions of both are made from one.
namespace attune {
namespace {

constexpr std::size_t kAttachedMax = 10;

struct RoleHolder {
  using Record = Role;
  static constexpr std::string_view kParameter = "RoleName";
  static constexpr std::string_view kWord = "role";
  static constexpr std::string_view kQuota = "PoliciesPerRole";
  static constexpr std::size_t kNameMax = kRoleNameMax;
  static constexpr std::size_t kInlineBytesMax = kRoleInlineBytesMax;
  static Result<Role> Find(const IdentityStore& store, const std::string& name) { return store.FindRole(name); }
  static Status Update(IdentityStore& store, const std::string& name, const std::function<Status(Role&)>& change) {
    return store.UpdateRole(name, change);
  }
};

struct UserHolder {
  using Record = User;
  static constexpr std::string_view kParameter = "UserName";
  static constexpr std::string_view kWord = "user";
  static constexpr std::string_view kQuota = "PoliciesPerUser";
  static constexpr std::size_t kNameMax = kUserNameMax;
  static constexpr std::size_t kInlineBytesMax = kUserInlineBytesMax;
  static Result<User> Find(const IdentityStore& store, const std::string& name) { return store.FindUser(name); }
  static Status Update(IdentityStore& store, const std::string& name, const std::function<Status(User&)>& change) {
    return store.UpdateUser(name, change);
  }
};

template <class Holder>
QueryReply Attach(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto name, IamName(call.form, Holder::kParameter, Holder::kNameMax));
  ATTUNE_ARGUMENT(const auto arn, IamPolicyArn(call.form));
  const auto document = context.identities.ManagedDocument(arn);
  if (!document.ok() && document.status().code() == Code::kNotFound) {
    return AwsError(aws_error::kNoSuchEntity, fmt::format("Policy {} does not exist or is not attachable.", arn));
  }
  if (!document.ok()) return IamError(document.status());
  const auto updated = Holder::Update(context.identities, name, [&](typename Holder::Record& record) -> Status {
    auto& arns = record.policies.managed_arns;
    if (std::find(arns.begin(), arns.end(), arn) != arns.end()) return {};
    if (arns.size() >= kAttachedMax) {
      return LimitExceeded(fmt::format("Cannot exceed quota for {}: {}", Holder::kQuota, kAttachedMax));
    }
    arns.push_back(arn);
    return {};
  });
  if (!updated.ok()) return IamError(updated);
  return std::string();
}

template <class Holder>
QueryReply Detach(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto name, IamName(call.form, Holder::kParameter, Holder::kNameMax));
  ATTUNE_ARGUMENT(const auto arn, IamPolicyArn(call.form));
  const auto updated = Holder::Update(context.identities, name, [&](typename Holder::Record& record) -> Status {
    if (std::erase(record.policies.managed_arns, arn) == 0) {
      return NotFound(fmt::format("Policy {} was not found.", arn));
    }
    return {};
  });
  if (!updated.ok()) return IamError(updated);
  return std::string();
}

/// Those of `names` (sorted) on the page, each written by `write`.
template <class Names, class Write>
std::string WriteNames(const Names& names, const IamPage& page, std::string_view element, Write write) {
  std::string text;
  XmlWriter xml(&text);
  xml.Begin(element);
  std::string last;
  std::size_t count = 0;
  bool truncated = false;
  for (const auto& name : names) {
    if (name <= page.after) continue;
    if (count == page.items_max) {
      truncated = true;
      break;
    }
    write(xml, name);
    last = name;
    ++count;
  }
  xml.End();
  WriteIamPage(last, truncated, &text);
  return text;
}

template <class Holder>
QueryReply ListAttached(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto name, IamName(call.form, Holder::kParameter, Holder::kNameMax));
  ATTUNE_ARGUMENT(const auto page, IamPageOf(call.form));
  const auto record = Holder::Find(context.identities, name);
  if (!record.ok()) return IamError(record.status());
  auto arns = record->policies.managed_arns;
  std::sort(arns.begin(), arns.end());
  return WriteNames(arns, page, "AttachedPolicies", [](XmlWriter& xml, const std::string& arn) {
    xml.Begin("member");
    xml.Element("PolicyName", arn.substr(arn.rfind('/') + 1));
    xml.Element("PolicyArn", arn);
    xml.End();
  });
}

template <class Holder>
QueryReply PutInline(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto name, IamName(call.form, Holder::kParameter, Holder::kNameMax));
  ATTUNE_ARGUMENT(const auto policy, IamName(call.form, "PolicyName", kPolicyNameMax));
  ATTUNE_ARGUMENT(const auto document,
                  IamDocument(call.form, "PolicyDocument", PolicyKind::kIdentity, Holder::kInlineBytesMax));
  const auto updated = Holder::Update(context.identities, name, [&](typename Holder::Record& record) -> Status {
    auto& documents = record.policies.inline_documents;
    documents[policy] = document;
    std::size_t bytes = 0;
    for (const auto& [each, text] : documents) bytes += BytesWithoutSpace(text);
    if (bytes > Holder::kInlineBytesMax) {
      return LimitExceeded(fmt::format("Maximum policy size of {} bytes exceeded for {} {}", Holder::kInlineBytesMax,
                                       Holder::kWord, name));
    }
    return {};
  });
  if (!updated.ok()) return IamError(updated);
  return std::string();
}

template <class Holder>
std::string MissingInline(std::string_view policy) {
  return fmt::format("The {} policy with name {} cannot be found.", Holder::kWord, policy);
}

template <class Holder>
QueryReply GetInline(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto name, IamName(call.form, Holder::kParameter, Holder::kNameMax));
  ATTUNE_ARGUMENT(const auto policy, IamName(call.form, "PolicyName", kPolicyNameMax));
  const auto record = Holder::Find(context.identities, name);
  if (!record.ok()) return IamError(record.status());
  const auto found = record->policies.inline_documents.find(policy);
  if (found == record->policies.inline_documents.end()) {
    return AwsError(aws_error::kNoSuchEntity, MissingInline<Holder>(policy));
  }
  std::string text;
  XmlWriter xml(&text);
  xml.Element(Holder::kParameter, record->name);
  xml.Element("PolicyName", policy);
  xml.Element("PolicyDocument", UriEncode(found->second));
  return text;
}

template <class Holder>
QueryReply DeleteInline(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto name, IamName(call.form, Holder::kParameter, Holder::kNameMax));
  ATTUNE_ARGUMENT(const auto policy, IamName(call.form, "PolicyName", kPolicyNameMax));
  const auto updated = Holder::Update(context.identities, name, [&](typename Holder::Record& record) -> Status {
    if (record.policies.inline_documents.erase(policy) == 0) return NotFound(MissingInline<Holder>(policy));
    return {};
  });
  if (!updated.ok()) return IamError(updated);
  return std::string();
}

template <class Holder>
QueryReply ListInline(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto name, IamName(call.form, Holder::kParameter, Holder::kNameMax));
  ATTUNE_ARGUMENT(const auto page, IamPageOf(call.form));
  const auto record = Holder::Find(context.identities, name);
  if (!record.ok()) return IamError(record.status());
  std::vector<std::string> names;
  for (const auto& [policy, document] : record->policies.inline_documents) names.push_back(policy);
  return WriteNames(names, page, "PolicyNames",
                    [](XmlWriter& xml, const std::string& policy) { xml.Element("member", policy); });
}

}  // namespace

QueryReply AttachRolePolicy(QueryContext& c, const QueryCall& call) { return Attach<RoleHolder>(c, call); }
QueryReply DetachRolePolicy(QueryContext& c, const QueryCall& call) { return Detach<RoleHolder>(c, call); }
QueryReply ListAttachedRolePolicies(QueryContext& c, const QueryCall& call) {
  return ListAttached<RoleHolder>(c, call);
}
QueryReply PutRolePolicy(QueryContext& c, const QueryCall& call) { return PutInline<RoleHolder>(c, call); }
QueryReply GetRolePolicy(QueryContext& c, const QueryCall& call) { return GetInline<RoleHolder>(c, call); }
QueryReply DeleteRolePolicy(QueryContext& c, const QueryCall& call) { return DeleteInline<RoleHolder>(c, call); }
QueryReply ListRolePolicies(QueryContext& c, const QueryCall& call) { return ListInline<RoleHolder>(c, call); }
QueryReply AttachUserPolicy(QueryContext& c, const QueryCall& call) { return Attach<UserHolder>(c, call); }
QueryReply DetachUserPolicy(QueryContext& c, const QueryCall& call) { return Detach<UserHolder>(c, call); }
QueryReply ListAttachedUserPolicies(QueryContext& c, const QueryCall& call) {
  return ListAttached<UserHolder>(c, call);
}
QueryReply PutUserPolicy(QueryContext& c, const QueryCall& call) { return PutInline<UserHolder>(c, call); }
QueryReply GetUserPolicy(QueryContext& c, const QueryCall& call) { return GetInline<UserHolder>(c, call); }
QueryReply DeleteUserPolicy(QueryContext& c, const QueryCall& call) { return DeleteInline<UserHolder>(c, call); }
QueryReply ListUserPolicies(QueryContext& c, const QueryCall& call) { return ListInline<UserHolder>(c, call); }

}  // namespace attune
