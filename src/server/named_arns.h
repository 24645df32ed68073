#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "access/policy_evaluation.h"

namespace attune {

/// The ARNs that the body of a request names, at any depth: what its caller must have a right to. Each once, in the
/// order of the body.
struct NamedArns {
  /// Members that end in "Arn": datasets, campaigns, filters and so on. All of them, so that no order and no member
  /// that an operation does not know hides one behind another. Recipes, feature transformations and algorithms, which
  /// are everybody's, are here where nothing else is; encryption keys, which are not used, never.
  std::vector<std::string> resources;
  std::vector<std::string> roles;     ///< "roleArn": passed on to the service, which acts by them.
  Tags tags;                          ///< "tags": what the request puts on a resource.
  std::vector<std::string> tag_keys;  ///< "tagKeys": what it takes off.
};

/// Nothing of what is not JSON: no operation takes it either.
NamedArns FindNamedArns(std::string_view body);

}  // namespace attune
