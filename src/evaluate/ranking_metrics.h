#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace attune {

/// How good ranked lists are. Pure functions; `top` is a list of items, best first, `relevant` what was taken.

/// 1 / rank of the first relevant item among the first k, 0 if there is none.
double ReciprocalRank(std::span<const std::uint32_t> top, const std::set<std::uint32_t>& relevant, std::size_t k);

/// DCG over the first k divided by that of the best order, which has min(k, relevant) hits first. 0 if nothing is
/// relevant.
double Ndcg(std::span<const std::uint32_t> top, const std::set<std::uint32_t>& relevant, std::size_t k);

/// Relevant items among the first k, divided by k however short the list is.
double Precision(std::span<const std::uint32_t> top, const std::set<std::uint32_t>& relevant, std::size_t k);

/// Relevant items among the first k, divided by how many are relevant.
double Recall(std::span<const std::uint32_t> top, const std::set<std::uint32_t>& relevant, std::size_t k);

/// Weights divided by their mean, so that only their ratios matter.
std::vector<double> NormaliseEventWeights(std::span<const double> weights);

/// How many items score above `target`, counting one half for each that scores the same: its expected rank from 0.
/// Items with `excluded[item] != 0` are not counted; `excluded` may be empty.
double ExpectedRank(std::span<const float> scores, std::uint32_t target, std::span<const std::uint8_t> excluded);

/// NDCG@k and HR@k where one item is relevant and stands at `rank`, from 0.
double NdcgAtRank(double rank, std::size_t k);
double HitAtRank(double rank, std::size_t k);

/// The k largest scores, best first, ties by index.
std::vector<std::uint32_t> TopItems(std::span<const float> scores, std::size_t k);

/// Adds up the lists of test users into the keys of GetSolutionMetrics. One thread at a time.
class SolutionMetrics {
 public:
  /// `catalogue_size`: distinct items in interactions and items together.
  explicit SolutionMetrics(std::size_t catalogue_size) : catalogue_size_(catalogue_size) {}

  void Add(std::span<const std::uint32_t> top25, const std::set<std::uint32_t>& relevant);
  /// Means over what was added, to four decimals; all 0 if nothing was. coverage is the share of the catalogue in any
  /// of the lists.
  std::map<std::string, double> Result() const;

 private:
  const std::size_t catalogue_size_;
  std::size_t count_ = 0;
  std::map<std::string, double> sums_;
  std::set<std::uint32_t> covered_;
};

/// The mean of `a - b`, paired, and its 95 % interval over `resamples` draws of pairs with replacement.
struct PairedDifference {
  double mean = 0;
  double low = 0;
  double high = 0;
};
PairedDifference PairedBootstrap(std::span<const double> a, std::span<const double> b, std::uint64_t seed,
                                 std::size_t resamples = 2000);

}  // namespace attune
