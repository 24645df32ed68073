#include "data/metadata_table.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "data/attribute_builder.h"
#include "data/newest_records.h"

namespace attune {
namespace {

void AddCell(const Field& field, const Value& value, MetadataColumn* column) {
  switch (field.type) {
    case FieldType::kString:
      if (const auto* text = std::get_if<std::string>(&value)) {
        if (field.categorical) {
          SplitValues(*text, [&](std::string_view part) { column->codes.push_back(column->texts.Add(part)); });
        } else if (!text->empty()) {
          column->codes.push_back(column->texts.Add(*text));
        }
      }
      column->offsets.push_back(static_cast<std::uint32_t>(column->codes.size()));
      return;
    case FieldType::kInt:
    case FieldType::kLong: {
      const auto* integer = std::get_if<std::int64_t>(&value);
      column->integers.push_back(integer != nullptr ? *integer : kNullInteger);
      return;
    }
    case FieldType::kFloat:
    case FieldType::kDouble: {
      const auto* real = std::get_if<double>(&value);
      column->reals.push_back(real != nullptr ? *real : std::numeric_limits<double>::quiet_NaN());
      return;
    }
    case FieldType::kBoolean: {
      const auto* boolean = std::get_if<bool>(&value);
      column->booleans.push_back(boolean != nullptr ? static_cast<std::uint8_t>(*boolean) : kNullBoolean);
      return;
    }
  }
}

}  // namespace

std::shared_ptr<const MetadataTable> MetadataTable::Empty(const Schema& schema) {
  return std::shared_ptr<const MetadataTable>(new MetadataTable(std::make_shared<const Schema>(schema)));
}

std::shared_ptr<const MetadataTable::Chunk> MetadataTable::MakeChunk(
    std::size_t row_count, const std::function<std::string_view(std::size_t)>& id_of,
    const std::function<Value(std::size_t, std::size_t)>& cell_of) const {
  auto chunk = std::make_shared<Chunk>();
  chunk->ids.reserve(row_count);
  for (std::size_t row = 0; row < row_count; ++row) chunk->ids.emplace_back(id_of(row));
  chunk->columns.resize(schema_->fields().size());
  for (std::size_t column = 0; column < chunk->columns.size(); ++column) {
    const Field& field = schema_->fields()[column];
    MetadataColumn& target = chunk->columns[column];
    if (field.type == FieldType::kString) target.offsets.push_back(0);
    for (std::size_t row = 0; row < row_count; ++row) AddCell(field, cell_of(row, column), &target);
  }
  return chunk;
}

std::shared_ptr<const MetadataTable> MetadataTable::Build(const Schema& schema, std::string_view id_column,
                                                          std::span<const ImportedSegment> segments,
                                                          std::span<const EntityPut> puts) {
  std::shared_ptr<MetadataTable> table(new MetadataTable(std::make_shared<const Schema>(schema)));
  Vocabulary ids;
  const NewestRecords newest(schema, id_column, segments, puts, ids, UnknownIds::kAdd);
  const auto& records = newest.records();
  table->row_count_ = records.size();
  for (std::size_t begin = 0; begin < records.size(); begin += kChunkRows) {
    table->chunks_.push_back(table->MakeChunk(
        std::min(kChunkRows, records.size() - begin),
        [&](std::size_t row) { return ids.id(static_cast<std::uint32_t>(begin + row)); },
        [&](std::size_t row, std::size_t column) { return records[begin + row].Cell(column); }));
  }
  std::vector<std::shared_ptr<Index>> shards(kIndexShards);
  for (std::uint32_t row = 0; row < ids.size(); ++row) {
    auto& shard = shards[ShardOf(ids.id(row))];
    if (!shard) shard = std::make_shared<Index>();
    shard->emplace(ids.id(row), row);
  }
  std::ranges::copy(shards, table->index_.begin());
  return table;
}

std::shared_ptr<const MetadataTable> MetadataTable::With(std::span<const EntityPut> puts) const {
  std::shared_ptr<MetadataTable> table(new MetadataTable(*this));
  // The newest put of each row, by chunk.
  std::map<std::size_t, std::map<std::size_t, const EntityPut*>> changed;
  for (const EntityPut& put : puts) {
    auto row = table->Find(put.id);
    if (!row) {
      row = static_cast<std::uint32_t>(table->row_count_++);
      auto& shard = table->index_[ShardOf(put.id)];
      auto next = shard ? std::make_shared<Index>(*shard) : std::make_shared<Index>();
      next->emplace(put.id, *row);
      shard = std::move(next);
    }
    changed[*row / kChunkRows][*row % kChunkRows] = &put;
  }
  table->chunks_.resize((table->row_count_ + kChunkRows - 1) / kChunkRows);
  for (const auto& [index, rows] : changed) {
    const auto old = table->chunks_[index];
    const std::size_t old_rows = old ? old->ids.size() : 0;
    const auto find_put = [&, &put_rows = rows](std::size_t row) {
      const auto found = put_rows.find(row);
      return found == put_rows.end() ? nullptr : found->second;
    };
    const std::size_t begin = index * kChunkRows;
    table->chunks_[index] = MakeChunk(
        std::max(old_rows, std::min(kChunkRows, table->row_count_ - begin)),
        [&](std::size_t row) -> std::string_view { return row < old_rows ? old->ids[row] : find_put(row)->id; },
        [&, chunk_index = index](std::size_t row, std::size_t column) {
          const EntityPut* put = find_put(row);
          if (put == nullptr) return Cell(static_cast<std::uint32_t>(chunk_index * kChunkRows + row), column);
          return column < put->values.size() ? put->values[column] : Value();
        });
  }
  return table;
}

std::optional<std::uint32_t> MetadataTable::Find(std::string_view id) const {
  const auto& shard = index_[ShardOf(id)];
  if (!shard) return std::nullopt;
  const auto found = shard->find(id);
  if (found == shard->end()) return std::nullopt;
  return found->second;
}

std::vector<std::string_view> MetadataTable::Texts(std::uint32_t row, std::size_t column) const {
  const MetadataColumn& source = Column(row / kChunkRows, column);
  std::vector<std::string_view> texts;
  if (source.offsets.empty()) return texts;
  for (const std::uint32_t code : source.Codes(row % kChunkRows)) texts.push_back(source.texts.id(code));
  return texts;
}

std::optional<double> MetadataTable::Number(std::uint32_t row, std::size_t column) const {
  const Value value = Cell(row, column);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  return std::nullopt;
}

Value MetadataTable::Cell(std::uint32_t row, std::size_t column) const {
  const MetadataColumn& source = Column(row / kChunkRows, column);
  const std::size_t at = row % kChunkRows;
  switch (schema_->fields()[column].type) {
    case FieldType::kString: {
      const auto codes = source.Codes(at);
      if (codes.empty()) return {};
      std::string text;
      for (const std::uint32_t code : codes) {
        if (!text.empty()) text.push_back('|');
        text.append(source.texts.id(code));
      }
      return text;
    }
    case FieldType::kInt:
    case FieldType::kLong:
      if (source.integers[at] == kNullInteger) return {};
      return source.integers[at];
    case FieldType::kFloat:
    case FieldType::kDouble:
      if (std::isnan(source.reals[at])) return {};
      return source.reals[at];
    case FieldType::kBoolean:
      if (source.booleans[at] == kNullBoolean) return {};
      return source.booleans[at] != 0;
  }
  return {};
}

}  // namespace attune
