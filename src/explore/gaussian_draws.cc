#include "explore/gaussian_draws.h"

#include <algorithm>
#include <cmath>

#include "explore/ranking.h"

namespace attune {
namespace {

constexpr double kProbabilityMin = 1e-6;  // Nothing that was drawn is impossible.
constexpr std::size_t kDrawsMin = 8;
constexpr std::size_t kDrawCostMax = 20'000;  // Contestants times draws for the probabilities.

}  // namespace

GaussianDraws::GaussianDraws(const SlateRequest& request, const GaussianThompson::Options& options)
    : slate_size_(request.slate_size) {
  if (!Explores(request) || request.slate_size == 0) {
    plain_ = PlainChoices(request);
    return;
  }
  contest_.emplace(
      request, SlateContest::Options{.optimistic = options.optimistic,
                                     .spend_attributes = options.spend_attributes,
                                     .mean_scale = std::min(1.0, request.weight / GaussianThompson::kFullMeanWeight)});
  std::vector<std::uint32_t> indexes(contest_->contestant_count());
  for (std::uint32_t c = 0; c < indexes.size(); ++c) indexes[c] = contest_->index(c);
  for (const Choice& choice : MarkExplored(request, indexes)) is_plain_.push_back(choice.explored ? 0 : 1);
  const std::size_t affordable = kDrawCostMax / std::max<std::size_t>(1, contest_->contestant_count());
  draw_count_ = std::min(options.propensity_draws, std::max(kDrawsMin, affordable));
}

std::vector<Choice> GaussianDraws::Choose(Random& random) {
  if (!contest_) return plain_;
  Random propensity_random(random.Next());  // Apart, so that the slate does not depend on how many draws follow.
  contest_->Draw(random, drawn_);
  places_.clear();
  std::vector<Choice> choices;
  for (const auto& place : drawn_.places) {
    if (choices.size() == slate_size_) break;
    places_.push_back(place.contestant);
    choices.push_back({.index = contest_->index(place.contestant), .explored = is_plain_[place.contestant] == 0});
  }
  // The served draw is one of those averaged, each alike: so the mean of 1 / probability over what is served is 1
  // exactly, and what was served and nearly never is still weighs what a few draws can tell.
  if (draw_count_ > 0)
    was_drawn_ ? EstimateAll(propensity_random, choices) : EstimatePlaces(propensity_random, choices);
  was_drawn_ = true;
  return choices;
}

void GaussianDraws::EstimatePlaces(Random& random, std::vector<Choice>& choices) {
  Estimate estimate(places_.size());
  const auto add = [&] {
    ++estimate.draws;
    for (std::size_t i = 0; i < places_.size(); ++i) estimate.Add(i, contest_->Inclusion(places_[i], drawn_));
  };
  add();
  for (std::size_t d = 0; d < draw_count_; ++d) {
    contest_->Draw(random, drawn_);
    add();
  }
  for (std::size_t i = 0; i < places_.size(); ++i) estimate.Write(i, choices[i]);
}

void GaussianDraws::EstimateAll(Random& random, std::vector<Choice>& choices) {
  const bool is_first = !estimate_;
  if (is_first) estimate_.emplace(contest_->contestant_count());
  const auto add = [&] {
    ++estimate_->draws;
    for (std::uint32_t c = 0; c < contest_->contestant_count(); ++c) estimate_->Add(c, contest_->Inclusion(c, drawn_));
  };
  add();
  for (std::size_t d = 0; is_first && d < draw_count_; ++d) {
    contest_->Draw(random, drawn_);
    add();
  }
  for (std::size_t i = 0; i < places_.size(); ++i) estimate_->Write(places_[i], choices[i]);
}

void GaussianDraws::Estimate::Write(std::size_t i, Choice& choice) const {
  const double mean = sums[i] / draws;
  choice.probability = std::clamp(mean, kProbabilityMin, 1.0);
  choice.probability_error = std::sqrt(std::max(0.0, squares[i] / draws - mean * mean) / std::max(1.0, draws - 1));
}

std::size_t GaussianDraws::bytes() const {
  const std::size_t contestants = is_plain_.size();
  const std::size_t a_contestant = sizeof(Estimate::sums[0]) + sizeof(Estimate::squares[0]) + sizeof(is_plain_[0]) +
                                   2 * sizeof(std::uint32_t);  // With its place in drawn_ and in places_.
  return sizeof(*this) + plain_.size() * sizeof(Choice) + contestants * a_contestant +
         (contest_ ? contest_->bytes() : 0);
}

}  // namespace attune
