#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace attune {

enum class PolicyEffect { kAllow, kDeny };

/// What a policy hangs on decides which elements it must and may not have.
enum class PolicyKind {
  kIdentity,  ///< On a role or user: says what they may do. No Principal.
  kTrust,     ///< Of a role: says who may assume it. No Resource; sts actions alone.
  kBucket,    ///< Of a bucket: says who may do what with it.
};

/// {"StringEqualsIfExists": {"aws:SourceAccount": ["1", "2"]}} is one of these.
struct PolicyCondition {
  enum class Quantifier { kNone, kForAllValues, kForAnyValue };

  std::string operation;  ///< In lower case, without quantifier and "IfExists": "stringequals".
  Quantifier quantifier = Quantifier::kNone;
  bool if_exists = false;
  std::string key;  ///< In lower case.
  std::vector<std::string> values;
};

/// {"AWS": …, "Service": …}; "*" is any.
struct PolicyPrincipals {
  bool any = false;
  std::vector<std::string> aws;  ///< ARNs, account ids, or "*".
  std::vector<std::string> services;
  std::vector<std::string> others;  ///< Federated and CanonicalUser: kept, never matched here.
};

enum class PolicyMatch { kListed, kNotListed };

struct PolicyStatement {
  std::string sid;
  PolicyEffect effect = PolicyEffect::kDeny;
  bool has_principal = false;
  PolicyMatch principal_match = PolicyMatch::kListed;  ///< kNotListed for NotPrincipal; the same below.
  PolicyPrincipals principals;
  PolicyMatch action_match = PolicyMatch::kListed;
  std::vector<std::string> actions;
  PolicyMatch resource_match = PolicyMatch::kListed;
  std::vector<std::string> resources;
  std::vector<PolicyCondition> conditions;
};

/// An IAM policy document. A value.
/// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
struct PolicyDocument {
  std::string version;  ///< "2012-10-17" or "2008-10-17"; variables such as ${aws:username} work in the first alone.
  std::vector<PolicyStatement> statements;

  /// InvalidArgument, in the words that AWS uses for the kind, for what is not JSON, misses an element, has one that
  /// the kind prohibits or nobody knows, or names a condition operator that does not exist. So a document that was
  /// accepted is understood in whole: nothing in it is passed over at evaluation.
  static Result<PolicyDocument> Parse(std::string_view text, PolicyKind kind);

  static constexpr std::string_view kCurrentVersion = "2012-10-17";
};

}  // namespace attune
