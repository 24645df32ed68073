#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "base/status.h"
#include "data/put_record.h"
#include "data/schema.h"
#include "data/training_data_builder.h"

namespace attune {

/// Which rows an export holds: those that imports brought, those put one by one, or both.
enum class ExportMode { kBulk, kPut, kAll };

/// What a dataset holds. Interactions have events, items and users puts; all in the order of arrival.
struct ExportSource {
  DatasetType type = DatasetType::kInteractions;
  const Schema* schema = nullptr;  ///< The dataset's present one; its columns are written, in its order.
  std::span<const ImportedSegment> segments;
  std::span<const Event> events;
  std::span<const EntityPut> puts;
};

struct ExportSummary {
  std::uint64_t row_count = 0;  ///< Without the header.
};

/// Writes the rows as CSV that ImportCsv reads back: the schema's names as header, values quoted where they must be,
/// moments in seconds, null as nothing. Rows that agree in every column are written once; of items and users kAll
/// writes the newest record of each id alone. Of no rows the header alone is written. An event of nobody known has an
/// empty USER_ID. `sink` takes about a megabyte at a time; its error ends the export. Memory: about 50
/// bytes for each row written. Event ids are in no column, so they are not written.
Result<ExportSummary> ExportCsv(const ExportSource& source, ExportMode mode,
                                const std::function<Status(std::string_view)>& sink);

/// Appends one field of a CSV row, in quotes if it holds a comma, a quote, a backslash, a newline or blanks at an end.
void AppendCsvField(std::string_view text, std::string* out);

}  // namespace attune
