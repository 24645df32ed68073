#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "data/training_data_builder.h"

namespace attune {

/// One interaction on its way to the training data: who, what, when, and where the rest of it stands.
struct InteractionRow {
  std::uint32_t user = 0;
  std::uint32_t item = 0;
  std::int64_t timestamp_ms = 0;
  std::uint64_t properties_hash = 0;  ///< Equal for rows that agree in everything else too.
  std::uint32_t source = 0;           ///< Index of a segment, or the number of segments for an event.
  std::uint32_t index = 0;            ///< Row of the segment, or position in the events.
};

/// Rows that the selection keeps, without duplicates; each user's together, oldest first, ties by arrival.
struct InteractionRows {
  Vocabulary users;
  Vocabulary items;
  std::vector<InteractionRow> rows;
  std::vector<std::uint32_t> user_offsets;  ///< [users + 1]
};

/// Corrupt where a segment lacks USER_ID, ITEM_ID or TIMESTAMP; LimitExceeded above 2^32 rows.
Result<InteractionRows> GatherInteractionRows(const DatasetContents& contents, const TrainingSelection& selection);

/// Lower case, as event types compare.
std::string FoldEventType(std::string_view event_type);

}  // namespace attune
