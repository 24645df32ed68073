#include "explore/slate_beliefs.h"

#include <cmath>

namespace attune {
namespace {

// Those that may be explored lie all over the catalogue.
constexpr std::size_t kItemsAhead = 8;

}  // namespace

SlateBeliefs::Total SlateBeliefs::TotalOf(std::size_t candidate) const {
  const Belief& belief = candidates[candidate];
  float mean = 0;
  float variance = 0;
  for (std::size_t a = 0; a < belief.attribute_count; ++a) {
    const float weight = a == 0 ? 1 : belief.attribute_scale;
    const Posterior::Effect& effect = effects[belief.attributes[a]];
    mean += weight * effect.mean;
    variance += weight * weight * effect.deviation * effect.deviation;
  }
  return {.mean = belief.mean + belief.shared_weight * mean,
          .deviation =
              std::sqrt(belief.deviation * belief.deviation + belief.shared_weight * belief.shared_weight * variance)};
}

SlateBeliefs ReadBeliefs(const Posterior& posterior, std::span<const std::uint32_t> items,
                         std::span<const std::uint8_t> eligible, std::span<const float> factors) {
  SlateBeliefs beliefs{
      .candidates = std::vector<Belief>(items.size()), .effects = {}, .calibration = posterior.calibration()};
  std::vector<std::uint16_t> number_of(Posterior::kEffectsMax);  // Of each effect that was read, from 1.
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i + kItemsAhead < items.size()) posterior.Expect(items[i + kItemsAhead]);
    if (eligible[i] == 0) continue;
    Belief& belief = beliefs.candidates[i] = posterior.Believe(items[i], factors);
    for (std::size_t a = 0; a < belief.attribute_count; ++a) {
      std::uint16_t& number = number_of[belief.attributes[a]];
      if (number == 0) {
        beliefs.effects.push_back(posterior.AttributeEffect(belief.attributes[a]));
        number = static_cast<std::uint16_t>(beliefs.effects.size());
      }
      belief.attributes[a] = static_cast<std::uint16_t>(number - 1);
    }
  }
  return beliefs;
}

}  // namespace attune
