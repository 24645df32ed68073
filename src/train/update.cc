#include "train/update.h"

#include <algorithm>

#include "model/popularity.h"

namespace attune {
namespace {

/// Where each index of the data stands in a model's vocabulary, which takes in what it lacks.
std::vector<std::uint32_t> Join(const Vocabulary& from, Vocabulary& into) {
  std::vector<std::uint32_t> places;
  for (std::uint32_t i = 0; i < from.size(); ++i) places.push_back(into.Add(from.id(i)));
  return places;
}

void UpdateCatalogue(const TrainingData& data, std::span<const std::uint32_t> item_places, ModelParts& parts) {
  ModelCatalogue& catalogue = parts.catalogue;
  const std::size_t count = catalogue.ids.size();
  catalogue.warm.resize(count);
  catalogue.interactions.resize(count);
  catalogue.created_ms.resize(count);
  catalogue.impressions.resize(count);
  catalogue.events_since.resize(count);
  catalogue.contents.resize(count);
  std::vector<std::uint32_t> interactions(count);
  for (const std::uint32_t item : data.interactions.item) ++interactions[item_places[item]];
  std::vector<std::uint32_t> impressions(count);
  for (const std::uint32_t item : data.interactions.impressions) ++impressions[item_places[item]];
  std::vector<std::int64_t> times = data.interactions.timestamp_ms;
  std::sort(times.begin(), times.end());
  for (std::uint32_t row = 0; row < data.items.size(); ++row) {
    const std::uint32_t item = item_places[row];
    const std::int64_t created = data.item_created_ms[row];
    catalogue.created_ms[item] = created;
    catalogue.interactions[item] = interactions[item];
    catalogue.impressions[item] = impressions[item];
    catalogue.events_since[item] =
        static_cast<std::uint64_t>(times.end() - std::upper_bound(times.begin(), times.end(), created));
    if (catalogue.warm[item] == 0) catalogue.contents[item] = parts.content->Describe(data.item_attributes, row);
  }
}

/// Counts anew what the members can tell apart.
std::shared_ptr<const Member> RefreshPopularity(const TrainingData& data, std::span<const std::uint32_t> item_places,
                                                std::size_t trained_item_count, std::int64_t half_life_ms) {
  std::vector<std::uint32_t> items;
  std::vector<std::int64_t> times;
  for (std::size_t i = 0; i < data.interactions.size(); ++i) {
    const std::uint32_t item = item_places[data.interactions.item[i]];
    if (item >= trained_item_count) continue;
    items.push_back(item);
    times.push_back(data.interactions.timestamp_ms[i]);
  }
  return Popularity::Fit(trained_item_count, items, times, half_life_ms);
}

void UpdateHistories(const TrainingData& data, std::span<const std::uint32_t> item_places, std::size_t history_max,
                     ModelHistories& histories) {
  const auto user_places = Join(data.users, histories.users);
  const auto type_places = Join(data.interactions.event_types, histories.event_types);
  std::vector<std::uint32_t> row_of(histories.users.size(), kNoIndex);
  for (std::uint32_t row = 0; row < user_places.size(); ++row) row_of[user_places[row]] = row;
  histories.offsets.assign(1, 0);
  histories.items.clear();
  histories.timestamp_ms.clear();
  histories.event_type.clear();
  histories.event_value.clear();
  const Interactions& interactions = data.interactions;
  for (const std::uint32_t row : row_of) {
    if (row != kNoIndex) {
      const std::uint32_t end = interactions.user_offsets[row + 1];
      const std::uint32_t begin = std::max<std::uint32_t>(
          interactions.user_offsets[row], end - static_cast<std::uint32_t>(std::min<std::size_t>(end, history_max)));
      for (std::uint32_t i = begin; i < end; ++i) {
        histories.items.push_back(item_places[interactions.item[i]]);
        histories.timestamp_ms.push_back(interactions.timestamp_ms[i]);
        const std::uint32_t type = interactions.event_type[i];
        histories.event_type.push_back(type == kNoIndex ? kNoIndex : type_places[type]);
        histories.event_value.push_back(interactions.event_value[i]);
      }
    }
    histories.offsets.push_back(histories.items.size());
  }
}

}  // namespace

ModelParts UpdateParts(ModelParts previous, const TrainingData& data, std::int64_t half_life_ms,
                       std::size_t history_max) {
  ModelParts parts = std::move(previous);
  const auto item_places = Join(data.items, parts.catalogue.ids);
  UpdateCatalogue(data, item_places, parts);
  UpdateHistories(data, item_places, history_max, parts.histories);
  for (auto& member : parts.members) {
    if (member->name() != "popularity") continue;
    member = RefreshPopularity(data, item_places, parts.trained_item_count, half_life_ms);
  }
  return parts;
}

}  // namespace attune
