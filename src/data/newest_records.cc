#include "data/newest_records.h"

#include <algorithm>

#include "data/training_data.h"

namespace attune {

std::vector<std::optional<std::size_t>> MatchColumns(const Schema& schema, const Segment& segment) {
  std::vector<std::optional<std::size_t>> positions;
  for (const Field& field : schema.fields()) positions.push_back(segment.FindColumn(field.name));
  return positions;
}

Value NewestRecord::Cell(std::size_t column) const {
  if (put != nullptr) return column < put->values.size() ? put->values[column] : Value();
  if (segment == nullptr || !(*columns)[column]) return {};
  return segment->Cell(*(*columns)[column], row);
}

NewestRecords::NewestRecords(const Schema& schema, std::string_view id_column,
                             std::span<const ImportedSegment> segments, std::span<const EntityPut> puts,
                             Vocabulary& ids, UnknownIds unknown_ids) {
  columns_.reserve(segments.size());  // Records point into it.
  for (const auto& imported : segments) {
    const Segment& segment = *imported.segment;
    columns_.push_back(MatchColumns(schema, segment));
    const auto own = segment.FindColumn(id_column);
    if (!own) continue;
    std::vector<std::optional<std::uint32_t>> index_of(segment.dictionary_size(*own));
    for (std::uint32_t code = 0; code < index_of.size(); ++code) {
      index_of[code] = Index(ids, segment.DictionaryText(*own, code), unknown_ids);
    }
    const auto codes = segment.Codes(*own);
    for (std::size_t row = 0; row < codes.size(); ++row) {
      if (codes[row] == kNoIndex || !index_of[codes[row]]) continue;
      NewestRecord& record = records_[*index_of[codes[row]]];
      if (imported.received_ms < record.received_ms) continue;
      record = {.received_ms = imported.received_ms,
                .segment = &segment,
                .columns = &columns_.back(),
                .row = row,
                .put = nullptr};
    }
  }
  for (const EntityPut& put : puts) {
    const auto index = Index(ids, put.id, unknown_ids);
    if (!index || put.received_ms < records_[*index].received_ms) continue;
    records_[*index] = {.received_ms = put.received_ms, .segment = nullptr, .columns = nullptr, .row = 0, .put = &put};
  }
  records_.resize(ids.size());
}

std::optional<std::uint32_t> NewestRecords::Index(Vocabulary& ids, std::string_view id, UnknownIds unknown_ids) {
  const auto index = unknown_ids == UnknownIds::kAdd ? std::optional(ids.Add(id)) : ids.Find(id);
  if (index && *index >= records_.size()) records_.resize(std::max<std::size_t>(ids.size(), *index + 1));
  return index;
}

}  // namespace attune
