#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "access/policy_document.h"
#include "access/tags.h"

namespace attune {

/// Who asks. A job of a service that took up a role is both: the role, and the service.
struct AccessPrincipal {
  std::string arn;               ///< Of the user or role: "arn:aws:iam::123456789012:role/r". May be empty.
  std::string session_arn = {};  ///< Of a role that was taken up: "arn:aws:sts::123456789012:assumed-role/r/s".
  std::string account;           ///< Twelve digits. May be empty.
  std::string service;           ///< "personalize.amazonaws.com". May be empty.
};

/// Values by lower-case key.
using AccessContext = std::map<std::string, std::vector<std::string>>;

struct AccessRequest {
  AccessPrincipal principal;
  std::string action;    ///< "s3:GetObject"
  std::string resource;  ///< "arn:aws:s3:::bucket/key"
  /// What conditions and variables can name, by lower-case key: {"aws:sourceaccount", {"123456789012"}}.
  AccessContext context;
  /// The tags of the resource, asked for only where a policy names one: aws:ResourceTag/<key>. Empty: it has none.
  std::function<Tags()> resource_tags = {};
};

/// Of a key in lower case: what the request says of it, nothing where it says nothing.
std::vector<std::string> ContextValues(const AccessRequest& request, std::string_view key);

/// What a request that puts `tags` on something tells of them: aws:RequestTag/<key> and aws:TagKeys.
void AddRequestTags(const Tags& tags, AccessContext* context);

/// kNone: no statement says anything, which denies unless another policy allows.
enum class AccessDecision { kNone, kAllow, kDeny };

/// What one document says to a request; a Deny wins over an Allow.
AccessDecision Evaluate(const PolicyDocument& document, const AccessRequest& request);

/// What several say together: Deny if any denies, else Allow if any allows.
AccessDecision Combine(AccessDecision a, AccessDecision b);

}  // namespace attune
