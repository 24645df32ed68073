#include "access/policy_evaluation.h"

#include <algorithm>
#include <optional>

#include "access/policy_condition.h"
#include "access/policy_variables.h"
#include "access/wildcard.h"

namespace attune {
namespace {

constexpr std::string_view kResourceTag = "aws:resourcetag/";
constexpr std::string_view kIamResourceTag = "iam:resourcetag/";

/// "123456789012" and "arn:aws:iam::123456789012:root" name everybody of the account.
bool NamesAccount(std::string_view listed, std::string_view account) {
  if (account.empty()) return false;
  if (listed == account) return true;
  constexpr std::string_view kFront = "arn:aws:iam::";
  constexpr std::string_view kBack = ":root";
  return listed.size() == kFront.size() + account.size() + kBack.size() && listed.starts_with(kFront) &&
         listed.ends_with(kBack) && listed.substr(kFront.size(), account.size()) == account;
}

/// An Allow to an account only hands the choice to that account's own policies, so it allows nobody but its root by
/// itself; a Deny to an account denies all of it.
bool ListsPrincipal(const PolicyPrincipals& listed, const AccessPrincipal& principal, PolicyEffect effect) {
  if (listed.any) return true;
  const bool counts_account = effect == PolicyEffect::kDeny || principal.arn.ends_with(":root");
  for (const auto& each : listed.aws) {
    if (!principal.arn.empty() && each == principal.arn) return true;
    if (!principal.session_arn.empty() && each == principal.session_arn) return true;
    if (counts_account && NamesAccount(each, principal.account)) return true;
  }
  return !principal.service.empty() &&
         std::find(listed.services.begin(), listed.services.end(), principal.service) != listed.services.end();
}

bool ListsAction(const std::vector<std::string>& listed, std::string_view action) {
  return std::any_of(listed.begin(), listed.end(), [&](const std::string& pattern) {
    return MatchesWildcard(pattern, action, LetterCase::kInsensitive);
  });
}

bool ListsResource(const PolicyStatement& statement, const AccessRequest& request, std::string_view version) {
  return std::any_of(statement.resources.begin(), statement.resources.end(), [&](const std::string& written) {
    const auto pattern = ReplaceVariables(written, request, version);
    return pattern && MatchesWildcard(*pattern, request.resource);
  });
}

bool Applies(const PolicyStatement& statement, const AccessRequest& request, std::string_view version) {
  if (statement.has_principal && ListsPrincipal(statement.principals, request.principal, statement.effect) !=
                                     (statement.principal_match == PolicyMatch::kListed)) {
    return false;
  }
  if (ListsAction(statement.actions, request.action) != (statement.action_match == PolicyMatch::kListed)) return false;
  // A trust policy has no resources: it is about the role that it belongs to.
  if (!statement.resources.empty() &&
      ListsResource(statement, request, version) != (statement.resource_match == PolicyMatch::kListed)) {
    return false;
  }
  return ConditionsHold(statement.conditions, request, version);
}

}  // namespace

std::vector<std::string> ContextValues(const AccessRequest& request, std::string_view key) {
  if (const auto found = request.context.find(std::string(key)); found != request.context.end()) return found->second;
  for (const std::string_view prefix : {kResourceTag, kIamResourceTag}) {
    if (!key.starts_with(prefix) || !request.resource_tags) continue;
    for (const auto& [name, value] : request.resource_tags()) {
      if (LowerCase(name) == key.substr(prefix.size())) return {value};
    }
  }
  return {};
}

void AddRequestTags(const Tags& tags, AccessContext* context) {
  for (const auto& [key, value] : tags) {
    (*context)["aws:requesttag/" + LowerCase(key)].push_back(value);
    (*context)["aws:tagkeys"].push_back(key);
  }
}

AccessDecision Combine(AccessDecision a, AccessDecision b) {
  if (a == AccessDecision::kDeny || b == AccessDecision::kDeny) return AccessDecision::kDeny;
  if (a == AccessDecision::kAllow || b == AccessDecision::kAllow) return AccessDecision::kAllow;
  return AccessDecision::kNone;
}

AccessDecision Evaluate(const PolicyDocument& document, const AccessRequest& request) {
  auto decision = AccessDecision::kNone;
  for (const auto& statement : document.statements) {
    if (!Applies(statement, request, document.version)) continue;
    if (statement.effect == PolicyEffect::kDeny) return AccessDecision::kDeny;
    decision = AccessDecision::kAllow;
  }
  return decision;
}

}  // namespace attune
