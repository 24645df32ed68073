#include "evaluate/ranking_metrics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "base/random.h"

namespace attune {
namespace {

std::size_t CountHits(std::span<const std::uint32_t> top, const std::set<std::uint32_t>& relevant, std::size_t k) {
  const auto first = top.first(std::min(k, top.size()));
  return static_cast<std::size_t>(
      std::count_if(first.begin(), first.end(), [&](std::uint32_t item) { return relevant.contains(item); }));
}

double Discount(double rank) { return 1 / std::log2(rank + 2); }

}  // namespace

double ReciprocalRank(std::span<const std::uint32_t> top, const std::set<std::uint32_t>& relevant, std::size_t k) {
  for (std::size_t rank = 0; rank < std::min(k, top.size()); ++rank) {
    if (relevant.contains(top[rank])) return 1 / static_cast<double>(rank + 1);
  }
  return 0;
}

double Ndcg(std::span<const std::uint32_t> top, const std::set<std::uint32_t>& relevant, std::size_t k) {
  if (relevant.empty()) return 0;
  double gained = 0;
  for (std::size_t rank = 0; rank < std::min(k, top.size()); ++rank) {
    if (relevant.contains(top[rank])) gained += Discount(static_cast<double>(rank));
  }
  double best = 0;
  for (std::size_t rank = 0; rank < std::min(k, relevant.size()); ++rank) best += Discount(static_cast<double>(rank));
  return gained / best;
}

double Precision(std::span<const std::uint32_t> top, const std::set<std::uint32_t>& relevant, std::size_t k) {
  return static_cast<double>(CountHits(top, relevant, k)) / static_cast<double>(k);
}

double Recall(std::span<const std::uint32_t> top, const std::set<std::uint32_t>& relevant, std::size_t k) {
  if (relevant.empty()) return 0;
  return static_cast<double>(CountHits(top, relevant, k)) / static_cast<double>(relevant.size());
}

std::vector<double> NormaliseEventWeights(std::span<const double> weights) {
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<double> normalised(weights.begin(), weights.end());
  for (double& weight : normalised) weight = total > 0 ? weight * static_cast<double>(weights.size()) / total : 1;
  return normalised;
}

double ExpectedRank(std::span<const float> scores, std::uint32_t target, std::span<const std::uint8_t> excluded) {
  ATTUNE_CHECK(target < scores.size() && (excluded.empty() || excluded.size() == scores.size()));
  double above = 0;
  for (std::size_t item = 0; item < scores.size(); ++item) {
    if (item == target || (!excluded.empty() && excluded[item] != 0)) continue;
    if (scores[item] > scores[target]) above += 1;
    if (scores[item] == scores[target]) above += 0.5;
  }
  return above;
}

double NdcgAtRank(double rank, std::size_t k) { return rank < static_cast<double>(k) ? Discount(rank) : 0; }

double HitAtRank(double rank, std::size_t k) { return rank < static_cast<double>(k) ? 1 : 0; }

std::vector<std::uint32_t> TopItems(std::span<const float> scores, std::size_t k) {
  std::vector<std::uint32_t> items(scores.size());
  std::iota(items.begin(), items.end(), 0u);
  const auto kept = static_cast<std::ptrdiff_t>(std::min(k, items.size()));
  std::partial_sort(items.begin(), items.begin() + kept, items.end(), [&](std::uint32_t a, std::uint32_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  });
  items.resize(static_cast<std::size_t>(kept));
  return items;
}

void SolutionMetrics::Add(std::span<const std::uint32_t> top25, const std::set<std::uint32_t>& relevant) {
  ++count_;
  sums_["mean_reciprocal_rank_at_25"] += ReciprocalRank(top25, relevant, 25);
  for (const std::size_t k : {5, 10, 25}) {
    sums_["normalized_discounted_cumulative_gain_at_" + std::to_string(k)] += Ndcg(top25, relevant, k);
    sums_["precision_at_" + std::to_string(k)] += Precision(top25, relevant, k);
  }
  covered_.insert(top25.begin(), top25.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(25, top25.size())));
}

std::map<std::string, double> SolutionMetrics::Result() const {
  const auto rounded = [](double value) { return std::round(value * 10'000) / 10'000; };
  std::map<std::string, double> result;
  for (const char* key : {"mean_reciprocal_rank_at_25", "normalized_discounted_cumulative_gain_at_5",
                          "normalized_discounted_cumulative_gain_at_10", "normalized_discounted_cumulative_gain_at_25",
                          "precision_at_5", "precision_at_10", "precision_at_25"}) {
    const auto sum = sums_.find(key);
    result[key] = sum == sums_.end() ? 0 : rounded(sum->second / static_cast<double>(count_));
  }
  result["coverage"] =
      catalogue_size_ == 0 ? 0 : rounded(static_cast<double>(covered_.size()) / static_cast<double>(catalogue_size_));
  return result;
}

PairedDifference PairedBootstrap(std::span<const double> a, std::span<const double> b, std::uint64_t seed,
                                 std::size_t resamples) {
  ATTUNE_CHECK(a.size() == b.size());
  if (a.empty()) return {};
  double total = 0;
  for (std::size_t i = 0; i < a.size(); ++i) total += a[i] - b[i];
  Random random(seed);
  std::vector<double> means(resamples);
  for (double& mean : means) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      const auto drawn = random.Below(a.size());
      mean += a[drawn] - b[drawn];
    }
    mean /= static_cast<double>(a.size());
  }
  std::sort(means.begin(), means.end());
  return {.mean = total / static_cast<double>(a.size()),
          .low = means[static_cast<std::size_t>(0.025 * static_cast<double>(resamples))],
          .high = means[static_cast<std::size_t>(0.975 * static_cast<double>(resamples))]};
}

}  // namespace attune
