#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/identity_store.h"
#include "access/policy_evaluation.h"
#include "base/clock.h"
#include "base/status.h"

namespace attune {

/// Who signed a request. A value.
struct Caller {
  std::string arn;  ///< "arn:aws:iam::123456789012:root" for the administrator.
  std::string account_id;
  std::string access_key_id;
  std::string region;      ///< That the request was signed for.
  std::string user_agent;  ///< As the client calls itself.
  std::string referer;     ///< The page that it says it comes from, or "".
  std::string peer_address;
  bool is_encrypted = false;  ///< The request came over TLS.

  bool is_root() const { return arn.ends_with(":root"); }
};

/// Decides whether callers may do what they ask for. Thread-safe; the identities must outlive it.
class Authorizer {
 public:
  Authorizer(const IdentityStore& identities, const Clock& clock) : identities_(identities), clock_(clock) {}

  /// What is asked: action "s3:GetObject" on the ARN `resource`. `resource_policy` is the JSON text of the bucket's
  /// policy, if it has one; `context` adds to what conditions can name, by lower-case key.
  struct Question {
    std::string_view action;
    std::string_view resource;
    std::optional<std::string> resource_policy = {};
    AccessContext context = {};
    std::function<Tags()> resource_tags = {};  ///< As in AccessRequest.
  };

  /// Ok, or PermissionDenied in AWS's words. The administrator may do everything that no bucket policy denies.
  Status Authorize(const Caller& caller, Question question) const;

  /// The same for taking up a role: its trust policy must name the caller, or the caller's account while a policy of
  /// the caller's allows sts:AssumeRole on the role. `context` as in Question.
  Status AuthorizeAssumeRole(const Caller& caller, const Role& role, AccessContext context) const;

  /// Whether a user or role of that ARN is here; true for accounts, and for whoever is of another account, of whom
  /// nothing is known.
  bool MayBePrincipal(std::string_view arn) const;

 private:
  struct Asker {
    AccessRequest request;
    AttachedPolicies policies;
    std::vector<std::string> session_documents;  ///< Of a session: these must allow too, together.
  };
  /// PermissionDenied where the asker is a session whose own policies do not allow it.
  static Status CheckSession(const Caller& caller, const Question& question, const Asker& asker);
  /// Completes the request with who asks and when.
  Result<Asker> FindAsker(const Caller& caller, AccessRequest request) const;

  const IdentityStore& identities_;
  const Clock& clock_;
};

}  // namespace attune
