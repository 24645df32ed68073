#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "data/put_record.h"
#include "data/schema.h"
#include "data/segment.h"
#include "data/training_data_builder.h"
#include "data/vocabulary.h"

namespace attune {

/// For each column of the schema its position in a segment, which may be of an older schema; nothing if it has none.
std::vector<std::optional<std::size_t>> MatchColumns(const Schema& schema, const Segment& segment);

/// The newest record of one id: a row of a segment, or a put. Both must outlive it.
struct NewestRecord {
  std::int64_t received_ms = std::numeric_limits<std::int64_t>::min();
  const Segment* segment = nullptr;
  const std::vector<std::optional<std::size_t>>* columns = nullptr;  ///< By the schema's positions, of that segment.
  std::size_t row = 0;
  const EntityPut* put = nullptr;

  /// A cell by the schema's position of its column.
  Value Cell(std::size_t column) const;
};

/// What becomes of records whose id is not in the vocabulary.
enum class UnknownIds { kAdd, kPassOver };

/// The newest record of each id of a vocabulary, by time of arrival; of one import the later row, of the same
/// millisecond the put. Empty records for ids of which there is none.
class NewestRecords {
 public:
  NewestRecords(const Schema& schema, std::string_view id_column, std::span<const ImportedSegment> segments,
                std::span<const EntityPut> puts, Vocabulary& ids, UnknownIds unknown_ids);
  NewestRecords(const NewestRecords&) = delete;
  NewestRecords& operator=(const NewestRecords&) = delete;

  /// By the vocabulary's indexes.
  const std::vector<NewestRecord>& records() const { return records_; }

 private:
  std::optional<std::uint32_t> Index(Vocabulary& ids, std::string_view id, UnknownIds unknown_ids);

  std::vector<std::vector<std::optional<std::size_t>>> columns_;
  std::vector<NewestRecord> records_;
};

}  // namespace attune
