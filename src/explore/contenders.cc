#include "explore/contenders.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/check.h"
#include "explore/ranking.h"

namespace attune {
namespace {

constexpr float kNothing = -std::numeric_limits<float>::infinity();

/// Between these a candidate's value lies, at every weight and in nearly every draw.
struct Range {
  std::vector<float> low;
  std::vector<float> high;
};

Range RangeOf(const SlateRequest& request, double deviation_max) {
  Range range{.low = {request.scores.begin(), request.scores.end()},
              .high = {request.scores.begin(), request.scores.end()}};
  const std::vector<float> seasoned =
      SeasonedScores(request.scores, request.eligible, *request.beliefs, 1, deviation_max);
  for (std::size_t i = 0; i < range.low.size(); ++i) {
    if (request.eligible[i] == 0) continue;
    const SlateBeliefs::Total total = request.beliefs->TotalOf(i);
    range.low[i] += std::min(0.0F, total.mean);
    range.high[i] = seasoned[i] + std::max(0.0F, total.mean) + kContenderReach * total.deviation;
  }
  return range;
}

}  // namespace

std::vector<float> SeasonedScores(std::span<const float> scores, std::span<const std::uint8_t> eligible,
                                  const SlateBeliefs& beliefs, double weight, double deviation_max) {
  std::vector<float> seasoned(scores.begin(), scores.end());
  for (std::size_t i = 0; i < seasoned.size() && weight > 0; ++i) {
    if (eligible[i] == 0) continue;
    const double deviation = std::min(static_cast<double>(beliefs.candidates[i].deviation), deviation_max);
    seasoned[i] += static_cast<float>(weight * weight * deviation * deviation / 2);
  }
  return seasoned;
}

Contenders FindContenders(const SlateRequest& request, double deviation_max, std::size_t count_max) {
  ATTUNE_CHECK(request.beliefs != nullptr && request.beliefs->candidates.size() == request.scores.size());
  const Range range = RangeOf(request, deviation_max);
  // What K + 1 candidates never fall below: the last of them moves up where one of the K is away.
  const float bar = LargestAt(range.low, request.slate_size);
  Contenders out;
  for (std::uint32_t i = 0; i < request.scores.size(); ++i) {
    if (request.scores[i] > kNothing && range.high[i] >= bar) out.indexes.push_back(i);
  }
  if (out.indexes.size() > count_max) {
    out.left_out = out.indexes.size() - count_max;
    std::ranges::stable_sort(out.indexes, std::greater<>(), [&](std::uint32_t i) { return range.high[i]; });
    out.indexes.resize(count_max);
    std::ranges::sort(out.indexes);
  }
  out.beliefs.calibration = request.beliefs->calibration;
  out.beliefs.effects.resize(request.beliefs->effects.size());
  for (const std::uint32_t i : out.indexes) {
    out.scores.push_back(request.scores[i]);
    out.eligible.push_back(request.eligible[i]);
    const Belief& belief = out.beliefs.candidates.emplace_back(request.beliefs->candidates[i]);
    for (std::size_t a = 0; a < belief.attribute_count && request.eligible[i] != 0; ++a) {
      out.beliefs.effects[belief.attributes[a]] = request.beliefs->effects[belief.attributes[a]];
    }
  }
  return out;
}

}  // namespace attune
