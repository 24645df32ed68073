#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "data/clean_text.h"
#include "data/csv_reader.h"
#include "data/moments.h"
#include "data/schema.h"
#include "data/segment.h"
#include "storage/env.h"

namespace attune {

/// One CSV file of an import; gzip is seen by itself.
struct ImportFile {
  std::string name;  ///< For messages: the object's key.
  std::unique_ptr<ByteSource> source;
};

struct ImportRequest {
  DatasetType type = DatasetType::kInteractions;
  const Schema* schema = nullptr;
  std::vector<ImportFile> files;
  std::string segment_path;  ///< Where the rows go.
  /// Looked at every few thousand rows.
  const std::atomic<bool>* cancelled = nullptr;
  /// Called every few thousand rows with the rows so far. May be empty.
  std::function<void(std::uint64_t)> on_progress;
};

struct ImportSummary {
  std::uint64_t row_count = 0;
};

/// Reads and checks every row of every file and writes them as one segment, durably; or writes nothing. Columns are
/// found by the header's names without regard to case; columns that the schema does not have are passed over. An empty
/// cell is null where the schema allows it. InvalidArgument names file, line, column, value and rule. Interactions need
/// kImportedInteractionsMin rows. Times may be seconds, or milliseconds where they are too large to be seconds
/// (see kSecondsMax); they are kept in milliseconds.
Result<ImportSummary> ImportCsv(Env& env, ImportRequest request);

inline constexpr std::uint64_t kImportedInteractionsMin = 1000;
/// Of an IMPRESSION: 25 ids of up to 256 characters, and what separates them, are longer than a category may be.
inline constexpr std::size_t kImpressionCharactersMax = 25 * 257;

}  // namespace attune
