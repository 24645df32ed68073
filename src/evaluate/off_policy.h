#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace attune {

/// One thing that was shown under the policy whose log it is, and what the other policy would have done there.
struct LoggedChoice {
  double reward = 0;              ///< 1 for a click.
  double logged_probability = 1;  ///< That the logging policy showed it; above 0.
  double target_probability = 0;  ///< That the policy in question shows it.
  double predicted_reward = 0;  ///< Of what was shown, by some model; only the direct and doubly robust estimates ask.
  double predicted_value = 0;   ///< Of the policy in question here: the model's prediction, averaged over its choices.
  /// The chance that what was shown was looked at, where both probabilities count that in: then both are of being shown
  /// and looked at, averaged over places.
  double examination = 1;
  /// Choices of one request stand and fall together: those of one group, one after the other, count as one draw. A
  /// choice with group 0 is a group of its own.
  std::uint64_t group = 0;
};

/// An estimate of the mean reward of one choice, with its 95 % interval. Of IPS and SNIPS it is that of a weighted sum
/// of rare counts, which is skewed: few large weights make it reach far up. Of the others it is the normal
/// approximation. Source: Fay and Feuer, "Confidence intervals for directly standardized rates", Statistics in Medicine
/// 1997.
struct PolicyEstimate {
  double value = 0;
  double standard_error = 0;
  double low = 0;
  double high = 0;
};

struct OffPolicyEstimates {
  PolicyEstimate inverse_propensity;  ///< IPS: unbiased, wide where the policies differ.
  PolicyEstimate self_normalized;     ///< SNIPS: weights divided by their sum; slightly biased, narrower.
  PolicyEstimate direct;              ///< The model's word alone; its interval knows nothing of the model's error.
  PolicyEstimate doubly_robust;       ///< The model, corrected by what was seen; right if either is.
  double effective_choices = 0;       ///< (sum of weights)^2 / sum of squared weights: how much the log can tell.
  double weight_max = 0;              ///< The largest weight met.
  double weight_mean = 0;             ///< Expected to be 1; far less where what the policy shows was hardly shown.
  std::size_t clipped_choices = 0;    ///< Weights cut at OffPolicyOptions::weight_max: each biases towards 0.
};

struct OffPolicyOptions {
  double weight_max = 1e6;  ///< Of target over logged probability.
};

/// What the policy in question would have earned, from the log of another. Requires logged probabilities above 0.
/// An empty log gives zeros. Pure. O(choices).
/// Source: Dudik et al., "Doubly Robust Policy Evaluation and Optimization", Statistical Science 2014; Swaminathan and
/// Joachims, "The Self-Normalized Estimator for Counterfactual Learning", NIPS 2015.
OffPolicyEstimates EstimateOffPolicy(std::span<const LoggedChoice> log, const OffPolicyOptions& options = {});

}  // namespace attune
