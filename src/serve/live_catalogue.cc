#include "serve/live_catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/log.h"
#include "data/attribute_builder.h"

namespace attune {
namespace {

/// Nothing where the record has none.
std::optional<std::int64_t> CreationTime(const Schema& schema, const EntityPut& put) {
  const auto column = schema.FindColumn("CREATION_TIMESTAMP");
  if (!column || *column >= put.values.size()) return std::nullopt;
  if (const auto* moment = std::get_if<std::int64_t>(&put.values[*column])) return *moment;
  if (const auto* real = std::get_if<double>(&put.values[*column])) return std::llround(*real);
  return std::nullopt;
}

/// By the same rules as training (AttributeBuilder). Columns that the model was not trained on are passed over by it.
AttributeValues AttributesOf(const Schema& schema, const EntityPut& put) {
  AttributeValues out;
  for (std::size_t i = 0; i < schema.fields().size() && i < put.values.size(); ++i) {
    const Field& field = schema.fields()[i];
    const std::string folded = FoldName(field.name);
    if (folded == "itemid" || folded == "creationtimestamp") continue;
    const Value& value = put.values[i];
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      out.numeric.emplace_back(field.name, static_cast<float>(*integer));
    } else if (const auto* real = std::get_if<double>(&value)) {
      out.numeric.emplace_back(field.name, static_cast<float>(*real));
    } else if (const auto* text = std::get_if<std::string>(&value); text != nullptr && field.categorical) {
      auto& categories = out.categorical.emplace_back(field.name, std::vector<std::string>()).second;
      SplitValues(*text, [&](std::string_view part) { categories.emplace_back(part); });
    } else if (text != nullptr && field.textual) {
      out.text.emplace_back(field.name, *text);
    }
  }
  return out;
}

}  // namespace

LiveCatalogue::LiveCatalogue(std::shared_ptr<const RecommenderModel> model, Limits limits)
    : limits_(limits),
      base_count_(model->item_count()),
      extension_(model),
      clock_(model->newest_interaction_ms()),
      now_ms_(model->newest_interaction_ms()),
      current_(model) {
  for (std::uint32_t item = 0; item < base_count_; ++item) {
    if (model->IsCold(item)) {
      cold_items_.push_back(item);
    } else {
      warm_newest_first_.emplace_back(model->item_created_ms(item), item);
    }
  }
  std::ranges::sort(warm_newest_first_, std::greater<>());
  // A model that took in what joined since the training was not trained on it: who was named has no attributes.
  for (auto item = static_cast<std::uint32_t>(model->trained_item_count()); item < base_count_; ++item) {
    if (model->item_attributes(item).empty()) ++named_count_;
  }
}

std::shared_ptr<const RecommenderModel> LiveCatalogue::Current() const {
  const MutexLock lock(mutex_);
  return current_;
}

std::optional<std::uint64_t> LiveCatalogue::PublicationOf(const RecommenderModel& model) const {
  const MutexLock lock(mutex_);
  if (current_.get() != &model) return std::nullopt;
  return publication_;
}

std::vector<std::uint32_t> LiveCatalogue::CreatedSince(const RecommenderModel& model, std::int64_t from_ms,
                                                       std::size_t count_max, const ItemSet* kept) const {
  const auto is_kept = [&](std::uint32_t item) { return kept == nullptr || kept->Has(item); };
  std::vector<std::pair<std::int64_t, std::uint32_t>> found;
  for (const auto& [created_ms, item] : warm_newest_first_) {
    if (created_ms < from_ms || found.size() == count_max) break;
    if (is_kept(item) && !model.HasChanged(item)) found.emplace_back(created_ms, item);
  }
  // Those may have changed since the model was deployed, and there are few of them.
  const auto add = [&](std::uint32_t item) {
    if (!is_kept(item)) return;
    if (const std::int64_t created_ms = model.item_created_ms(item); created_ms >= from_ms) {
      found.emplace_back(created_ms, item);
    }
  };
  model.ForEachChanged(add);
  for (const std::uint32_t item : cold_items_) add(item);
  for (auto item = static_cast<std::uint32_t>(base_count_); item < model.item_count(); ++item) add(item);
  if (found.size() > count_max) {
    const auto end = found.begin() + static_cast<std::ptrdiff_t>(count_max);
    std::nth_element(found.begin(), end, found.end(), std::greater<>());
    found.erase(end, found.end());
  }
  std::vector<std::uint32_t> items;
  items.reserve(found.size());
  for (const auto& [created_ms, item] : found) items.push_back(item);
  return items;
}

std::vector<std::uint32_t> LiveCatalogue::NewItems(const RecommenderModel& model) const {
  std::vector<std::uint32_t> items = cold_items_;
  for (auto item = static_cast<std::uint32_t>(base_count_); item < model.item_count(); ++item) items.push_back(item);
  return items;
}

std::size_t LiveCatalogue::CountNew(std::span<const std::string_view> item_ids) const {
  const auto model = Current();
  std::set<std::string_view> unknown;
  for (const std::string_view item_id : item_ids) {
    if (!model->FindItem(item_id)) unknown.insert(item_id);
  }
  return unknown.size();
}

Status LiveCatalogue::CheckRoom(std::span<const std::string_view> item_ids) const {
  if (named_count_ + item_ids.size() <= limits_.named_items_max) return {};
  const std::size_t count = CountNew(item_ids);
  if (count == 0 || named_count_ + count <= limits_.named_items_max) return {};
  return LimitExceeded(fmt::format(
      "itemId '{}' is new, as {} of this request are, and events have named {} items that no dataset holds since the "
      "last training; the limit is {}. PutItems takes more, as does a new solution version.",
      item_ids.back(), count, named_count_.load(), limits_.named_items_max));
}

Status LiveCatalogue::CheckRoomForPut(std::span<const std::string_view> item_ids) const {
  if (put_count_ + item_ids.size() <= limits_.put_items_max) return {};
  const std::size_t count = CountNew(item_ids);
  if (count == 0 || put_count_ + count <= limits_.put_items_max) return {};
  return LimitExceeded(
      fmt::format("itemId '{}' is new, as {} of this request are, and {} items were put one by one since the last "
                  "training; the limit is {}. An import takes more, and a new solution version takes in those that "
                  "there are.",
                  item_ids.back(), count, put_count_.load(), limits_.put_items_max));
}

void LiveCatalogue::ObserveTime(std::int64_t event_ms, std::uint64_t who) {
  clock_.Observe(event_ms, who);
  now_ms_ = clock_.now_ms();
}

std::optional<LiveCatalogue::Joined> LiveCatalogue::Name(std::string_view item_id, std::int64_t event_ms) {
  if (const auto known = Find(item_id)) return Joined{.item = *known};
  if (named_count_ >= limits_.named_items_max + kOvershootMax) return std::nullopt;
  ++named_count_;
  is_published_ = false;
  // Nobody met it before this event, whatever the client's clock says of the future.
  const NewItem item{.id = std::string(item_id), .created_ms = std::min(event_ms, clock_.now_ms()), .attributes = {}};
  return Joined{.item = extension_.Add(item), .is_new = true};
}

bool LiveCatalogue::TakesChange(std::uint32_t item, const NewItem& put, std::uint64_t sequence) {
  if (sequence <= model().fitted_log_sequence()) return false;
  const bool is_redated = put.created_ms != 0 && put.created_ms != model().item_created_ms(item);
  if (!is_redated && !model().WouldChange(item, put.attributes)) return false;
  if (model().HasChanged(item)) return true;
  if (changed_count_ >= limits_.changed_items_max) {
    if (changed_count_ == limits_.changed_items_max) {
      ++changed_count_;  // Said once.
      LogWarning("{} items of training have new attributes; those of more count from the next training on",
                 limits_.changed_items_max);
    }
    return false;
  }
  ++changed_count_;
  return true;
}

std::optional<LiveCatalogue::Joined> LiveCatalogue::Put(const Schema& schema, const EntityPut& put,
                                                        std::uint64_t sequence) {
  const auto known = Find(put.id);
  if (!known && put_count_ >= limits_.put_items_max + kOvershootMax) return std::nullopt;
  NewItem item{.id = put.id, .attributes = AttributesOf(schema, put)};
  // What is to come is as new as what has come: it ages from then on. Time is the server's or, where days are played in
  // minutes, that of the events.
  if (const auto created_ms = CreationTime(schema, put)) {
    item.created_ms = std::min(*created_ms, std::max(put.received_ms, clock_.now_ms()));
  }
  if (known && !model().IsCold(*known) && !TakesChange(*known, item, sequence)) return Joined{.item = *known};
  if (!known && item.created_ms == 0) item.created_ms = clock_.now_ms();  // Nobody met it: as new as can be.
  if (!known) ++put_count_;
  is_published_ = false;
  return Joined{.item = extension_.Add(item), .is_new = !known, .has_changed = known.has_value()};
}

void LiveCatalogue::Publish() {
  if (is_published_) return;
  is_published_ = true;
  auto next = extension_.Publish();
  const MutexLock lock(mutex_);
  current_.swap(next);
  ++publication_;
}

}  // namespace attune
