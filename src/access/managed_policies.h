#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "access/policy_document.h"

namespace attune {

/// A policy that is there without anybody having made it, as AWS has them.
struct ManagedPolicy {
  std::string_view arn;   ///< "arn:aws:iam::aws:policy/service-role/AmazonPersonalizeFullAccess"
  std::string_view path;  ///< "/service-role/"
  std::string_view name;
  std::string_view document;
};

/// Those that can be attached, sorted by name.
std::span<const ManagedPolicy> ManagedPolicies();
/// Null if there is none of that ARN.
const ManagedPolicy* FindManagedPolicy(std::string_view arn);

}  // namespace attune
