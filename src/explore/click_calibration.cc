#include "explore/click_calibration.h"

#include <algorithm>
#include <cmath>

namespace attune {
namespace {

enum Index { kIntercept, kSlope, kVarianceIntercept, kCovariance, kVarianceSlope, kCentre, kAnchored };

}  // namespace

void ClickCalibration::Anchor(double mean_score) {
  if (known_ || state_[kAnchored] != 0) return;
  state_[kCentre] = mean_score;
  state_[kAnchored] = 1;
}

double ClickCalibration::Logit(double score) const {
  return known_ ? score : state_[kIntercept] + state_[kSlope] * (score - state_[kCentre]);
}

void ClickCalibration::Learn(double corrected, double variance, double weight, bool clicked) {
  const double predicted = 1 / (1 + std::exp(-Logit(corrected)));
  Step(corrected, variance, weight, predicted, weight * ((clicked ? 1.0 : 0.0) - predicted));
}

void ClickCalibration::LearnLateClick(double corrected, double variance, double ignored_weight) {
  // What was counted as ignored stays counted; so does its disappointment, which is taken back.
  const double predicted = 1 / (1 + std::exp(-Logit(corrected)));
  Step(corrected, variance, 1 - ignored_weight, predicted, 1 - predicted + ignored_weight * predicted);
}

void ClickCalibration::Step(double corrected, double variance, double weight, double predicted, double surprise) {
  if (known_) return;
  const double x = corrected - state_[kCentre];
  const double information = weight * predicted * (1 - predicted);
  const double gain_intercept = state_[kVarianceIntercept] + state_[kCovariance] * x;
  const double gain_slope = state_[kCovariance] + state_[kVarianceSlope] * x;
  // What is unknown of the item widens what its click can tell of everybody's.
  const double spread = gain_intercept + gain_slope * x + state_[kSlope] * state_[kSlope] * variance;
  const double scale = 1 / (1 + information * spread);
  state_[kIntercept] += gain_intercept * scale * surprise;
  state_[kSlope] = std::clamp(state_[kSlope] + gain_slope * scale * surprise, kSlopeMin, kSlopeMax);
  state_[kVarianceIntercept] -= gain_intercept * gain_intercept * information * scale;
  state_[kCovariance] -= gain_intercept * gain_slope * information * scale;
  state_[kVarianceSlope] -= gain_slope * gain_slope * information * scale;
}

void ClickCalibration::Restore(std::span<const double, kStateSize> state) {
  std::copy(state.begin(), state.end(), state_.begin());
}

}  // namespace attune
