#include "explore/beta_thompson.h"

#include <cmath>
#include <random>

#include "explore/ranking.h"

namespace attune {
namespace {

/// Clicks and looks of every candidate, 0 for those not eligible. [N]
struct Counts {
  std::vector<float> clicked;
  std::vector<float> ignored;
};

Counts CountsOf(const SlateRequest& request) {
  Counts counts{.clicked = std::vector<float>(request.scores.size()),
                .ignored = std::vector<float>(request.scores.size())};
  for (std::size_t i = 0; i < request.scores.size(); ++i) {
    if (request.eligible[i] == 0) continue;
    const Belief& belief = request.beliefs->candidates[i];
    counts.clicked[i] = static_cast<float>(belief.clicked);
    counts.ignored[i] = belief.ignored;
  }
  return counts;
}

std::vector<std::uint32_t> Draw(const SlateRequest& request, const Counts& counts, const ClickCalibration& calibration,
                                Random& random) {
  std::vector<float> values(request.scores.begin(), request.scores.end());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (request.eligible[i] == 0 || !std::isfinite(values[i]) || random.Uniform() >= request.weight) continue;
    const float a = std::gamma_distribution<float>(1 + counts.clicked[i])(random);
    const float b = std::gamma_distribution<float>(1 + counts.ignored[i])(random);
    values[i] = static_cast<float>(calibration.Score(std::log((a + 1e-12F) / (b + 1e-12F))));
  }
  return PlainRanking(values, request.slate_size);
}

}  // namespace

std::vector<Choice> BetaThompson::Choose(const SlateRequest& request, Random& random) const {
  if (!Explores(request)) return PlainChoices(request);
  const Counts counts = CountsOf(request);
  const ClickCalibration& calibration = request.beliefs->calibration;
  const std::vector<std::uint32_t> slate = Draw(request, counts, calibration, random);

  std::vector<std::uint32_t> times(request.scores.size(), 0);
  for (const std::uint32_t index : slate) ++times[index];
  for (std::size_t draw = 0; draw < propensity_draws_; ++draw) {
    for (const std::uint32_t index : Draw(request, counts, calibration, random)) ++times[index];
  }
  std::vector<Choice> choices = MarkExplored(request, slate);
  const auto draw_count = static_cast<double>(propensity_draws_ + 1);
  for (Choice& choice : choices) {
    choice.probability = times[choice.index] / draw_count;
    choice.probability_error = std::sqrt(choice.probability * (1 - choice.probability) / draw_count);
  }
  return choices;
}

}  // namespace attune
