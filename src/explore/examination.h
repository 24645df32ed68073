#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace attune {

/// The probability that somebody looks at a place of a list, given that they look at the first. Falls with the rank,
/// never rises, is 1 at the first place and above 0 at all. Immutable: thread-safe.
class ExaminationCurve {
 public:
  /// 1 / rank^0.6.
  ExaminationCurve() : ExaminationCurve(std::vector<float>{}) {}

  /// `rank` counts from 1; 0 (an unknown place) is taken as the first.
  float At(std::uint32_t rank) const;

  static constexpr double kDefaultExponent = 0.6;

 private:
  friend class ExaminationEstimator;
  /// Ranks beyond the table follow the default's shape from its last entry on.
  explicit ExaminationCurve(std::vector<float> table);

  std::vector<float> table_;  // [ranks], rank 1 first.
};

/// Learns the curve from what was shown and clicked. At each rank it compares clicks with those expected if everybody
/// looked, so that better items standing higher does not pass for more attention; few observations leave the default.
/// Deterministic in the order of calls. One thread at a time.
class ExaminationEstimator {
 public:
  /// `click_probability` is the predicted chance of a click by one who looks. Ranks beyond kRanksMax are passed over.
  void Add(std::uint32_t rank, double click_probability, bool clicked);
  /// Adds what was clicked after it had been counted as ignored.
  void AddLateClick(std::uint32_t rank);
  ExaminationCurve Estimate() const;

  /// [2 * ranks], clicks and expected clicks of each rank in turn: the whole state.
  std::span<const double> state() const { return sums_; }
  /// Requires an even number of values, at most 2 * kRanksMax, finite and not negative.
  void Restore(std::span<const double> state) { sums_.assign(state.begin(), state.end()); }

  static constexpr std::uint32_t kRanksMax = 500;
  /// Expected clicks at a rank that weigh as much as the default curve.
  static constexpr double kPriorClicks = 20;

 private:
  std::vector<double> sums_;
};

}  // namespace attune
