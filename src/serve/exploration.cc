#include "serve/exploration.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "base/check.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/random.h"
#include "data/interaction_rows.h"
#include "explore/ranking.h"
#include "serve/top_k.h"

namespace attune {
namespace {

constexpr float kReachSlack = 1e-3F;  // For what floats round.
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

/// Items of training that were taken most, ties by index, ascending by index: the model knows them well.
std::vector<std::uint32_t> Anchors(const RecommenderModel& model) {
  std::vector<std::uint32_t> items;
  for (std::uint32_t item = 0; item < model.trained_item_count(); ++item) {
    if (!model.IsCold(item)) items.push_back(item);
  }
  std::ranges::stable_sort(items, std::greater<>(),
                           [&](std::uint32_t item) { return model.item_prior(item).interactions; });
  items.resize(std::min(items.size(), Exploration::kAnchorsMax));
  std::ranges::sort(items);
  return items;
}

UserFactors FitUserFactors(const RecommenderModel& model, std::span<const std::uint32_t> anchors,
                           std::size_t factor_count) {
  const std::size_t affordable = Exploration::kScoresMax / std::max<std::size_t>(model.item_count(), 1);
  const std::size_t people = std::min(
      model.user_count(), std::clamp(affordable, Exploration::kSampledUsersMin, Exploration::kSampledUsersMax));
  if (factor_count == 0 || anchors.size() < 2 || people < 2) return {};
  ScoreScratch scratch = model.MakeScratch();
  std::vector<float> scores(model.item_count());
  std::vector<float> sample;
  for (std::size_t i = 0; i < people; ++i) {
    const TrainedHistory history = model.History(static_cast<std::uint32_t>(i * model.user_count() / people));
    model.ScoreAll({.items = history.items,
                    .timestamp_ms = history.timestamp_ms,
                    .event_type = history.event_type,
                    .event_value = history.event_value,
                    .trained_user = history.user},
                   scratch, scores);
    for (const std::uint32_t anchor : anchors) sample.push_back(scores[anchor]);
  }
  return UserFactors::Fit(sample, anchors.size(), factor_count);
}

}  // namespace

Exploration::Exploration(std::shared_ptr<const RecommenderModel> model, Options options)
    : event_type_(FoldEventType(options.event_type)),
      artifact_name_(std::move(options.artifact_name)),
      spread_(SpreadOfScores(*model)),
      trained_sequence_(model->log_sequence()),
      shares_attributes_(options.shares_attributes),
      anchors_(Anchors(*model)),
      user_factors_(FitUserFactors(*model, anchors_, options.factor_count)),
      few_taken_(*model),
      unmet_max_(options.unmet_max),
      catalogue_(model, options.limits),
      posterior_(Posterior::Options{.factor_count = user_factors_.factor_count()}) {
  for (std::uint32_t item = 0; item < model->item_count(); ++item) SetPrior(*model, item);
}

void Exploration::Apply(const GroupRecord& record, const Schema* item_schema) {
  if (const auto* event = std::get_if<Event>(&record.content)) {
    ApplyEvent(*event, record.sequence);
  } else if (item_schema != nullptr) {
    ApplyPut(*item_schema, std::get<EntityPut>(record.content), record.sequence);
  }
  // Last: what was prepared meanwhile may have read one half of it.
  revision_.fetch_add(1, std::memory_order_release);
}

void Exploration::ApplyEvent(const Event& event, std::uint64_t sequence) {
  const std::string& who = event.user_id.empty() ? event.session_id : event.user_id;
  catalogue_.ObserveTime(event.timestamp_ms, Hash64(who));
  if (const auto joined = catalogue_.Name(event.item_id, event.timestamp_ms)) Welcome(*joined);
  Learn(event, sequence);
}

void Exploration::ApplyPut(const Schema& schema, const EntityPut& put, std::uint64_t sequence) {
  if (const auto joined = catalogue_.Put(schema, put, sequence)) Welcome(*joined);
}

void Exploration::Welcome(const LiveCatalogue::Joined& joined) {
  if (!joined.is_new && !joined.has_changed) return;
  SetPrior(catalogue_.model(), joined.item);
  if (!joined.is_new) return;
  const auto awaited = awaited_.find(std::string(catalogue_.model().item_id(joined.item)));
  if (awaited == awaited_.end()) return;
  for (Impression& impression : awaited->second) impression.item = joined.item;
  (void)posterior_.Observe(awaited->second, {});
  awaited_.erase(awaited);
}

void Exploration::SetPrior(const RecommenderModel& model, std::uint32_t item) {
  // How far attributes alone miss was measured in training; each meeting with a user since is an observation. Of items
  // that joined after training nothing is known but that some event named them, and nobody was offered them yet.
  const bool is_new = item >= model.trained_item_count();
  const ItemPrior prior = model.item_prior(item);
  const double met = is_new ? 0 : prior.interactions;
  const double variance = double{prior.standard_deviation} * double{prior.standard_deviation};
  const double deviation = std::sqrt(variance / (1 + met * variance));
  std::vector<std::uint64_t> attributes;
  if (shares_attributes_) {
    for (const auto& [feature, value] : model.item_attributes(item)) attributes.push_back(feature);
  }
  const Status set = posterior_.SetItem(item, std::max(deviation, kDeviationMin), attributes, spread_ / (1 + met));
  if (!set.ok()) LogWarning("item {} is not explored: {}", item, set.message());
}

void Exploration::Learn(const Event& event, std::uint64_t sequence) {
  // A client that had no answer sends its event again.
  if (!event.event_id.empty() && !met_events_.Insert(Hash64(event.event_id))) return;
  const bool is_explicit = !event.impression.empty();
  const bool is_late = event.served && event.served->is_late;
  const bool is_reward = event_type_.empty() || FoldEventType(event.event_type) == event_type_;
  std::vector<Impression> list;
  const auto add = [&](const std::string& item_id, std::uint32_t rank, float score) {
    Impression impression{.rank = rank, .score = score};
    if (is_reward && item_id == event.item_id) {
      impression.feedback = is_late ? Feedback::kClickedLater : Feedback::kClicked;
      const auto showing = MixSeed(Hash64(event.recommendation_id), Hash64(item_id));
      if (event.served && !clicked_showings_.Insert(showing)) return;  // One showing is clicked once.
    }
    const auto item = catalogue_.Find(item_id);
    if (!item) return Await(item_id, impression);
    impression.item = *item;
    const bool is_new = catalogue_.model().IsCold(*item);
    if (impression.feedback != Feedback::kClickedLater) ++impressions_[is_new ? 1 : 0];
    if (impression.feedback != Feedback::kIgnored) ++clicks_[is_new ? 1 : 0];
    // What training has seen of an item, its model knows.
    if (sequence > trained_sequence_ || is_new) list.push_back(impression);
  };
  if (is_explicit && !is_late) {
    for (std::size_t i = 0; i < event.impression.size(); ++i) {
      const auto this_one = event.impression.begin() + static_cast<std::ptrdiff_t>(i);
      if (std::find(event.impression.begin(), this_one, *this_one) != this_one) continue;  // It was shown once.
      const ServedItem* served = nullptr;
      if (event.served) {
        const auto found = std::ranges::find(event.served->items, event.impression[i], &ServedItem::item_id);
        if (found != event.served->items.end()) served = &*found;
      }
      // The place is that in the list served, where there was one.
      const auto place = static_cast<std::uint32_t>(i + 1);
      add(event.impression[i], served != nullptr ? served->rank : place,
          served != nullptr ? served->score : kUnknownScore);
    }
  } else if (event.served && (is_reward || !is_late)) {
    for (const ServedItem& item : event.served->items) add(item.item_id, item.rank, item.score);
  }
  // Items beyond the posterior's limit were logged when they came.
  if (!list.empty()) (void)posterior_.Observe(list, FactorsOf(event));
}

std::span<const float> Exploration::FactorsOf(const Event& event) const {
  if (!event.served || event.served->model != artifact_name_) return {};
  return event.served->factors.size() == user_factors_.factor_count() ? std::span<const float>(event.served->factors)
                                                                      : std::span<const float>();
}

std::vector<float> Exploration::FactorsOf(std::span<const float> log_probabilities) const {
  std::vector<float> factors(user_factors_.factor_count());
  if (factors.empty()) return factors;
  std::vector<float> anchor_scores;
  anchor_scores.reserve(anchors_.size());
  for (const std::uint32_t anchor : anchors_) anchor_scores.push_back(log_probabilities[anchor]);
  user_factors_.Project(anchor_scores, factors);
  return factors;
}

Exploration::Figures Exploration::figures() const {
  Figures out{.served_items = served_items_,
              .explored_items = explored_items_,
              .new_impressions = impressions_[1],
              .new_clicks = clicks_[1],
              .old_impressions = impressions_[0],
              .old_clicks = clicks_[0]};
  const auto model = catalogue_.Current();
  for (const std::uint32_t item : catalogue_.NewItems(*model)) {
    const Belief belief = posterior_.Believe(item, {});
    ++out.new_items;
    out.never_shown += belief.clicked == 0 && belief.ignored == 0 ? 1 : 0;
    out.deviations.push_back(belief.deviation);
  }
  std::ranges::sort(out.deviations);
  return out;
}

void Exploration::Await(const std::string& item_id, const Impression& impression) {
  const auto [found, is_new] = awaited_.try_emplace(item_id);
  if (is_new) awaited_order_.push_back(item_id);
  while (awaited_order_.size() > kAwaitedItemsMax) {  // Whoever waited longest makes room.
    awaited_.erase(awaited_order_.front());
    awaited_order_.pop_front();
  }
  auto& showings = found->second;
  if (showings.size() < kAwaitedShowingsMax) showings.push_back(impression);
}

Exploration::Candidates Exploration::Gather(const RecommenderModel& model, std::span<const float> log_probabilities,
                                            const Slate& slate, double weight) const {
  const std::vector<std::uint32_t> best =
      TopKByIndex(log_probabilities, std::max(slate.size, kCandidatesMin), slate.kept);
  constexpr double kMillisecondsPerDay = 24.0 * 60 * 60 * 1000;
  const auto from_ms =
      catalogue_.now_ms() - static_cast<std::int64_t>(std::min(slate.age_cut_off_days * kMillisecondsPerDay, 0x1p60));
  const auto newest = newest_items_.Find(catalogue_, model, from_ms, kEligibleMax, slate.kept);
  ItemSet eligible = newest->set;
  const std::vector<std::uint32_t> few_taken =
      few_taken_.AddTo(eligible, model, posterior_, slate.kept, kEligibleMax - newest->items.size(), unmet_max_);
  // Whoever cannot be lifted past the K + 1 best of those that nothing lifts is no candidate: see SlateContest.
  std::vector<float> unlifted;
  for (const std::uint32_t item : best) {
    if (!eligible.Has(item)) unlifted.push_back(log_probabilities[item]);
  }
  const float bar = LargestAt(unlifted, slate.size) - kReachSlack;
  const auto season = static_cast<float>(weight * weight / 2);
  const auto deviation_max = static_cast<float>(spread_);
  const auto may_reach = [&](std::uint32_t item, const Posterior::Reach& reach) {
    const float deviation = std::min(reach.own / Posterior::kReach, deviation_max);
    return log_probabilities[item] + reach.own + reach.attributes + season * deviation * deviation >= bar;
  };
  std::vector<std::uint32_t> lifted;
  posterior_.Sift(newest->items, may_reach, lifted);
  posterior_.Sift(few_taken, may_reach, lifted);
  std::ranges::sort(lifted);
  // The policy breaks ties by position: the plain ranking breaks them by item.
  Candidates out;
  std::ranges::set_union(best, lifted, std::back_inserter(out.items));
  for (const std::uint32_t item : out.items) {
    out.log_probabilities.push_back(log_probabilities[item]);
    out.eligible.push_back(eligible.Has(item) ? 1 : 0);
  }
  return out;
}

std::unique_ptr<PreparedSlate> Exploration::Prepare(const RecommenderModel& model,
                                                    std::span<const float> log_probabilities,
                                                    std::span<const float> factors, const Slate& slate,
                                                    Contenders* contenders) const {
  ATTUNE_CHECK(slate.weight > 0);
  Candidates candidates = Gather(model, log_probabilities, slate, contenders == nullptr ? slate.weight : 1);
  const SlateBeliefs beliefs = ReadBeliefs(posterior_, candidates.items, candidates.eligible, factors);
  const std::vector<float> scores =
      SeasonedScores(candidates.log_probabilities, candidates.eligible, beliefs, slate.weight, spread_);
  SlateRequest request{.scores = scores,
                       .eligible = candidates.eligible,
                       .beliefs = &beliefs,
                       .slate_size = slate.size,
                       .weight = slate.weight};
  GaussianDraws draws(request, {});
  if (contenders != nullptr) {
    request.scores = candidates.log_probabilities;
    *contenders = FindContenders(request, spread_, kContendersMax);
    for (std::uint32_t& index : contenders->indexes) index = candidates.items[index];
  }
  return std::make_unique<PreparedSlate>(std::move(candidates.items), std::move(draws));
}

}  // namespace attune
