#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace attune {

/// Where a user stands among all users, in a few numbers, told by the model's scores of some items that it knows well
/// (anchors): the directions in which users' scores differ most. An item's correction may then differ between users:
/// a new item that its genre's friends ignore may be loved by another crowd, and some clicks suffice to see it.
/// Immutable: thread-safe. Shapes: S sampled users, A anchors, D factors.
class UserFactors {
 public:
  /// Principal directions of `scores` [S, A], row-major: log probabilities of the anchors for a sample of users or
  /// histories. A constant added to a user's scores changes nothing. D falls where users differ in fewer directions.
  /// Requires S, A >= 2. Deterministic. Cost O(S A D) times a few tens; S = 2,000, A = 512 and D = 8 take about 1 s.
  static UserFactors Fit(std::span<const float> scores, std::size_t anchor_count, std::size_t factor_count);
  /// Knows nothing: D = 0.
  UserFactors() = default;

  /// Fills `factors` [D] from one user's scores of the anchors [A]; about unit variance over users, within
  /// [-kFactorMax, kFactorMax]. Cost O(A D).
  void Project(std::span<const float> anchor_scores, std::span<float> factors) const;

  std::size_t factor_count() const { return factor_count_; }
  std::size_t anchor_count() const { return mean_.size(); }

  std::string Serialize() const;
  static Result<UserFactors> Parse(std::string_view bytes);

  static constexpr std::size_t kFactorsMax = 16;
  static constexpr float kFactorMax = 4;

 private:
  std::size_t factor_count_ = 0;
  std::vector<float> mean_;        // [A]
  std::vector<float> directions_;  // [A, D], scaled to unit variance.
};

}  // namespace attune
