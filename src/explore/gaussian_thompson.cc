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

/// Adds up, over draws, the chances that all else leaves to each place's contestant.
class ProbabilityEstimate {
 public:
  ProbabilityEstimate(const SlateContest& contest, std::span<const SlateContest::Drawn::Place> places,
                      std::size_t count)
      : contest_(contest), sums_(count), squares_(count) {
    for (std::size_t i = 0; i < count; ++i) contestants_.push_back(places[i].contestant);
  }

  void Add(const SlateContest::Drawn& drawn) {
    ++draws_;
    for (std::size_t i = 0; i < contestants_.size(); ++i) {
      const double chance = contest_.Inclusion(contestants_[i], drawn);
      sums_[i] += chance;
      squares_[i] += chance * chance;
    }
  }
  void Write(std::span<Choice> choices) const {
    for (std::size_t i = 0; i < choices.size(); ++i) {
      const double mean = sums_[i] / draws_;
      choices[i].probability = std::clamp(mean, kProbabilityMin, 1.0);
      choices[i].probability_error =
          std::sqrt(std::max(0.0, squares_[i] / draws_ - mean * mean) / std::max(1.0, draws_ - 1));
    }
  }

 private:
  const SlateContest& contest_;
  std::vector<std::uint32_t> contestants_;
  std::vector<double> sums_;
  std::vector<double> squares_;
  double draws_ = 0;
};

}  // namespace

std::vector<Choice> GaussianThompson::Choose(const SlateRequest& request, Random& random) const {
  if (!Explores(request) || request.slate_size == 0) return PlainChoices(request);
  SlateContest contest(request, {.optimistic = options_.optimistic,
                                 .spend_attributes = options_.spend_attributes,
                                 .mean_scale = std::min(1.0, request.weight / kFullMeanWeight)});
  Random propensity_random(random.Next());  // Apart, so that the slate does not depend on how many draws follow.
  SlateContest::Drawn drawn;
  contest.Draw(random, drawn);
  std::vector<std::uint32_t> slate;
  for (const auto& place : drawn.places) {
    if (slate.size() < request.slate_size) slate.push_back(contest.index(place.contestant));
  }
  std::vector<Choice> choices = MarkExplored(request, slate);
  const std::size_t affordable = kDrawCostMax / std::max<std::size_t>(1, contest.contestant_count());
  const std::size_t draw_count = std::min(options_.propensity_draws, std::max(kDrawsMin, affordable));
  if (draw_count == 0) return choices;
  // The served draw is one of them, each alike: so the mean of 1 / probability over what is served is 1 exactly, and
  // what was served and nearly never is still weighs what a few draws can tell.
  ProbabilityEstimate estimate(contest, drawn.places, slate.size());
  estimate.Add(drawn);
  for (std::size_t d = 0; d < draw_count; ++d) {
    contest.Draw(propensity_random, drawn);
    estimate.Add(drawn);
  }
  estimate.Write(choices);
  return choices;
}

}  // namespace attune
