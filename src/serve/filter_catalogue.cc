#include "serve/filter_catalogue.h"

#include <algorithm>
#include <utility>

#include "data/training_data.h"
#include "filter/evaluate.h"

namespace attune {
namespace {

bool AsksForIds(const CompiledClause& clause) {
  return std::ranges::any_of(clause.any_of, [](const FilterPredicates& predicates) {
    return std::ranges::any_of(predicates, &FilterPredicate::is_id);
  });
}

/// Whether every item of `older` is the same item of `newer`. They are of one artifact, so that the items of training
/// are; of those that joined since, in the order of the log, the last ones are looked at.
bool Extends(const RecommenderModel& newer, const RecommenderModel& older) {
  if (&newer == &older) return true;
  if (newer.item_count() < older.item_count() || newer.trained_item_count() != older.trained_item_count()) return false;
  constexpr std::size_t kLookedAt = 64;
  const std::size_t first =
      std::max(older.trained_item_count(), older.item_count() - std::min(kLookedAt, older.item_count()));
  for (auto item = static_cast<std::uint32_t>(first); item < older.item_count(); ++item) {
    if (newer.item_id(item) != older.item_id(item)) return false;
  }
  return true;
}

/// The chunks of `items` that hold rows of the model's items from `first` on.
std::vector<bool> ChunksOfItems(const MetadataTable& table, const RecommenderModel& model, std::size_t first) {
  std::vector<bool> chunks(table.chunk_count());
  for (auto item = static_cast<std::uint32_t>(first); item < model.item_count(); ++item) {
    if (const auto row = table.Find(model.item_id(item))) chunks[*row / MetadataTable::kChunkRows] = true;
  }
  return chunks;
}

}  // namespace

std::shared_ptr<const ItemSet> FilterCatalogue::Matches(const CompiledClause& clause,
                                                        const std::shared_ptr<const RecommenderModel>& model,
                                                        const LiveMetadata::Snapshot& items) {
  ATTUNE_CHECK(!clause.key.empty());
  std::shared_ptr<const Rows> rows;
  Entry older;
  {
    const MutexLock lock(mutex_);
    rows = NewestRows(model, items);
    if (const auto found = entries_.find(clause.key); found != entries_.end()) {
      found->second.used = ++use_count_;
      older = found->second;
    }
  }
  if (older.rows == rows) return older.matches;
  auto matches = std::make_shared<const ItemSet>(Match(clause, *rows, older));
  const MutexLock lock(mutex_);
  if (rows_ == rows) Remember(clause.key, {.rows = rows, .matches = matches, .used = ++use_count_});
  return matches;
}

std::shared_ptr<const FilterCatalogue::Rows> FilterCatalogue::NewestRows(
    const std::shared_ptr<const RecommenderModel>& model, const LiveMetadata::Snapshot& items) {
  const bool grew = rows_ && Extends(*model, *rows_->model);
  if (!rows_ || (!grew && !Extends(*rows_->model, *model))) {
    entries_.clear();
    rows_ = MakeRows(nullptr, model, items);
    return rows_;
  }
  const auto newest_model = grew ? model : rows_->model;
  const auto newest_items = items.version > rows_->items.version ? items : rows_->items;
  if (newest_model == rows_->model && newest_items.version == rows_->items.version) return rows_;
  const bool keeps_rows = newest_items.generation == rows_->items.generation;
  if (!keeps_rows) entries_.clear();
  rows_ = MakeRows(keeps_rows ? rows_.get() : nullptr, newest_model, newest_items);
  return rows_;
}

std::shared_ptr<const FilterCatalogue::Rows> FilterCatalogue::MakeRows(
    const Rows* older, const std::shared_ptr<const RecommenderModel>& model, const LiveMetadata::Snapshot& items) {
  auto rows = std::make_shared<Rows>(Rows{.model = model, .items = items, .item_of_row = {}});
  if (!items.table) return rows;
  const MetadataTable& table = *items.table;
  if (older != nullptr) rows->item_of_row = older->item_of_row;
  const std::size_t known = rows->item_of_row.size();
  rows->item_of_row.resize(table.size(), kNoIndex);
  for (auto row = static_cast<std::uint32_t>(known); row < table.size(); ++row) {
    rows->item_of_row[row] = model->FindItem(table.Id(row)).value_or(kNoIndex);
  }
  if (older == nullptr) return rows;
  for (auto item = static_cast<std::uint32_t>(older->model->item_count()); item < model->item_count(); ++item) {
    if (const auto row = table.Find(model->item_id(item))) rows->item_of_row[*row] = item;
  }
  return rows;
}

ItemSet FilterCatalogue::Match(const CompiledClause& clause, const Rows& rows, const Entry& older) {
  const std::size_t count = rows.model->item_count();
  const std::size_t first_new = older.matches ? older.matches->size() : 0;
  ItemSet set = older.matches ? *older.matches : ItemSet();
  set.Resize(count, MatchesRecord(clause, nullptr, std::nullopt, {}));
  if (AsksForIds(clause)) {
    for (auto item = static_cast<std::uint32_t>(first_new); item < count; ++item) {
      set.Set(item, MatchesRecord(clause, nullptr, std::nullopt, rows.model->item_id(item)));
    }
  }
  if (!rows.items.table) return set;
  const MetadataTable& table = *rows.items.table;
  const MetadataTable* const before = older.rows ? older.rows->items.table.get() : nullptr;
  const auto of_new_items = before != nullptr ? ChunksOfItems(table, *rows.model, first_new) : std::vector<bool>();
  std::vector<std::uint8_t> matches;
  for (std::size_t chunk = 0; chunk < table.chunk_count(); ++chunk) {
    const bool is_known = before != nullptr && chunk < before->chunk_count() &&
                          before->ChunkStamp(chunk) == table.ChunkStamp(chunk) && !of_new_items[chunk];
    if (is_known) continue;
    MatchChunk(clause, table, chunk, &matches);
    for (std::size_t i = 0; i < matches.size(); ++i) {
      const std::uint32_t item = rows.item_of_row[chunk * MetadataTable::kChunkRows + i];
      if (item != kNoIndex) set.Set(item, matches[i] != 0);
    }
  }
  return set;
}

void FilterCatalogue::Remember(const std::string& key, Entry entry) {
  entries_[key] = std::move(entry);
  if (entries_.size() <= kClausesMax) return;
  const auto oldest = std::ranges::min_element(entries_, {}, [](const auto& each) { return each.second.used; });
  entries_.erase(oldest);
}

}  // namespace attune
