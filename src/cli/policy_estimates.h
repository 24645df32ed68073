#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/workers.h"
#include "cli/policy_log.h"
#include "evaluate/off_policy.h"
#include "explore/policy.h"

namespace attune {

/// A policy at an explorationWeight, which might have chosen the lists of a log.
struct PolicyQuestion {
  std::shared_ptr<const Policy> policy;
  double weight = 0;
};

struct PolicyAnswers {
  OffPolicyEstimates observed;                ///< Of the lists as they were served.
  std::vector<OffPolicyEstimates> estimates;  ///< [questions]
  std::size_t lists = 0;
  std::size_t places = 0;
  std::size_t clicks = 0;
  std::size_t unknown_policy = 0;  ///< Lists drawn by a policy that this program does not know: left out.
  /// Root mean square of the propensities' standard errors over themselves, where they are logged: estimates by IPS are
  /// off by about its square, upwards.
  double propensity_error = 0;
  std::size_t cut_short = 0;  ///< Lists with more contenders than were logged: estimates are a little off there.
};

struct PolicyEstimateOptions {
  std::size_t draw_count = 100;  ///< Of each policy, for each list.
  double weight_max = 100;       ///< See OffPolicyOptions.
};

/// What each policy would have earned: clicks a place of a list, as the mean over all places. A click is taken to
/// depend on the item, the user and whether the place was looked at, not on what stands beside it (position-based
/// model); so the weight of a click is how far the policy would have had the item looked at, over how far the logging
/// one had. Lists of one user count as one observation. Deterministic.
/// Source: Li et al., "Offline Evaluation of Ranking Policies with Click Models", KDD 2018.
PolicyAnswers AnswerPolicyQuestions(const PolicyLog& log, const std::vector<PolicyQuestion>& questions,
                                    const PolicyEstimateOptions& options, const Workers& workers,
                                    const std::function<void(double fraction)>& on_progress);

}  // namespace attune
