#include "model/recommender_model.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"
#include "model/attribute_affinity.h"
#include "model/refine_best.h"
#include "tensor/activations.h"

namespace attune {

Result<std::shared_ptr<const RecommenderModel>> RecommenderModel::Load(Env& env, const std::string& folder) {
  ATTUNE_TRY(auto manifest, ReadManifest(env, folder));
  ATTUNE_TRY(auto parts, LoadModel(env, folder, manifest));
  return FromParts(std::move(manifest), std::move(parts));
}

std::shared_ptr<const RecommenderModel> RecommenderModel::FromParts(Manifest manifest, ModelParts parts) {
  auto cold_items = std::make_shared<std::vector<std::uint32_t>>();
  for (std::uint32_t item = 0; item < parts.catalogue.ids.size(); ++item) {
    if (parts.catalogue.warm[item] == 0) cold_items->push_back(item);
  }
  auto model = std::shared_ptr<RecommenderModel>(new RecommenderModel());
  model->manifest_ = std::make_shared<const Manifest>(std::move(manifest));
  model->parts_ = std::make_shared<const ModelParts>(std::move(parts));
  model->cold_items_ = std::move(cold_items);
  return model;
}

std::shared_ptr<const RecommenderModel> RecommenderModel::WithItems(std::span<const NewItem> items) const {
  auto extended = std::shared_ptr<RecommenderModel>(new RecommenderModel(*this));
  for (const NewItem& item : items) extended->AddItem(item);
  return extended;
}

std::uint32_t RecommenderModel::AddItem(const NewItem& item) {
  const auto known = FindItem(item.id);
  if (!known) {
    additions_.Add(std::make_shared<const AddedItem>(AddedItem{.id = item.id,
                                                               .created_ms = item.created_ms,
                                                               .interactions = item.interactions,
                                                               .events_since = item.events_since,
                                                               .content = parts_->content->Describe(item.attributes),
                                                               .change = {}}));
    return static_cast<std::uint32_t>(item_count() - 1);
  }
  auto replacement = std::make_shared<const AddedItem>(Replacement(*known, item));
  const std::size_t own = parts_->catalogue.ids.size();
  if (*known >= own) {
    additions_.Replace(*known - own, std::move(replacement));
  } else {
    replaced_.Set(*known, std::move(replacement));
  }
  return *known;
}

AddedItem RecommenderModel::Replacement(std::uint32_t item, const NewItem& with) const {
  const ContentModel& content = *parts_->content;
  AddedItem replacement{.id = with.id,
                        .created_ms = with.created_ms != 0 ? with.created_ms : item_created_ms(item),
                        .interactions = std::max(with.interactions, item_prior(item).interactions),
                        .events_since = std::max(with.events_since, EventsSince(item)),
                        .content = {},
                        .change = {}};
  if (IsCold(item)) {
    replacement.content = content.Describe(with.attributes);
    return replacement;
  }
  const ItemContent& met = parts_->catalogue.contents[item];
  replacement.content = content.Redescribe(met, with.attributes, replacement.interactions);
  replacement.change = content.Change(met.attributes, replacement.content.attributes, replacement.interactions);
  return replacement;
}

bool RecommenderModel::WouldChange(std::uint32_t item, const AttributeValues& attributes) const {
  ATTUNE_CHECK(item < item_count());
  return parts_->content->Describe(attributes).attributes != ContentOf(item).attributes;
}

const AddedItem* RecommenderModel::FindAddition(std::uint32_t item) const {
  const std::size_t own = parts_->catalogue.ids.size();
  return item >= own ? &additions_[item - own] : replaced_.Find(item);
}

std::optional<std::uint32_t> RecommenderModel::FindItem(std::string_view item_id) const {
  if (const auto own = parts_->catalogue.ids.Find(item_id)) return own;
  const auto added = additions_.Find(item_id);
  if (!added) return std::nullopt;
  return static_cast<std::uint32_t>(parts_->catalogue.ids.size()) + *added;
}

std::string_view RecommenderModel::item_id(std::uint32_t item) const {
  ATTUNE_CHECK(item < item_count());
  const AddedItem* addition = FindAddition(item);
  return addition != nullptr ? std::string_view(addition->id) : parts_->catalogue.ids.id(item);
}

std::int64_t RecommenderModel::item_created_ms(std::uint32_t item) const {
  ATTUNE_CHECK(item < item_count());
  const AddedItem* addition = FindAddition(item);
  return addition != nullptr ? addition->created_ms : parts_->catalogue.created_ms[item];
}

ItemPrior RecommenderModel::item_prior(std::uint32_t item) const {
  ATTUNE_CHECK(item < item_count());
  ItemPrior prior{.standard_deviation = static_cast<float>(parts_->content->standard_deviation())};
  if (const AddedItem* addition = FindAddition(item)) {
    prior.interactions = addition->interactions;
  } else {
    prior.interactions = parts_->catalogue.interactions[item];
  }
  if (item < parts_->catalogue.ids.size()) prior.impressions = parts_->catalogue.impressions[item];
  return prior;
}

bool RecommenderModel::IsCold(std::uint32_t item) const {
  return item >= trained_item_count() || parts_->catalogue.warm[item] == 0;
}

const ItemContent& RecommenderModel::ContentOf(std::uint32_t item) const {
  const AddedItem* addition = FindAddition(item);
  return addition != nullptr ? addition->content : parts_->catalogue.contents[item];
}

std::span<const std::pair<std::uint32_t, float>> RecommenderModel::item_attributes(std::uint32_t item) const {
  ATTUNE_CHECK(item < item_count());
  return ContentOf(item).attributes;
}

std::uint64_t RecommenderModel::EventsSince(std::uint32_t item) const {
  const AddedItem* addition = FindAddition(item);
  return addition != nullptr ? addition->events_since : parts_->catalogue.events_since[item];
}

TrainedHistory RecommenderModel::FindHistory(std::string_view user_id) const {
  const auto user = parts_->histories.users.Find(user_id);
  return user ? History(*user) : TrainedHistory{};
}

TrainedHistory RecommenderModel::History(std::uint32_t user) const {
  ATTUNE_CHECK(user < user_count());
  const ModelHistories& histories = parts_->histories;
  const std::uint64_t begin = histories.offsets[user];
  const std::uint64_t length = histories.offsets[user + 1] - begin;
  return {.user = user,
          .items = std::span(histories.items).subspan(begin, length),
          .timestamp_ms = std::span(histories.timestamp_ms).subspan(begin, length),
          .event_type = std::span(histories.event_type).subspan(begin, length),
          .event_value = std::span(histories.event_value).subspan(begin, length)};
}

std::uint32_t RecommenderModel::FindEventType(std::string_view event_type) const {
  std::string lower(event_type);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return parts_->histories.event_types.Find(lower).value_or(kNoIndex);
}

bool RecommenderModel::reads_user_attributes() const {
  return std::ranges::any_of(parts_->members, [](const auto& member) {
    return member->name() == AttributeAffinity::NameOf(AttributeSource::kUser);
  });
}

ScoreScratch RecommenderModel::MakeScratch() const {
  ScoreScratch scratch;
  for (const auto& member : parts_->members) scratch.members.push_back(member->MakeScratch());
  scratch.features.resize(parts_->blend.feature_names.size());
  return scratch;
}

float RecommenderModel::ColdScore(std::uint32_t item, const ColdTaste& taste) const {
  const double prior = parts_->content->LogPrior(taste, ContentOf(item));
  const AddedItem* addition = FindAddition(item);
  return addition != nullptr ? parts_->content->LogProbability(prior, addition->interactions, addition->events_since)
                             : parts_->content->LogProbability(prior, parts_->catalogue.interactions[item],
                                                               parts_->catalogue.events_since[item]);
}

void RecommenderModel::ScoreAll(const Query& whole_query, ScoreScratch& scratch, std::span<float> scores) const {
  ATTUNE_CHECK(scores.size() == item_count());
  Query query = whole_query;
  if (query.items.size() > kHistoryMax) {
    const auto newest = [](auto values) { return values.empty() ? values : values.last(kHistoryMax); };
    query.items = newest(query.items);
    query.timestamp_ms = newest(query.timestamp_ms);
    query.event_type = newest(query.event_type);
    query.event_value = newest(query.event_value);
  }
  std::size_t filled = 0;
  for (std::size_t m = 0; m < parts_->members.size(); ++m) {
    const Member& member = *parts_->members[m];
    const std::size_t count = member.feature_names().size();
    member.Score(query, *scratch.members[m], std::span(scratch.features).subspan(filled, count));
    filled += count;
  }
  const auto warm = scores.first(trained_item_count());
  parts_->blend.Apply(query, scratch.features, warm);
  // Those that nobody took in training get a score of their own below.
  for (const std::uint32_t item : *cold_items_) scores[item] = -HUGE_VALF;
  RefineBest(parts_->blend, parts_->members, query, scratch, warm);
  ColdTaste taste;
  if (!cold_items_->empty() || additions_.size() > 0 || replaced_.size() > 0) {
    taste = TasteOf(query);
    AddChanges(taste, warm);
  }
  const float log_warm = LogSumExp(warm);
  const float log_total = LogSumExp(std::array{log_warm, ScoreColdItems(query, taste, log_warm, scores)});
  if (log_total == -HUGE_VALF) return;
  for (float& score : scores) score -= log_total;
}

ColdTaste RecommenderModel::TasteOf(const Query& query) const {
  return parts_->content->Taste(
      MakeProfile(query.items, parts_->content->attribute_count(), parts_->blend.LengthFactor(query.items.size()),
                  [&](std::uint32_t item) { return item < item_count() ? &ContentOf(item) : nullptr; }));
}

float RecommenderModel::ChangeScore(const Query& query, std::uint32_t item) const {
  if (!HasChanged(item)) return 0;
  return parts_->content->LogChange(TasteOf(query), *replaced_.Find(item)->change);
}

void RecommenderModel::AddChanges(const ColdTaste& taste, std::span<float> scores) const {
  replaced_.ForEach([&](std::uint32_t item, const AddedItem& replacement) {
    if (replacement.change) scores[item] += parts_->content->LogChange(taste, *replacement.change);
  });
}

float RecommenderModel::ScoreColdItems(const Query& query, const ColdTaste& taste, float log_warm,
                                       std::span<float> scores) const {
  if (cold_items_->empty() && additions_.size() == 0) return -HUGE_VALF;
  // Log probabilities beside those of the others: without others they are on no scale yet.
  const float unit = log_warm == -HUGE_VALF ? 0 : log_warm;
  const std::size_t own = parts_->catalogue.ids.size();
  for (const std::uint32_t item : *cold_items_) scores[item] = unit + ColdScore(item, taste);
  for (std::size_t i = 0; i < additions_.size(); ++i) {
    scores[own + i] = unit + ColdScore(static_cast<std::uint32_t>(own + i), taste);
  }
  for (const RepeatedItem& repeated : RepeatedItems(query.items, scores.size())) {
    if (IsCold(repeated.item)) {
      scores[repeated.item] += parts_->blend.RepeatScore(repeated, query.items.size());
    }
  }
  std::vector<float> cold_scores;
  cold_scores.reserve(cold_items_->size());
  for (const std::uint32_t item : *cold_items_) cold_scores.push_back(scores[item]);
  return LogSumExp(std::array{LogSumExp(cold_scores), LogSumExp(scores.subspan(own))});
}

}  // namespace attune
