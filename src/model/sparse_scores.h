#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

namespace attune {

/// Sums per item in which few items take part: clearing costs by those, not by all. One thread at a time.
class SparseScores {
 public:
  explicit SparseScores(std::size_t item_count) : sums_(item_count) {}

  /// Requires amount > 0.
  void Add(std::uint32_t item, float amount) {
    if (sums_[item] == 0) touched_.push_back(item);
    sums_[item] += amount;
  }
  void Clear() {
    for (const std::uint32_t item : touched_) sums_[item] = 0;
    touched_.clear();
  }
  std::span<const std::uint32_t> touched() const { return touched_; }
  float operator[](std::uint32_t item) const { return sums_[item]; }

  /// feature[i] = log(share of i in all sums + kShareFloor), for all items.
  void WriteLogShares(std::span<float> feature) const;

  /// What an item without any evidence gets, so that no feature is infinite.
  static constexpr float kShareFloor = 1e-5f;

 private:
  std::vector<float> sums_;
  std::vector<std::uint32_t> touched_;
};

}  // namespace attune
