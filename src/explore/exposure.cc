#include "explore/exposure.h"

namespace attune {

Exposure MeasureExposure(const Policy& policy, double weight, const Contenders& contenders, double deviation_max,
                         std::span<const float> examination, std::size_t draw_count, Random& random) {
  const std::vector<float> scores =
      SeasonedScores(contenders.scores, contenders.eligible, contenders.beliefs, weight, deviation_max);
  const SlateRequest request = contenders.Request(scores, examination.size(), weight);
  Exposure exposure{.shown = std::vector<double>(scores.size()), .looked_at = std::vector<double>(scores.size())};
  const double share = 1 / static_cast<double>(draw_count);
  for (std::size_t draw = 0; draw < draw_count; ++draw) {
    std::size_t place = 0;
    for (const Choice& choice : policy.Choose(request, random)) {
      exposure.shown[choice.index] += share;
      exposure.looked_at[choice.index] += share * static_cast<double>(examination[place++]);
    }
  }
  return exposure;
}

}  // namespace attune
