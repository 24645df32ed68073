#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "access/policy_evaluation.h"

namespace attune {

/// `pattern` with ${aws:username} and the like replaced from the request's context, ${*}, ${?} and ${$} by those
/// letters, and ${key, 'text'} by the text where the context lacks the key. Nothing if a variable has no value: then
/// the element does not match. In documents of another version than kCurrentVersion nothing is replaced.
std::optional<std::string> ReplaceVariables(std::string_view pattern, const AccessRequest& request,
                                            std::string_view version);

}  // namespace attune
