#include "explore/ranking.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"

namespace attune {

std::vector<std::uint32_t> PlainRanking(std::span<const float> scores, std::size_t k) {
  std::vector<std::uint32_t> order;
  order.reserve(scores.size());
  for (std::uint32_t i = 0; i < scores.size(); ++i) {
    if (scores[i] > -std::numeric_limits<float>::infinity()) order.push_back(i);
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
  std::vector<std::uint32_t> plain = PlainRanking(request.scores, request.slate_size);
  std::sort(plain.begin(), plain.end());
  std::vector<Choice> choices;
  for (const std::uint32_t index : slate) {
    choices.push_back({.index = index, .explored = !std::binary_search(plain.begin(), plain.end(), index)});
  }
  return choices;
}

}  // namespace attune
