#pragma once

#include <string_view>
#include <vector>

#include "access/policy_evaluation.h"

namespace attune {

/// Whether every condition holds. `version` is the document's: variables are replaced in
/// PolicyDocument::kCurrentVersion alone.
bool ConditionsHold(const std::vector<PolicyCondition>& conditions, const AccessRequest& request,
                    std::string_view version);

}  // namespace attune
