#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "data/put_record.h"
#include "data/schema.h"
#include "data/segment.h"
#include "data/training_data.h"

namespace attune {

/// What one import brought, and when.
struct ImportedSegment {
  std::shared_ptr<const Segment> segment;
  std::int64_t received_ms = 0;
};

/// Everything there is of a group's three datasets; a dataset that does not exist is empty.
struct DatasetContents {
  std::vector<ImportedSegment> interaction_segments;
  std::optional<Schema> interaction_schema;
  std::vector<Event> events;  ///< In the order of the log.

  std::vector<ImportedSegment> item_segments;
  std::optional<Schema> item_schema;
  std::vector<EntityPut> item_puts;  ///< In the order of the log.

  std::vector<ImportedSegment> user_segments;
  std::optional<Schema> user_schema;
  std::vector<EntityPut> user_puts;

  std::uint64_t log_sequence = 0;  ///< Of the last put that is included.
};

/// What of it a solution trains on.
struct TrainingSelection {
  std::string event_type;  ///< Compared without case; "" for all.
  std::optional<double> event_value_threshold;
  /// By upper-case dataset type, names of columns: these alone, or all but these. Ids and times always stay.
  std::map<std::string, std::set<std::string>> included_columns;
  std::map<std::string, std::set<std::string>> excluded_columns;
};

/// The rows that training may see (Amazon Personalize guide, "Preparing training data"; sections "duplicates", "event
/// metrics and sessions"): exact duplicates once; of events with one id the first; events of a session that some event
/// links to a user are that user's, those of other sessions nobody's; of an item or user the newest record. Columns
/// that are neither categorical, textual nor numeric are left out. Memory: about 60 bytes an interaction while it runs.
Result<TrainingData> BuildTrainingData(const DatasetContents& contents, const TrainingSelection& selection);

/// Known items of an impression that are kept, the first: kImpressionItemsMax, or fewer where there are so many
/// interactions that all impressions together would be more than kImpressionsMax.
std::size_t ImpressionItemsMax(std::size_t interaction_count);
inline constexpr std::size_t kImpressionItemsMax = 100;
inline constexpr std::size_t kImpressionsMax = 500'000'000;  ///< 2 GB.

}  // namespace attune
