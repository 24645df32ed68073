#include "services/access/authorizer.h"

#include <fmt/format.h>

#include <utility>

#include "access/role_access.h"
#include "services/s3/http_time.h"

namespace attune {
namespace {

constexpr std::int64_t kMsPerSecond = 1000;

std::string NameOf(std::string_view arn) { return std::string(arn.substr(arn.rfind('/') + 1)); }

/// "arn:aws:sts::1:assumed-role/R/session" acts by the policies of role R.
std::optional<std::string> RoleNameOf(std::string_view arn) {
  const auto at = arn.find(":assumed-role/");
  if (at == std::string_view::npos) return std::nullopt;
  const auto rest = arn.substr(at + std::string_view(":assumed-role/").size());
  return std::string(rest.substr(0, rest.find('/')));
}

Status Refuse(const Caller& caller, const Authorizer::Question& question, std::string_view why) {
  return PermissionDenied(fmt::format("User: {} is not authorized to perform: {} on resource: {} {}", caller.arn,
                                      question.action, question.resource, why));
}

}  // namespace

Status Authorizer::Authorize(const Caller& caller, Question question) const {
  AccessRequest request;
  request.principal = {.arn = caller.arn, .account = caller.account_id, .service = {}};
  request.action = question.action;
  request.resource = question.resource;
  request.context = std::move(question.context);
  const auto now_ms = clock_.UnixMilliseconds();
  request.context.insert({
      {"aws:principalarn", {caller.arn}},
      {"aws:principalaccount", {caller.account_id}},
      {"aws:principaltype", {caller.is_root() ? "Account" : "User"}},
      {"aws:currenttime", {FormatIsoTime(now_ms)}},
      {"aws:epochtime", {std::to_string(now_ms / kMsPerSecond)}},
      {"aws:sourceip", {caller.peer_address}},
      {"aws:securetransport", {"false"}},
  });
  if (!caller.is_root()) request.context.insert({"aws:username", {NameOf(caller.arn)}});

  auto by_resource = AccessDecision::kNone;
  if (question.resource_policy) {
    ATTUNE_TRY(const auto document, PolicyDocument::Parse(*question.resource_policy, PolicyKind::kBucket));
    by_resource = Evaluate(document, request);
  }
  if (by_resource == AccessDecision::kDeny) {
    return Refuse(caller, question, "with an explicit deny in a resource-based policy");
  }
  if (caller.is_root()) return {};

  AttachedPolicies policies;
  if (const auto role_name = RoleNameOf(caller.arn)) {
    ATTUNE_TRY(auto role, identities_.FindRole(*role_name));
    policies = std::move(role.policies);
  } else {
    ATTUNE_TRY(auto user, identities_.FindUser(NameOf(caller.arn)));
    policies = std::move(user.policies);
  }
  ATTUNE_TRY(const auto by_identity, EvaluateAttached(identities_, policies, request));
  if (by_identity == AccessDecision::kDeny) {
    return Refuse(caller, question, "with an explicit deny in an identity-based policy");
  }
  if (Combine(by_identity, by_resource) == AccessDecision::kAllow) return {};
  return Refuse(caller, question,
                fmt::format("because no identity-based policy allows the {} action", question.action));
}

}  // namespace attune
