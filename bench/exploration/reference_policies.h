#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "world.h"

namespace attune::exploration_bench {

enum class Reference {
  kNewLast,        ///< Never a new item while old ones fill the slate.
  kRandomSlot,     ///< New last, but one random new item in the last place.
  kGreedy,         ///< On the content prior, which learns.
  kEpsilonGreedy,  ///< Greedy; with probability 10 x parameter one place goes to a random new item.
  kBetaThompson,   ///< Beta(1, 1) per item, not personal.
  kUcb,            ///< Mean plus parameter x deviation.
  kThompson,       ///< Gaussian, each item by itself, deviation x parameter.
  kOracle,         ///< Knows the truth.
};

/// The policies that the bars are set against, with one Gaussian posterior for each new item and, unlike a service, the
/// knowledge of what was examined.
std::unique_ptr<SimulatedPolicy> MakeReference(Reference kind, double parameter = 0);

}  // namespace attune::exploration_bench
