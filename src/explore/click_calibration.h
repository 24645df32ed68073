#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace attune {

/// From a model's score to the chance of a click by one who looks: logit = intercept + slope * (score - centre). A
/// model's scores are log probabilities over its catalogue; nothing says how often people click, so both numbers are
/// learned from the lists that were shown. The slope starts at 1 (odds of a click proportional to the model's
/// probability). The centre is the first list's mean score, where the intercept starts at kFirstClickRate.
/// Deterministic in the order of calls. One thread at a time.
class ClickCalibration {
 public:
  /// `known`: scores are click logits already, and nothing is learned.
  explicit ClickCalibration(bool known = false) : known_(known) {}

  /// Before the first list whose scores are known, places the centre at their mean.
  void Anchor(double mean_score);
  double Logit(double score) const;
  /// The score that has this logit.
  double Score(double logit) const { return known_ ? logit : state_[5] + (logit - state_[0]) / state_[1]; }
  double slope() const { return state_[1]; }
  /// The score that stands for one that is not known.
  double centre() const { return state_[5]; }
  /// One impression: `corrected` is the score with what is believed of the item, `variance` how uncertain that is (in
  /// score units), `weight` how probably it was looked at.
  void Learn(double corrected, double variance, double weight, bool clicked);
  /// A showing that was learned as ignored, looked at with `ignored_weight`, was clicked after all.
  void LearnLateClick(double corrected, double variance, double ignored_weight);

  static constexpr double kFirstClickRate = 0.05;
  static constexpr double kSlopeMin = 0.2;
  static constexpr double kSlopeMax = 3;
  static constexpr std::size_t kStateSize = 7;

  /// Intercept, slope, their covariance (3), the score it is centred at, 1 once anchored: the whole state.
  std::span<const double, kStateSize> state() const { return state_; }
  void Restore(std::span<const double, kStateSize> state);

 private:
  void Step(double corrected, double variance, double weight, double predicted, double surprise);

  bool known_ = false;
  std::array<double, kStateSize> state_{-2.9444389791664403, 1, 4, 0, 0.04, 0, 0};  // kFirstClickRate as a logit first.
};

}  // namespace attune
