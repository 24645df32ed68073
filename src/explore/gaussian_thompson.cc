#include "explore/gaussian_thompson.h"

#include <algorithm>
#include <cmath>

#include "explore/ranking.h"
#include "explore/slate_contest.h"

namespace attune {
namespace {

constexpr double kProbabilityMin = 1e-6;  // Nothing that was drawn is impossible.
constexpr std::size_t kDrawsMin = 8;
constexpr std::size_t kDrawCostMax = 20'000;  // Contestants times draws for the probabilities.

/// Mean and standard error over `draws` of the chance that all else leaves to the contestant.
void EstimateProbability(const SlateContest& contest, std::span<const SlateContest::Drawn> draws,
                         std::uint32_t contestant, Choice& choice) {
  double sum = 0;
  double squares = 0;
  for (const SlateContest::Drawn& drawn : draws) {
    const double chance = contest.Inclusion(contestant, drawn);
    sum += chance;
    squares += chance * chance;
  }
  const auto count = static_cast<double>(draws.size());
  const double mean = sum / count;
  choice.probability = std::clamp(mean, kProbabilityMin, 1.0);
  choice.probability_error = std::sqrt(std::max(0.0, squares / count - mean * mean) / std::max(1.0, count - 1));
}

}  // namespace

std::vector<Choice> GaussianThompson::Choose(const SlateRequest& request, Random& random) const {
  if (!Explores(request) || request.slate_size == 0) return PlainChoices(request);
  SlateContest contest(request, {.optimistic = options_.optimistic,
                                 .spend_attributes = options_.spend_attributes,
                                 .mean_scale = std::min(1.0, request.weight / kFullMeanWeight)});
  Random propensity_random(random.Next());  // Apart, so that the slate does not depend on how many draws follow.
  std::vector<SlateContest::Drawn> draws(1);
  SlateContest::Drawn& served = draws[0];
  contest.Draw(random, served);
  std::vector<std::uint32_t> slate;
  for (const auto& place : served.places) {
    if (slate.size() < request.slate_size) slate.push_back(contest.index(place.contestant));
  }
  std::vector<Choice> choices = MarkExplored(request, slate);
  const std::size_t affordable = kDrawCostMax / std::max<std::size_t>(1, contest.contestant_count());
  const std::size_t draw_count = std::min(options_.propensity_draws, std::max(kDrawsMin, affordable));
  if (draw_count == 0) return choices;
  // The served draw is one of them, each alike: so the mean of 1 / probability over what is served is 1 exactly, and
  // what was served and nearly never is still weighs what a few dozen draws can tell.
  draws.resize(1 + draw_count);
  for (std::size_t d = 1; d < draws.size(); ++d) contest.Draw(propensity_random, draws[d]);
  for (std::size_t i = 0; i < choices.size(); ++i) {
    EstimateProbability(contest, draws, draws[0].places[i].contestant, choices[i]);
  }
  return choices;
}

}  // namespace attune
