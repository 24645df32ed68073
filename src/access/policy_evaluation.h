#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "access/policy_document.h"

namespace attune {

/// Who asks. A job of a service that took up a role is both: the role, and the service.
struct AccessPrincipal {
  std::string arn;               ///< Of the user or role: "arn:aws:iam::123456789012:role/r". May be empty.
  std::string session_arn = {};  ///< Of a role that was taken up: "arn:aws:sts::123456789012:assumed-role/r/s".
  std::string account;           ///< Twelve digits. May be empty.
  std::string service;           ///< "personalize.amazonaws.com". May be empty.
};

struct AccessRequest {
  AccessPrincipal principal;
  std::string action;    ///< "s3:GetObject"
  std::string resource;  ///< "arn:aws:s3:::bucket/key"
  /// What conditions and variables can name, by lower-case key: {"aws:sourceaccount", {"123456789012"}}.
  std::map<std::string, std::vector<std::string>> context;
};

/// kNone: no statement says anything, which denies unless another policy allows.
enum class AccessDecision { kNone, kAllow, kDeny };

/// What one document says to a request; a Deny wins over an Allow.
AccessDecision Evaluate(const PolicyDocument& document, const AccessRequest& request);

/// What several say together: Deny if any denies, else Allow if any allows.
AccessDecision Combine(AccessDecision a, AccessDecision b);

}  // namespace attune
