#include <fmt/format.h>

#include <algorithm>

#include "access/wildcard.h"
#include "protocol/rest_xml.h"
#include "services/iam/iam_handlers.h"
#include "services/iam/iam_parameters.h"

namespace attune {
namespace {

/// Keys are one whatever their case; the later one stands.
Status AddTags(const Tags& added, Tags* tags) {
  Tags all = *tags;
  for (const auto& tag : added) {
    std::erase_if(all, [&](const auto& each) { return LowerCase(each.first) == LowerCase(tag.first); });
    all.push_back(tag);
  }
  if (all.size() > kIamTagsMax) return LimitExceeded(fmt::format("Cannot exceed quota for Tags: {}", kIamTagsMax));
  *tags = std::move(all);
  return {};
}

void RemoveTags(const std::vector<std::string>& keys, Tags* tags) {
  for (const auto& key : keys) {
    std::erase_if(*tags, [&](const auto& each) { return LowerCase(each.first) == LowerCase(key); });
  }
}

OrAwsError<std::vector<std::string>> TagKeysOf(const QueryForm& form) {
  auto keys = form.List("TagKeys");
  if (keys.size() > kIamTagsMax) {
    return IamValidationError(fmt::format("{} keys", keys.size()), "TagKeys",
                              fmt::format("Member must have length less than or equal to {}", kIamTagsMax));
  }
  return keys;
}

QueryReply Done(const Status& status) {
  if (!status.ok()) return IamError(status);
  return std::string();
}

std::string TagsXml(const Tags& tags) {
  std::string text;
  XmlWriter xml(&text);
  WriteIamTags(xml, tags, WhenEmpty::kWrite);
  WriteIamPage("", false, &text);
  return text;
}

}  // namespace

QueryReply TagRole(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto name, IamName(call.form, "RoleName", kRoleNameMax));
  ATTUNE_ARGUMENT(const auto tags, IamTagsOf(call.form));
  return Done(context.identities.UpdateRole(name, [&](Role& role) { return AddTags(tags, &role.tags); }));
}

QueryReply UntagRole(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto name, IamName(call.form, "RoleName", kRoleNameMax));
  ATTUNE_ARGUMENT(const auto keys, TagKeysOf(call.form));
  return Done(context.identities.UpdateRole(name, [&](Role& role) -> Status {
    RemoveTags(keys, &role.tags);
    return {};
  }));
}

QueryReply ListRoleTags(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto name, IamName(call.form, "RoleName", kRoleNameMax));
  const auto role = context.identities.FindRole(name);
  if (!role.ok()) return IamError(role.status());
  return TagsXml(role->tags);
}

QueryReply TagUser(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto name, IamName(call.form, "UserName", kUserNameMax));
  ATTUNE_ARGUMENT(const auto tags, IamTagsOf(call.form));
  return Done(context.identities.UpdateUser(name, [&](User& user) { return AddTags(tags, &user.tags); }));
}

QueryReply UntagUser(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto name, IamName(call.form, "UserName", kUserNameMax));
  ATTUNE_ARGUMENT(const auto keys, TagKeysOf(call.form));
  return Done(context.identities.UpdateUser(name, [&](User& user) -> Status {
    RemoveTags(keys, &user.tags);
    return {};
  }));
}

QueryReply ListUserTags(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto name, IamName(call.form, "UserName", kUserNameMax));
  const auto user = context.identities.FindUser(name);
  if (!user.ok()) return IamError(user.status());
  return TagsXml(user->tags);
}

QueryReply TagPolicy(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto arn, IamPolicyArn(call.form));
  ATTUNE_ARGUMENT(const auto tags, IamTagsOf(call.form));
  return Done(
      context.identities.UpdatePolicy(arn, [&](CustomerPolicy& policy) { return AddTags(tags, &policy.tags); }));
}

QueryReply UntagPolicy(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto arn, IamPolicyArn(call.form));
  ATTUNE_ARGUMENT(const auto keys, TagKeysOf(call.form));
  return Done(context.identities.UpdatePolicy(arn, [&](CustomerPolicy& policy) -> Status {
    RemoveTags(keys, &policy.tags);
    return {};
  }));
}

QueryReply ListPolicyTags(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto arn, IamPolicyArn(call.form));
  const auto policy = context.identities.FindPolicy(arn);
  if (!policy.ok()) return IamError(policy.status());
  return TagsXml(policy->tags);
}

}  // namespace attune
