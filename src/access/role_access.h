#pragma once

#include <string>
#include <string_view>

#include "access/identity_store.h"
#include "access/policy_evaluation.h"
#include "storage/object_store.h"

namespace attune {

/// As which the jobs of the service take up a role.
inline constexpr std::string_view kPersonalizePrincipal = "personalize.amazonaws.com";

enum class ObjectAction { kRead, kWrite, kList };

/// Why a role may not, or that it may.
enum class RoleAccess {
  kGranted,
  kRoleMissing,      ///< No role of that ARN.
  kRoleNotTrusting,  ///< Its trust policy does not let personalize.amazonaws.com assume it.
  kNoBucket,         ///< The bucket does not exist.
  kNotPermitted,     ///< Neither its policies nor the bucket's allow it, or one of them denies it.
};

/// Decides what the jobs of one server may do with objects on behalf of a role. Thread-safe; what it refers to must
/// outlive it.
class RoleAccessChecker {
 public:
  RoleAccessChecker(const IdentityStore& identities, const ObjectStore& objects, std::string region)
      : identities_(identities), objects_(objects), region_(std::move(region)) {}

  /// Whether the role may be taken up by personalize.amazonaws.com and then do `action` with the object `key` of
  /// `bucket` (for kList: list the bucket below the prefix `key`). Granted by a policy of the role or by the bucket's
  /// policy to the role, its account or the service; a Deny in either wins. Other errors: what reading them gave.
  Result<RoleAccess> Check(std::string_view role_arn, ObjectAction action, std::string_view bucket,
                           std::string_view key) const;

  /// The first half alone: kGranted, kRoleMissing or kRoleNotTrusting.
  RoleAccess CheckTrust(std::string_view role_arn) const;

 private:
  AccessRequest MakeRequest(std::string_view role_arn) const;

  const IdentityStore& identities_;
  const ObjectStore& objects_;
  const std::string region_;
};

/// What all policies of an entity say to a request: managed and inline ones. Errors: what reading them gave.
Result<AccessDecision> EvaluateAttached(const IdentityStore& identities, const AttachedPolicies& policies,
                                        const AccessRequest& request);

}  // namespace attune
