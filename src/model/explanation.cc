#include "model/explanation.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/check.h"

namespace attune {
namespace {

template <class Key>
void SortLargestFirst(std::vector<std::pair<Key, double>>& values) {
  std::ranges::stable_sort(values, std::greater<>(), [](const auto& value) { return value.second; });
}

/// From the features that the last scoring left in `scratch`.
std::vector<std::pair<std::string, double>> PartsOf(const RecommenderModel& model, const Query& query,
                                                    std::uint32_t item, const ScoreScratch& scratch) {
  const Blend& blend = model.blend();
  const std::size_t count = model.trained_item_count();
  std::vector<std::pair<std::string, double>> parts;
  for (std::size_t f = 0; f < blend.feature_names.size(); ++f) {
    const auto weight = static_cast<double>(blend.Weight(f, query.items.size()));
    const Feature& feature = scratch.features[f];
    parts.emplace_back(blend.feature_names[f],
                       weight * (static_cast<double>(ValueAt(feature, item)) - Mean(feature, count)));
  }
  for (const RepeatedItem& repeated : RepeatedItems(query.items, count)) {
    if (repeated.item == item) parts.emplace_back("repeat", blend.RepeatScore(repeated, query.items.size()));
  }
  if (model.HasChanged(item)) parts.emplace_back("changed_attributes", model.ChangeScore(query, item));
  SortLargestFirst(parts);
  return parts;
}

/// The query without the event at `place`, whose arrays the struct owns.
struct ShorterQuery {
  std::vector<std::uint32_t> items;
  std::vector<std::int64_t> timestamp_ms;
  std::vector<std::uint32_t> event_type;
  std::vector<float> event_value;
  Query query;

  ShorterQuery(const Query& whole, std::size_t place) : query(whole) {
    const auto without = [place](auto values, auto& out) {
      out.assign(values.begin(), values.end());
      if (!out.empty()) out.erase(out.begin() + static_cast<std::ptrdiff_t>(place));
    };
    without(whole.items, items);
    without(whole.timestamp_ms, timestamp_ms);
    without(whole.event_type, event_type);
    without(whole.event_value, event_value);
    query.items = items;
    query.timestamp_ms = timestamp_ms;
    query.event_type = event_type;
    query.event_value = event_value;
  }
};

}  // namespace

Explanation Explain(const RecommenderModel& model, const Query& query, std::uint32_t item, ScoreScratch& scratch) {
  ATTUNE_CHECK(item < model.item_count());
  std::vector<float> scores(model.item_count());
  model.ScoreAll(query, scratch, scores);
  const double log_probability = static_cast<double>(scores[item]);
  Explanation explanation{.probability = std::exp(log_probability),
                          .parts = {},
                          .events = {},
                          .is_cold = model.IsCold(item),
                          .interactions = model.item_prior(item).interactions,
                          .shared_attributes = {}};
  if (!explanation.is_cold) explanation.parts = PartsOf(model, query, item, scratch);

  const std::size_t length = query.items.size();
  for (std::size_t place = length - std::min(length, kExplainedEventsMax); place < length; ++place) {
    const ShorterQuery shorter(query, place);
    model.ScoreAll(shorter.query, scratch, scores);
    explanation.events.emplace_back(place, log_probability - static_cast<double>(scores[item]));
  }
  SortLargestFirst(explanation.events);

  std::map<std::uint32_t, std::size_t> shared;
  for (const auto& [attribute, value] : model.item_attributes(item)) shared[attribute] = 0;
  for (const std::uint32_t met : query.items) {
    if (met >= model.item_count()) continue;
    for (const auto& [attribute, value] : model.item_attributes(met)) {
      if (const auto found = shared.find(attribute); found != shared.end()) ++found->second;
    }
  }
  for (const auto& [attribute, times] : shared) {
    if (times > 0) explanation.shared_attributes.emplace_back(attribute, times);
  }
  std::ranges::stable_sort(explanation.shared_attributes, std::greater<>(),
                           [](const auto& each) { return each.second; });
  return explanation;
}

}  // namespace attune
