#include "explore/ranking.h"

#include <hwy/contrib/sort/vqsort.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"

namespace attune {
namespace {

constexpr float kNothing = -std::numeric_limits<float>::infinity();
constexpr std::size_t kSortMax = 1024;  // More scores are sifted before they are sorted.

}  // namespace

std::vector<std::uint32_t> PlainRanking(std::span<const float> scores, std::size_t k) {
  std::vector<std::uint32_t> order;
  order.reserve(scores.size());
  for (std::uint32_t i = 0; i < scores.size(); ++i) {
    if (scores[i] > kNothing) order.push_back(i);
  }
  const auto before = [scores](std::uint32_t a, std::uint32_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  };
  const std::size_t count = std::min(k, order.size());
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(count);
  if (count < order.size()) std::nth_element(order.begin(), end, order.end(), before);
  std::sort(order.begin(), end, before);
  order.resize(count);
  return order;
}

float LargestAt(std::span<const float> scores, std::size_t rank) {
  if (scores.size() <= rank) return kNothing;
  float bar = std::numeric_limits<float>::lowest();  // The sort knows no infinity.
  const std::size_t group_count = 2 * (rank + 1);
  if (scores.size() > kSortMax && group_count < scores.size()) {
    // Of twice as many groups as are looked for, rank + 1 reach what the rank-th best of their maxima reaches.
    std::vector<float> maxima(group_count, kNothing);
    for (std::size_t from = 0; from < scores.size(); from += group_count) {
      const std::size_t count = std::min(group_count, scores.size() - from);
      for (std::size_t g = 0; g < count; ++g) maxima[g] = std::max(maxima[g], scores[from + g]);
    }
    bar = std::max(bar, LargestAt(maxima, rank));
  }
  std::vector<float> best(scores.size());
  std::size_t count = 0;
  for (const float score : scores) {
    best[count] = score;
    count += score >= bar ? 1 : 0;
  }
  if (count <= rank) return kNothing;
  hwy::Sorter()(best.data(), count, hwy::SortDescending());
  return best[rank];
}

std::vector<Choice> PlainChoices(const SlateRequest& request) {
  std::vector<Choice> choices;
  for (const std::uint32_t index : PlainRanking(request.scores, request.slate_size)) {
    choices.push_back({.index = index});
  }
  return choices;
}

bool Explores(const SlateRequest& request) {
  if (request.weight <= 0 || request.beliefs == nullptr) return false;
  const std::size_t count = request.scores.size();
  ATTUNE_CHECK(request.beliefs->candidates.size() == count && request.eligible.size() == count);
  return std::any_of(request.eligible.begin(), request.eligible.end(), [](std::uint8_t e) { return e != 0; });
}

std::vector<float> ExpectedCorrections(const SlateRequest& request, std::vector<float>* deviations) {
  std::vector<float> corrections(request.scores.size(), 0.0F);
  if (deviations != nullptr) deviations->assign(request.scores.size(), 0.0F);
  for (std::size_t i = 0; i < corrections.size(); ++i) {
    if (request.eligible[i] == 0) continue;
    const SlateBeliefs::Total total = request.beliefs->TotalOf(i);
    corrections[i] = total.mean;
    if (deviations != nullptr) (*deviations)[i] = total.deviation;
  }
  return corrections;
}

std::vector<Choice> MarkExplored(const SlateRequest& request, std::span<const std::uint32_t> slate) {
  if (slate.empty()) return {};
  const std::span<const float> scores = request.scores;
  const float last = LargestAt(scores, request.slate_size - 1);
  // Of those that score as the last of the plain ranking does, it takes the first.
  const auto is_plain = [&](std::uint32_t index) {
    if (scores[index] != last) return scores[index] > last;
    std::size_t ahead = 0;
    for (std::size_t i = 0; i < scores.size(); ++i)
      ahead += scores[i] > last || (scores[i] == last && i < index) ? 1 : 0;
    return ahead < request.slate_size;
  };
  std::vector<Choice> choices;
  choices.reserve(slate.size());
  for (const std::uint32_t index : slate) choices.push_back({.index = index, .explored = !is_plain(index)});
  return choices;
}

}  // namespace attune
