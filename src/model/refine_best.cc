#include "model/refine_best.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "tensor/best_values.h"

namespace attune {
namespace {

/// Adds `factor` times what a feature says of each of `items` to its score.
void AddFeature(const Feature& feature, float factor, std::span<const std::uint32_t> items, std::span<float> scores) {
  for (const std::uint32_t item : items) scores[item] += factor * feature.dense[item];
}

}  // namespace

void RefineBest(const Blend& blend, std::span<const std::shared_ptr<const Member>> members, const Query& query,
                ScoreScratch& scratch, std::span<float> scores) {
  const auto rounds = [](const auto& member) { return member->rounds(); };
  if (std::ranges::none_of(members, rounds)) return;
  std::vector<std::uint32_t> best = BestValues(scores, kRefinedMax);
  std::erase_if(best, [&](std::uint32_t item) { return scores[item] == -HUGE_VALF; });
  std::size_t first = 0;
  for (std::size_t m = 0; m < members.size(); ++m) {
    const Member& member = *members[m];
    const std::size_t end = first + member.feature_names().size();
    const auto add = [&](float sign) {
      for (std::size_t f = first; f < end; ++f) {
        const float weight = blend.Weight(f, query.items.size());
        if (weight != 0 && scratch.features[f].is_dense()) AddFeature(scratch.features[f], sign * weight, best, scores);
      }
    };
    if (member.rounds()) {
      add(-1);
      member.Refine(best, *scratch.members[m]);
      add(1);
    }
    first = end;
  }
}

}  // namespace attune
