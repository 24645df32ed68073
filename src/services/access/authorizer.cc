#include "services/access/authorizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "access/role_access.h"
#include "access/wildcard.h"
#include "services/s3/http_time.h"

namespace attune {
namespace {

constexpr std::int64_t kMsPerSecond = 1000;

std::string NameOf(std::string_view arn) { return std::string(arn.substr(arn.rfind('/') + 1)); }

/// "arn:aws:sts::1:assumed-role/R/session" acts by the policies of role R. Only STS gives such ARNs: the path of a user
/// may hold any visible letters, ":assumed-role/R/" too.
std::optional<std::string> RoleNameOf(const Caller& caller) {
  const std::string prefix = fmt::format("arn:aws:sts::{}:assumed-role/", caller.account_id);
  if (!caller.arn.starts_with(prefix)) return std::nullopt;
  const auto rest = std::string_view(caller.arn).substr(prefix.size());
  return std::string(rest.substr(0, rest.find('/')));
}

void AddPrincipalTags(const Tags& tags, AccessContext* context) {
  for (const auto& [key, value] : tags) context->insert({"aws:principaltag/" + LowerCase(key), {value}});
}

Status Refuse(const Caller& caller, const Authorizer::Question& question, std::string_view why) {
  return PermissionDenied(fmt::format("User: {} is not authorized to perform: {} on resource: {}{}{}", caller.arn,
                                      question.action, question.resource, why.empty() ? "" : " ", why));
}

}  // namespace

Result<Authorizer::Asker> Authorizer::FindAsker(const Caller& caller, AccessRequest request) const {
  Asker asker;
  auto& context = request.context;
  request.principal = {.arn = caller.arn, .account = caller.account_id};
  const auto gone = [&] { return PermissionDenied(fmt::format("{} does not exist any more", caller.arn)); };
  std::string_view type = "Account";
  if (const auto role_name = RoleNameOf(caller)) {
    auto role = identities_.FindRole(*role_name);
    if (!role.ok()) return gone();
    request.principal.arn = role->arn;
    request.principal.session_arn = caller.arn;
    asker.policies = std::move(role->policies);
    AddPrincipalTags(role->tags, &context);
    auto session = identities_.FindSession(caller.access_key_id);
    if (!session) return gone();  // With its limits: it may do nothing any more.
    context.insert({"aws:userid", {session->user_id}});
    context.insert({"aws:tokenissuetime", {FormatIsoTime(session->issued_ms)}});
    context.insert({"aws:multifactorauthpresent", {"false"}});  // Told of keys for a while alone.
    asker.session_documents = std::move(session->policy_documents);
    type = "AssumedRole";
  } else if (!caller.is_root()) {
    auto user = identities_.FindUser(NameOf(caller.arn));
    if (!user.ok()) return gone();
    asker.policies = std::move(user->policies);
    context.insert({"aws:username", {user->name}});
    context.insert({"aws:userid", {user->id}});
    AddPrincipalTags(user->tags, &context);
    type = "User";
  }
  const auto now_ms = clock_.UnixMilliseconds();
  context.insert({
      {"aws:principalarn", {request.principal.arn}},
      {"aws:principalaccount", {caller.account_id}},
      {"aws:principaltype", {std::string(type)}},
      {"aws:currenttime", {FormatIsoTime(now_ms)}},
      {"aws:epochtime", {std::to_string(now_ms / kMsPerSecond)}},
      {"aws:sourceip", {caller.peer_address}},
      {"aws:requestedregion", {caller.region}},
      {"aws:resourceaccount", {caller.account_id}},  // There is one account.
      {"aws:useragent", {caller.user_agent}},
      {"aws:viaawsservice", {"false"}},  // Users call for themselves; of jobs, role_access tells.
      {"aws:principalisawsservice", {"false"}},
      {"aws:securetransport", {caller.is_encrypted ? "true" : "false"}},
  });
  if (!caller.referer.empty()) context.insert({"aws:referer", {caller.referer}});
  asker.request = std::move(request);
  return asker;
}

Status Authorizer::CheckSession(const Caller& caller, const Question& question, const Asker& asker) {
  if (asker.session_documents.empty()) return {};
  auto decision = AccessDecision::kNone;
  for (const auto& text : asker.session_documents) {
    ATTUNE_TRY(const auto document, PolicyDocument::Parse(text, PolicyKind::kIdentity));
    decision = Combine(decision, Evaluate(document, asker.request));
  }
  if (decision == AccessDecision::kAllow) return {};
  if (decision == AccessDecision::kDeny) return Refuse(caller, question, "with an explicit deny in a session policy");
  return Refuse(caller, question, fmt::format("because no session policy allows the {} action", question.action));
}

Status Authorizer::Authorize(const Caller& caller, Question question) const {
  AccessRequest request;
  request.action = question.action;
  request.resource = question.resource;
  request.context = std::move(question.context);
  request.resource_tags = std::move(question.resource_tags);
  ATTUNE_TRY(const auto asker, FindAsker(caller, std::move(request)));

  auto by_resource = AccessDecision::kNone;
  if (question.resource_policy) {
    ATTUNE_TRY(const auto document, PolicyDocument::Parse(*question.resource_policy, PolicyKind::kBucket));
    by_resource = Evaluate(document, asker.request);
  }
  if (by_resource == AccessDecision::kDeny) {
    return Refuse(caller, question, "with an explicit deny in a resource-based policy");
  }
  if (caller.is_root()) return {};
  ATTUNE_RETURN_IF_ERROR(CheckSession(caller, question, asker));
  ATTUNE_TRY(const auto by_identity, EvaluateAttached(identities_, asker.policies, asker.request));
  if (by_identity == AccessDecision::kDeny) {
    return Refuse(caller, question, "with an explicit deny in an identity-based policy");
  }
  if (Combine(by_identity, by_resource) == AccessDecision::kAllow) return {};
  return Refuse(caller, question,
                fmt::format("because no identity-based policy allows the {} action", question.action));
}

Status Authorizer::AuthorizeAssumeRole(const Caller& caller, const Role& role, AccessContext context) const {
  const Question question{.action = "sts:AssumeRole", .resource = role.arn};
  AccessRequest request;
  request.action = question.action;
  request.resource = question.resource;
  request.context = std::move(context);
  ATTUNE_TRY(auto asker, FindAsker(caller, std::move(request)));
  ATTUNE_TRY(const auto trust, PolicyDocument::Parse(role.trust_document, PolicyKind::kTrust));
  const auto by_trust = Evaluate(trust, asker.request);
  ATTUNE_TRY(const auto by_identity, EvaluateAttached(identities_, asker.policies, asker.request));
  if (by_trust == AccessDecision::kDeny) {
    return Refuse(caller, question, "with an explicit deny in a resource-based policy");
  }
  if (by_identity == AccessDecision::kDeny) {
    return Refuse(caller, question, "with an explicit deny in an identity-based policy");
  }
  ATTUNE_RETURN_IF_ERROR(CheckSession(caller, question, asker));
  if (by_trust == AccessDecision::kAllow) return {};
  // A trust in the account leaves it to the account's own policies whom they let.
  asker.request.principal.arn = fmt::format("arn:aws:iam::{}:root", caller.account_id);
  if (by_identity == AccessDecision::kAllow && Evaluate(trust, asker.request) == AccessDecision::kAllow) return {};
  return Refuse(caller, question, "");  // As STS has it: whether the trust or the caller's policies lack it, it keeps.
}

bool Authorizer::MayBePrincipal(std::string_view arn) const {
  const auto is_account = [](std::string_view text) {
    return text.size() == 12 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  };
  if (arn == "*" || is_account(arn)) return true;
  const bool is_session = arn.starts_with("arn:aws:sts::");
  if (!is_session && !arn.starts_with("arn:aws:iam::")) return false;
  const auto account = arn.substr(13, 12);
  if (!is_account(account) || arn.size() <= 26 || arn[25] != ':') return false;
  const auto name = arn.substr(26);
  if (name == "root" || account != identities_.account_id()) return true;
  if (is_session && name.starts_with("assumed-role/")) {
    const auto role = name.substr(13);
    return identities_.FindRole(role.substr(0, role.find('/'))).ok();
  }
  if (name.starts_with("role/")) return identities_.FindRoleByArn(arn).ok();
  return identities_.FindUserByArn(arn).ok();
}

}  // namespace attune
