#include "model/sparse_scores.h"

namespace attune {

Feature SparseScores::LogShares() {
  double total = 0;
  for (const std::uint32_t item : touched()) total += sums_[item];
  const auto scale = static_cast<float>(total > 0 ? 1 / total : 0);
  log_shares_.clear();
  for (const std::uint32_t item : touched()) log_shares_.push_back(std::log(sums_[item] * scale + kShareFloor));
  return {.rest = std::log(kShareFloor), .items = touched(), .values = log_shares_};
}

}  // namespace attune
