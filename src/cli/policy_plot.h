#pragma once

#include <string>
#include <vector>

#include "cli/policy_estimates.h"

namespace attune {

/// An SVG picture of the estimates with their intervals, question by question, and of what was observed. `labels` names
/// the questions.
std::string DrawPolicyEstimates(const PolicyAnswers& answers, const std::vector<std::string>& labels);

}  // namespace attune
