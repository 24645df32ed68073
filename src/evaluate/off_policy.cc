#include "evaluate/off_policy.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/check.h"

namespace attune {
namespace {

constexpr double kNormal95 = 1.959963984540054;

/// One group's sums.
struct Group {
  double count = 0;
  double weight = 0;  ///< Its expectation is `examination`.
  double examination = 0;
  double weighted_reward = 0;
  double predicted = 0;
  double corrected = 0;  ///< Doubly robust.
};

std::vector<Group> GroupsOf(std::span<const LoggedChoice> log, const OffPolicyOptions& options,
                            OffPolicyEstimates& estimates) {
  std::vector<Group> groups;
  double weights = 0;
  double squares = 0;
  for (std::size_t i = 0; i < log.size(); ++i) {
    const LoggedChoice& choice = log[i];
    ATTUNE_CHECK(choice.logged_probability > 0);
    double weight = choice.target_probability / choice.logged_probability;
    estimates.weight_max = std::max(estimates.weight_max, weight);
    if (weight > options.weight_max) {
      weight = options.weight_max;
      ++estimates.clipped_choices;
    }
    weights += weight;
    squares += weight * weight;
    if (i == 0 || choice.group == 0 || choice.group != log[i - 1].group) groups.emplace_back();
    Group& group = groups.back();
    group.count += 1;
    group.weight += weight * choice.examination;
    group.examination += choice.examination;
    group.weighted_reward += weight * choice.reward;
    group.predicted += choice.predicted_value;
    group.corrected += choice.predicted_value + weight * (choice.reward - choice.predicted_reward);
  }
  estimates.effective_choices = squares > 0 ? weights * weights / squares : 0;
  return groups;
}

/// Sum of `above` over sum of `below`, its error by the delta method over groups.
PolicyEstimate Ratio(std::span<const Group> groups, double Group::*above, double Group::*below) {
  double above_sum = 0;
  double below_sum = 0;
  for (const Group& group : groups) {
    above_sum += group.*above;
    below_sum += group.*below;
  }
  PolicyEstimate estimate;
  if (below_sum <= 0) return estimate;
  estimate.value = above_sum / below_sum;
  double squares = 0;
  for (const Group& group : groups) {
    const double residual = group.*above - estimate.value * group.*below;
    squares += residual * residual;
  }
  const auto count = static_cast<double>(groups.size());
  const double correction = count > 1 ? count / (count - 1) : 1;
  estimate.standard_error = std::sqrt(squares * correction) / below_sum;
  estimate.low = estimate.value - kNormal95 * estimate.standard_error;
  estimate.high = estimate.value + kNormal95 * estimate.standard_error;
  return estimate;
}

/// Quantile of a chi-squared distribution at a normal deviate. Source: Wilson and Hilferty, PNAS 1931.
double ChiSquared(double degrees, double deviate) {
  const double spread = 2 / (9 * degrees);
  const double root = std::max(0.0, 1 - spread + deviate * std::sqrt(spread));
  return degrees * root * root * root;
}

/// Sets the interval of a sum of counts of which one adds at most `largest`.
void SetSkewedInterval(double largest, PolicyEstimate* estimate) {
  const double variance = estimate->standard_error * estimate->standard_error;
  const double value = estimate->value;
  estimate->low =
      value > 0 && variance > 0 ? variance / (2 * value) * ChiSquared(2 * value * value / variance, -kNormal95) : value;
  const double value_above = value + largest;
  const double variance_above = variance + largest * largest;
  estimate->high =
      value_above > 0 && variance_above > 0
          ? variance_above / (2 * value_above) * ChiSquared(2 * value_above * value_above / variance_above, kNormal95)
          : value;
}

PolicyEstimate Scaled(const PolicyEstimate& estimate, double factor) {
  return {.value = estimate.value * factor,
          .standard_error = estimate.standard_error * factor,
          .low = estimate.low * factor,
          .high = estimate.high * factor};
}

}  // namespace

OffPolicyEstimates EstimateOffPolicy(std::span<const LoggedChoice> log, const OffPolicyOptions& options) {
  OffPolicyEstimates estimates;
  const std::vector<Group> groups = GroupsOf(log, options, estimates);
  estimates.inverse_propensity = Ratio(groups, &Group::weighted_reward, &Group::count);
  const auto sum = [&](double Group::*member) {
    double total = 0;
    for (const Group& group : groups) total += group.*member;
    return total;
  };
  const double count = sum(&Group::count);
  const double examination = sum(&Group::examination);
  const double weight = sum(&Group::weight);
  const double heaviest = std::min(estimates.weight_max, options.weight_max);
  if (count > 0) SetSkewedInterval(heaviest / count, &estimates.inverse_propensity);
  estimates.weight_mean = examination > 0 ? weight / examination : 0;
  const double examined = count > 0 ? examination / count : 0;
  estimates.self_normalized = Scaled(Ratio(groups, &Group::weighted_reward, &Group::weight), examined);
  if (weight > 0) SetSkewedInterval(heaviest * examined / weight, &estimates.self_normalized);
  estimates.direct = Ratio(groups, &Group::predicted, &Group::count);
  estimates.doubly_robust = Ratio(groups, &Group::corrected, &Group::count);
  return estimates;
}

}  // namespace attune
