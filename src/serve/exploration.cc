#include "serve/exploration.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/log.h"
#include "explore/gaussian_thompson.h"
#include "serve/top_k.h"

namespace attune {
namespace {

constexpr float kUnknownScore = std::numeric_limits<float>::quiet_NaN();

/// Standard deviation of a user's log probabilities over the items of training: how far apart items are, for somebody,
/// and so how uncertain one is that nobody has met. Averaged over histories of one item each, spread over the
/// catalogue.
double SpreadOfScores(const RecommenderModel& model) {
  constexpr std::size_t kSampleMax = 64;
  const std::size_t count = model.trained_item_count();
  if (count < 2) return 0;
  ScoreScratch scratch = model.MakeScratch();
  std::vector<float> scores(model.item_count());
  double variances = 0;
  const std::size_t samples = std::min(kSampleMax, count);
  for (std::size_t sample = 0; sample < samples; ++sample) {
    const auto item = static_cast<std::uint32_t>(sample * count / samples);
    const std::int64_t when_ms = model.newest_interaction_ms();
    model.ScoreAll({.items = {&item, 1}, .timestamp_ms = {&when_ms, 1}}, scratch, scores);
    double sum = 0;
    double squares = 0;
    for (std::size_t i = 0; i < count; ++i) {
      sum += static_cast<double>(scores[i]);
      squares += static_cast<double>(scores[i]) * static_cast<double>(scores[i]);
    }
    variances += squares / static_cast<double>(count) - sum * sum / static_cast<double>(count * count);
  }
  return std::sqrt(std::max(variances / static_cast<double>(samples), 0.0));
}

}  // namespace

Exploration::Exploration(std::shared_ptr<const RecommenderModel> model)
    : model_(std::move(model)), spread_(SpreadOfScores(*model_)), posterior_(Posterior::Options{}) {
  for (std::uint32_t item = 0; item < model_->item_count(); ++item) {
    newest_first_.emplace_back(model_->item_created_ms(item), item);
    // Each meeting with a user is an observation: what is known of an item grows with their number. Of items that
    // joined since training nothing is known but that some event named them, and nobody was offered them yet.
    const bool is_new = item >= model_->trained_item_count();
    const double met = is_new ? 0 : model_->item_prior(item).interactions;
    const Status set = posterior_.SetItem(
        item, std::max((is_new ? kNewItemWidth : 1) * spread_ / std::sqrt(1 + met), kDeviationMin), {});
    if (!set.ok()) {
      LogWarning("items from {} on are not explored: {}", item, set.message());
      break;
    }
  }
  std::ranges::sort(newest_first_, std::greater<>());
}

void Exploration::Observe(std::span<const std::string> shown_item_ids, std::string_view clicked_item_id,
                          const ServedList* served) {
  std::vector<Impression> list;
  for (std::size_t i = 0; i < shown_item_ids.size(); ++i) {
    const auto item = model_->FindItem(shown_item_ids[i]);
    if (!item) continue;
    Impression impression{.item = *item,
                          .rank = static_cast<std::uint32_t>(i + 1),
                          .score = kUnknownScore,
                          .feedback = shown_item_ids[i] == clicked_item_id ? Feedback::kClicked : Feedback::kIgnored};
    if (served != nullptr) {
      if (const auto place = served->PlaceOf(shown_item_ids[i])) {
        impression.rank = static_cast<std::uint32_t>(*place + 1);
        impression.score = static_cast<float>(std::log(served->scores[*place]));
      }
    }
    list.push_back(impression);
  }
  // Items beyond the posterior's limit were logged when the model was deployed.
  (void)posterior_.Observe(list, {});
}

void Exploration::ObserveLateClick(std::string_view clicked_item_id, const ServedList& served) {
  const auto item = model_->FindItem(clicked_item_id);
  const auto place = served.PlaceOf(clicked_item_id);
  if (!item || !place) return;
  const Impression impression{.item = *item,
                              .rank = static_cast<std::uint32_t>(*place + 1),
                              .score = static_cast<float>(std::log(served.scores[*place])),
                              .feedback = Feedback::kClickedLater};
  (void)posterior_.Observe({&impression, 1}, {});
}

std::vector<Choice> Exploration::Choose(std::span<const float> log_probabilities, const Slate& slate,
                                        Random& random) const {
  std::vector<std::uint32_t> candidates =
      TopK(log_probabilities, slate.weight > 0 ? std::max(slate.size, kCandidatesMin) : slate.size);
  if (slate.weight <= 0) {
    std::vector<Choice> plain;
    for (const std::uint32_t item : candidates) plain.push_back({.index = item});
    return plain;
  }
  std::vector<bool> is_candidate(log_probabilities.size());
  for (const std::uint32_t item : candidates) is_candidate[item] = true;
  std::vector<bool> is_eligible(log_probabilities.size());
  for (std::size_t i = 0; i < newest_first_.size() && i < kEligibleMax; ++i) {
    const auto [created_ms, item] = newest_first_[i];
    if (created_ms < slate.eligible_from_ms) break;
    is_eligible[item] = true;
    if (!is_candidate[item]) candidates.push_back(item);
  }
  // The policy breaks ties by position: the plain ranking breaks them by item.
  std::ranges::sort(candidates);
  std::vector<float> scores;
  std::vector<std::uint8_t> eligible;
  for (const std::uint32_t item : candidates) {
    scores.push_back(log_probabilities[item]);
    if (is_eligible[item]) {
      // The mean of a log-normal stands above its median by half the variance: of two items of one median the less
      // certain is expected to be taken more often. It fades as impressions narrow the belief, and counts by the square
      // of the weight, so that the default weight seasons the list and a high one fills it.
      const double deviation = std::min(static_cast<double>(posterior_.Believe(item, {}).deviation), spread_);
      scores.back() += static_cast<float>(slate.weight * slate.weight * deviation * deviation / 2);
    }
    eligible.push_back(is_eligible[item] ? 1 : 0);
  }
  auto choices = GaussianThompson().Choose({.scores = scores,
                                            .items = candidates,
                                            .eligible = eligible,
                                            .posterior = &posterior_,
                                            .factors = {},
                                            .slate_size = slate.size,
                                            .weight = slate.weight},
                                           random);
  for (Choice& choice : choices) choice.index = candidates[choice.index];
  return choices;
}

}  // namespace attune
