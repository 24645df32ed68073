#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "data/put_record.h"
#include "data/schema.h"
#include "data/training_data_builder.h"
#include "data/vocabulary.h"

namespace attune {

/// One column of up to MetadataTable::kChunkRows rows. Which members are used follows from the field's type.
struct MetadataColumn {
  // Strings: the values of row r are texts.id(codes[offsets[r]]) … texts.id(codes[offsets[r + 1] - 1]): none where
  // null, one where the field is plain or textual, and where it is categorical as many as '|' separates.
  Vocabulary texts;
  std::vector<std::uint32_t> codes;
  std::vector<std::uint32_t> offsets;  ///< [rows + 1]
  std::vector<std::int64_t> integers;  ///< int and long; kNullInteger for null. Times are in milliseconds.
  std::vector<double> reals;           ///< float and double; NaN for null.
  std::vector<std::uint8_t> booleans;  ///< kNullBoolean for null.

  std::span<const std::uint32_t> Codes(std::size_t row) const {
    return std::span(codes).subspan(offsets[row], offsets[row + 1] - offsets[row]);
  }
};

/// The newest record of every item, or of every user, as typed columns: for filters, for metadata beside
/// recommendations, for what models say about items that came later. Rows are numbered by first arrival and keep their
/// number in every table that With makes of this one. Immutable; a put makes a new table that shares all but the
/// chunks it touches.
class MetadataTable {
 public:
  static constexpr std::size_t kChunkRows = 1024;

  /// A table without rows.
  static std::shared_ptr<const MetadataTable> Empty(const Schema& schema);
  /// The newest record of each id, of imports and puts, by the time of arrival. `id_column` is ITEM_ID, USER_ID or
  /// ACTION_ID. Segments of an older schema have nulls in newer columns.
  static std::shared_ptr<const MetadataTable> Build(const Schema& schema, std::string_view id_column,
                                                    std::span<const ImportedSegment> segments,
                                                    std::span<const EntityPut> puts);

  /// This table with newer records, each in the place of the older one of its id.
  std::shared_ptr<const MetadataTable> With(std::span<const EntityPut> puts) const;

  std::size_t size() const { return row_count_; }
  const Schema& schema() const { return *schema_; }
  std::optional<std::uint32_t> Find(std::string_view id) const;
  /// Requires row < size(), as all below.
  std::string_view Id(std::uint32_t row) const { return chunks_[row / kChunkRows]->ids[row % kChunkRows]; }

  /// For scans: chunk c holds the rows [c * kChunkRows, …).
  std::size_t chunk_count() const { return chunks_.size(); }
  const MetadataColumn& Column(std::size_t chunk, std::size_t column) const { return chunks_[chunk]->columns[column]; }
  std::size_t RowsOfChunk(std::size_t chunk) const { return chunks_[chunk]->ids.size(); }
  /// Two living tables that give the same stamp for a chunk hold the same rows in it, so that what was computed for one
  /// holds for the other. Keep the older table alive while comparing.
  const void* ChunkStamp(std::size_t chunk) const { return chunks_[chunk].get(); }

  // One cell at a time; null gives nothing.
  /// The values of a string column; several where it is categorical.
  std::vector<std::string_view> Texts(std::uint32_t row, std::size_t column) const;
  /// Integers and reals alike.
  std::optional<double> Number(std::uint32_t row, std::size_t column) const;
  /// Whatever it is, categories joined by '|'.
  Value Cell(std::uint32_t row, std::size_t column) const;

 private:
  struct Chunk {
    std::vector<std::string> ids;
    std::vector<MetadataColumn> columns;
  };
  struct Hasher {
    using is_transparent = void;
    std::size_t operator()(std::string_view id) const { return Hash64(id); }
  };
  using Index = std::unordered_map<std::string, std::uint32_t, Hasher, std::equal_to<>>;
  static constexpr std::size_t kIndexShards = 1024;

  explicit MetadataTable(std::shared_ptr<const Schema> schema) : schema_(std::move(schema)), index_(kIndexShards) {}
  /// A chunk of rows whose ids and cells the two functions know.
  std::shared_ptr<const Chunk> MakeChunk(std::size_t row_count,
                                         const std::function<std::string_view(std::size_t)>& id_of,
                                         const std::function<Value(std::size_t, std::size_t)>& cell_of) const;
  static std::size_t ShardOf(std::string_view id) { return Hash64(id, 1) % kIndexShards; }

  std::shared_ptr<const Schema> schema_;
  std::vector<std::shared_ptr<const Chunk>> chunks_;
  std::vector<std::shared_ptr<const Index>> index_;  ///< By ShardOf; null where empty.
  std::size_t row_count_ = 0;
};

}  // namespace attune
