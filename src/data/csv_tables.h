#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "data/csv_reader.h"
#include "data/schema.h"
#include "data/training_data.h"
#include "storage/env.h"

namespace attune {

/// Files as Amazon Personalize imports them, plain or gzipped. What is "" is not there.
struct CsvTables {
  std::string interactions;
  std::string items;
  std::string users;
};

/// The schema that a person would write for a file of that type: required and reserved columns as the guide says,
/// else numbers where every cell is a number or empty, text for the first column named TITLE or DESCRIPTION, or whose
/// cells have kTextWordsMin words on average, and categories for the rest. Columns beyond what a schema may have are
/// left out. `table` is read to its end. InvalidArgument where a required column is missing.
Result<Schema> InferSchema(DatasetType type, CsvReader& table);

/// What a service that imported these files would train on. Segments are written into `temporary_folder`, which must
/// exist, and removed again. Errors as of ImportCsv, and those of InferSchema with the file's name before them.
Result<TrainingData> ReadCsvTables(Env& env, const CsvTables& tables, const std::string& temporary_folder);

/// A file as a source of bytes.
Result<std::unique_ptr<ByteSource>> OpenByteSource(Env& env, const std::string& path);

inline constexpr double kTextWordsMin = 6;

}  // namespace attune
