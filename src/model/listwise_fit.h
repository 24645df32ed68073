#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/workers.h"

namespace attune {

/// Lists of candidates of which the first is the one that was taken. A candidate scores offset + weights · features,
/// and is taken with the probability of the softmax over its list. Shapes: R rows in all, F features, L lists.
struct ListwiseProblem {
  std::size_t feature_count = 0;
  std::vector<float> features;  ///< [R, F]
  std::vector<float> offsets;   ///< [R]: what is known before, and the log of how many items a row stands for.
  std::vector<std::size_t> list_begin{0};  ///< [L + 1]

  std::size_t list_count() const { return list_begin.size() - 1; }
};

/// A ridge that holds a weight at its start: the feature then costs nothing.
inline constexpr double kHeldRidge = 1e12;

/// The weights that minimise the negative log likelihood of `lists` plus Σ ridge[f] · (weight[f] - start[f])² / 2, by
/// Newton's method with halved steps. The problem is convex: the result depends on nothing else, and has the same bits
/// for any number of threads.
std::vector<double> FitListwise(const ListwiseProblem& problem, std::span<const std::size_t> lists,
                                std::span<const double> start, std::span<const double> ridge, const Workers& workers);

/// Mean negative log likelihood of `lists`.
double ListwiseLoss(const ListwiseProblem& problem, std::span<const std::size_t> lists,
                    std::span<const double> weights);

/// For each of `lists` how many candidates score above the first, ties counting one half.
std::vector<double> ListwiseRanks(const ListwiseProblem& problem, std::span<const std::size_t> lists,
                                  std::span<const double> weights);

}  // namespace attune
