#include "access/role_access.h"

#include <fmt/format.h>

namespace attune {
namespace {

std::string_view ActionName(ObjectAction action) {
  switch (action) {
    case ObjectAction::kRead: return "s3:GetObject";
    case ObjectAction::kWrite: return "s3:PutObject";
    case ObjectAction::kList: return "s3:ListBucket";
  }
  ATTUNE_CHECK(false);
}

}  // namespace

Result<AccessDecision> EvaluateAttached(const IdentityStore& identities, const AttachedPolicies& policies,
                                        const AccessRequest& request) {
  auto decision = AccessDecision::kNone;
  const auto add = [&](const std::string& text) -> Status {
    ATTUNE_TRY(const auto document, PolicyDocument::Parse(text, PolicyKind::kIdentity));
    decision = Combine(decision, Evaluate(document, request));
    return {};
  };
  for (const auto& arn : policies.managed_arns) {
    ATTUNE_TRY(const auto text, identities.ManagedDocument(arn));
    ATTUNE_RETURN_IF_ERROR(add(text));
  }
  for (const auto& [name, text] : policies.inline_documents) ATTUNE_RETURN_IF_ERROR(add(text));
  return decision;
}

AccessRequest RoleAccessChecker::MakeRequest(std::string_view role_arn) const {
  const auto& account = identities_.account_id();
  AccessRequest request;
  request.principal = {.arn = std::string(role_arn), .account = account, .service = std::string(kPersonalizePrincipal)};
  request.context = {
      {"aws:sourceaccount", {account}},
      {"aws:sourcearn", {fmt::format("arn:aws:personalize:{}:{}:*", region_, account)}},
      {"aws:principalarn", {std::string(role_arn)}},
      {"aws:principalaccount", {account}},
      {"aws:principaltype", {"AssumedRole"}},
      {"aws:requestedregion", {region_}},
      {"aws:securetransport", {"true"}},  // The bytes do not leave the server.
      {"aws:principalservicename", {std::string(kPersonalizePrincipal)}},
  };
  return request;
}

RoleAccess RoleAccessChecker::CheckTrust(std::string_view role_arn) const {
  const auto role = identities_.FindRoleByArn(role_arn);
  if (!role.ok()) return RoleAccess::kRoleMissing;
  const auto trust = PolicyDocument::Parse(role->trust_document, PolicyKind::kTrust);
  if (!trust.ok()) return RoleAccess::kRoleNotTrusting;
  auto request = MakeRequest("");
  request.principal.account.clear();  // The service asks, not somebody of the account.
  request.action = "sts:AssumeRole";
  request.resource = role->arn;
  return Evaluate(*trust, request) == AccessDecision::kAllow ? RoleAccess::kGranted : RoleAccess::kRoleNotTrusting;
}

Result<RoleAccess> RoleAccessChecker::Check(std::string_view role_arn, ObjectAction action, std::string_view bucket,
                                            std::string_view key) const {
  if (const auto trust = CheckTrust(role_arn); trust != RoleAccess::kGranted) return trust;
  const auto policy = objects_.BucketPolicy(std::string(bucket));
  if (!policy.ok() && policy.status().code() == Code::kNotFound) return RoleAccess::kNoBucket;
  if (!policy.ok()) return policy.status();

  auto request = MakeRequest(role_arn);
  request.action = ActionName(action);
  request.resource = fmt::format("arn:aws:s3:::{}", bucket);
  if (action == ObjectAction::kList)
    request.context["s3:prefix"] = {std::string(key)};
  else
    request.resource += fmt::format("/{}", key);

  ATTUNE_TRY(const auto role, identities_.FindRoleByArn(role_arn));
  ATTUNE_TRY(auto decision, EvaluateAttached(identities_, role.policies, request));
  if (policy->has_value()) {
    ATTUNE_TRY(const auto document, PolicyDocument::Parse(**policy, PolicyKind::kBucket));
    decision = Combine(decision, Evaluate(document, request));
  }
  return decision == AccessDecision::kAllow ? RoleAccess::kGranted : RoleAccess::kNotPermitted;
}

}  // namespace attune
