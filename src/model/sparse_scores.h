#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "model/feature.h"

namespace attune {

/// Sums per item in which few items take part: clearing costs by those, not by all. One thread at a time.
class SparseScores {
 public:
  explicit SparseScores(std::size_t item_count) : sums_(item_count), touched_(item_count + 1) {}

  /// Requires amount > 0.
  void Add(std::uint32_t item, float amount) {
    // Nobody foresees whether an item is met again: no branch.
    touched_[touched_count_] = item;
    touched_count_ += sums_[item] == 0 ? 1 : 0;
    sums_[item] += amount;
  }
  void Clear() {
    for (const std::uint32_t item : touched()) sums_[item] = 0;
    touched_count_ = 0;
  }
  std::span<const std::uint32_t> touched() const { return std::span(touched_).first(touched_count_); }
  float operator[](std::uint32_t item) const { return sums_[item]; }

  /// log(share of the item in all sums + kShareFloor). Valid until the next change.
  Feature LogShares();

  /// What an item without any evidence gets, so that no feature is infinite.
  static constexpr float kShareFloor = 1e-5f;

 private:
  std::vector<float> sums_;
  std::vector<std::uint32_t> touched_;  ///< Room for each item, and for one that is met again at the end.
  std::size_t touched_count_ = 0;
  std::vector<float> log_shares_;  ///< Of touched().
};

}  // namespace attune
