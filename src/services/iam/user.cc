#include <fmt/format.h>

#include <algorithm>

#include "access/wildcard.h"
#include "protocol/rest_xml.h"
#include "services/iam/iam_handlers.h"
#include "services/iam/iam_parameters.h"

namespace attune {
namespace {

enum class Detail { kFull, kListed };

void WriteUser(XmlWriter& xml, const User& user, Detail detail) {
  xml.Element("Path", user.path);
  xml.Element("UserName", user.name);
  xml.Element("UserId", user.id);
  xml.Element("Arn", user.arn);
  xml.Element("CreateDate", IamTime(user.created_ms));
  if (detail == Detail::kFull) WriteIamTags(xml, user.tags, WhenEmpty::kOmit);
}

std::string UserXml(const User& user) {
  std::string text;
  XmlWriter xml(&text);
  xml.Begin("User");
  WriteUser(xml, user, Detail::kFull);
  xml.End();
  return text;
}

/// The user that a call is about: of UserName, or without it whoever asks.
OrAwsError<std::string> UserOf(const QueryCall& call) {
  if (call.form.Find("UserName")) return IamName(call.form, "UserName", kUserNameMax);
  if (call.caller.is_root()) {
    return AwsError(aws_error::kValidationError, "Must specify userName when calling with non-User credentials");
  }
  return call.caller.arn.substr(call.caller.arn.rfind('/') + 1);
}

OrAwsError<std::string> KeyIdOf(const QueryForm& form) {
  const auto id = form.Find("AccessKeyId");
  if (!id) return IamMissing("AccessKeyId");
  return std::string(*id);
}

Status MissingKey(std::string_view id) {
  return NotFound(fmt::format("The Access Key with id {} cannot be found.", id));
}

std::string_view StatusWord(const UserAccessKey& key) { return key.active ? "Active" : "Inactive"; }

}  // namespace

QueryReply CreateUser(QueryContext& context, const QueryCall& call) {
  User user;
  ATTUNE_ARGUMENT(user.name, IamName(call.form, "UserName", kUserNameMax));
  ATTUNE_ARGUMENT(user.path, IamPath(call.form, "Path"));
  ATTUNE_ARGUMENT(user.tags, IamTagsOf(call.form));
  const auto created = context.identities.InsertUser(std::move(user));
  if (!created.ok()) return IamError(created.status());
  return UserXml(*created);
}

QueryReply GetUser(QueryContext& context, const QueryCall& call) {
  if (!call.form.Find("UserName") && call.caller.is_root()) {
    User root;
    root.name = "root";
    root.id = call.caller.account_id;
    root.arn = call.caller.arn;
    return UserXml(root);
  }
  ATTUNE_ARGUMENT(const auto name, UserOf(call));
  const auto user = context.identities.FindUser(name);
  if (!user.ok()) return IamError(user.status());
  return UserXml(*user);
}

QueryReply ListUsers(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto prefix, IamPath(call.form, "PathPrefix"));
  ATTUNE_ARGUMENT(const auto page, IamPageOf(call.form));
  std::string text;
  XmlWriter xml(&text);
  xml.Begin("Users");
  std::string last;
  std::size_t count = 0;
  bool truncated = false;
  for (const auto& user : context.identities.Users()) {
    if (LowerCase(user.name) <= page.after || !user.path.starts_with(prefix)) continue;
    if (count == page.items_max) {
      truncated = true;
      break;
    }
    xml.Begin("member");
    WriteUser(xml, user, Detail::kListed);
    xml.End();
    last = LowerCase(user.name);
    ++count;
  }
  xml.End();
  WriteIamPage(last, truncated, &text);
  return text;
}

QueryReply DeleteUser(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto name, IamName(call.form, "UserName", kUserNameMax));
  const auto deleted = context.identities.DeleteUser(name);
  if (!deleted.ok()) return IamError(deleted);
  return std::string();
}

QueryReply CreateAccessKey(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto name, UserOf(call));
  const auto key = context.identities.CreateAccessKey(name);
  if (!key.ok()) return IamError(key.status());
  std::string text;
  XmlWriter xml(&text);
  xml.Begin("AccessKey");
  xml.Element("UserName", name);
  xml.Element("AccessKeyId", key->id);
  xml.Element("Status", StatusWord(*key));
  xml.Element("SecretAccessKey", key->secret);
  xml.Element("CreateDate", IamTime(key->created_ms));
  xml.End();
  return text;
}

QueryReply ListAccessKeys(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto name, UserOf(call));
  const auto user = context.identities.FindUser(name);
  if (!user.ok()) return IamError(user.status());
  std::string text;
  XmlWriter xml(&text);
  xml.Element("UserName", user->name);
  xml.Begin("AccessKeyMetadata");
  for (const auto& key : user->keys) {
    xml.Begin("member");
    xml.Element("UserName", user->name);
    xml.Element("AccessKeyId", key.id);
    xml.Element("Status", StatusWord(key));
    xml.Element("CreateDate", IamTime(key.created_ms));
    xml.End();
  }
  xml.End();
  WriteIamPage("", false, &text);
  return text;
}

QueryReply UpdateAccessKey(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto name, UserOf(call));
  ATTUNE_ARGUMENT(const auto id, KeyIdOf(call.form));
  const auto status = call.form.Find("Status").value_or("");
  if (status != "Active" && status != "Inactive") {
    return IamValidationError(status, "Status", "Member must satisfy enum value set: [Active, Inactive]");
  }
  const auto updated = context.identities.UpdateUser(name, [&](User& user) -> Status {
    for (auto& key : user.keys) {
      if (key.id != id) continue;
      key.active = status == "Active";
      return {};
    }
    return MissingKey(id);
  });
  if (!updated.ok()) return IamError(updated);
  return std::string();
}

QueryReply DeleteAccessKey(QueryContext& context, const QueryCall& call) {
  ATTUNE_ARGUMENT(const auto name, UserOf(call));
  ATTUNE_ARGUMENT(const auto id, KeyIdOf(call.form));
  const auto updated = context.identities.UpdateUser(name, [&](User& user) -> Status {
    const auto erased = std::erase_if(user.keys, [&](const UserAccessKey& key) { return key.id == id; });
    return erased == 0 ? MissingKey(id) : Status();
  });
  if (!updated.ok()) return IamError(updated);
  return std::string();
}

}  // namespace attune
