#include "data/csv_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/json.h"
#include "data/importer.h"
#include "data/training_data_builder.h"

namespace attune {
namespace {

class FileSource final : public ByteSource {
 public:
  explicit FileSource(std::unique_ptr<SequentialFile> file) : file_(std::move(file)) {}
  Result<std::size_t> Read(std::span<char> buffer) override { return file_->Read(std::as_writable_bytes(buffer)); }

 private:
  const std::unique_ptr<SequentialFile> file_;
};

std::string UpperCase(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return upper;
}

bool IsNumber(std::string_view cell) {
  double value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  return error == std::errc() && end == cell.data() + cell.size();
}

/// What one column of a file holds.
struct ColumnFacts {
  std::string name;  ///< Upper case.
  bool all_numbers = true;
  bool has_empty = false;
  std::uint64_t filled = 0;
  std::uint64_t words = 0;

  void Add(std::string_view cell) {
    if (cell.empty()) {
      has_empty = true;
      return;
    }
    all_numbers = all_numbers && IsNumber(cell);
    ++filled;
    words += static_cast<std::uint64_t>(1 + std::ranges::count(cell, ' '));
  }
  bool is_text() const {
    const bool is_named_so = name == "TITLE" || name == "DESCRIPTION";
    return filled > 0 && !all_numbers &&
           (is_named_so || static_cast<double>(words) >= kTextWordsMin * static_cast<double>(filled));
  }
};

/// The type of a column that the guide gives, as it stands in a schema; "" for the file's own columns.
std::string_view ReservedType(DatasetType type, std::string_view name) {
  if (name == "USER_ID" || name == "ITEM_ID") return R"("string")";
  if (type == DatasetType::kInteractions) {
    if (name == "TIMESTAMP") return R"("long")";
    if (name == "EVENT_VALUE") return R"(["null","float"])";
    if (name == "EVENT_TYPE" || name == "IMPRESSION" || name == "RECOMMENDATION_ID") return R"(["null","string"])";
  }
  if (type == DatasetType::kItems && name == "CREATION_TIMESTAMP") return R"("long")";
  return "";
}

std::set<std::string_view> RequiredColumns(DatasetType type) {
  switch (type) {
    case DatasetType::kInteractions: return {"USER_ID", "ITEM_ID", "TIMESTAMP"};
    case DatasetType::kItems: return {"ITEM_ID"};
    default: return {"USER_ID"};
  }
}

std::size_t OwnColumnsMax(DatasetType type) {
  switch (type) {
    case DatasetType::kInteractions: return Schema::kInteractionFieldsMax;
    case DatasetType::kItems: return Schema::kItemFieldsMax;
    default: return Schema::kUserFieldsMax;
  }
}

Result<std::vector<ColumnFacts>> ReadFacts(CsvReader& table) {
  ATTUNE_TRY(const auto header, table.Next());
  std::vector<ColumnFacts> columns;
  for (const std::string_view name : header) columns.push_back({.name = UpperCase(name)});
  for (;;) {
    ATTUNE_TRY(const auto row, table.Next());
    if (row.empty()) return columns;
    for (std::size_t c = 0; c < std::min(row.size(), columns.size()); ++c) columns[c].Add(row[c]);
  }
}

/// The column's entry in the schema; "" where it is to be left out.
std::string FieldJson(DatasetType type, const ColumnFacts& column, bool may_be_text) {
  const std::string_view reserved = ReservedType(type, column.name);
  if (column.name == "CREATION_TIMESTAMP" && column.has_empty) return "";
  if (!reserved.empty()) return fmt::format(R"({{"name":"{}","type":{}}})", column.name, reserved);
  if (column.filled == 0) return "";
  if (column.all_numbers) return fmt::format(R"({{"name":"{}","type":["null","float"]}})", column.name);
  const std::string_view kind = may_be_text && column.is_text() ? "textual" : "categorical";
  return fmt::format(R"({{"name":"{}","type":["null","string"],"{}":true}})", column.name, kind);
}

bool IsColumnName(std::string_view name) {
  const auto fits = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
  return !name.empty() && name.size() <= Schema::kFieldNameBytesMax && std::ranges::all_of(name, fits) &&
         (name[0] < '0' || name[0] > '9');
}

/// One file as a segment of the temporary folder, opened; the file itself is gone when the segment is.
Result<std::shared_ptr<const Segment>> ImportTable(Env& env, DatasetType type, const std::string& path,
                                                   const std::string& folder, std::optional<Schema>* schema) {
  {
    ATTUNE_TRY(auto source, OpenByteSource(env, path));
    CsvReader reader(MaybeUnpack(std::move(source)));
    auto inferred = InferSchema(type, reader);
    if (!inferred.ok()) return InvalidArgument(fmt::format("{}: {}", path, inferred.status().message()));
    *schema = *std::move(inferred);
  }
  ImportRequest request{.type = type,
                        .schema = &**schema,
                        .files = {},
                        .segment_path = JoinPath(folder, std::string(DatasetTypeText(type)) + ".segment")};
  const std::string segment_path = request.segment_path;
  ATTUNE_TRY(auto source, OpenByteSource(env, path));
  request.files.push_back({.name = path, .source = std::move(source)});
  ATTUNE_RETURN_IF_ERROR(ImportCsv(env, std::move(request)).status());
  auto segment = Segment::Open(env, segment_path);
  ATTUNE_RETURN_IF_ERROR(env.RemoveFile(segment_path));
  return segment;
}

}  // namespace

Result<std::unique_ptr<ByteSource>> OpenByteSource(Env& env, const std::string& path) {
  ATTUNE_TRY(auto file, env.OpenSequential(path));
  return std::unique_ptr<ByteSource>(std::make_unique<FileSource>(std::move(file)));
}

Result<Schema> InferSchema(DatasetType type, CsvReader& table) {
  ATTUNE_TRY(const auto columns, ReadFacts(table));
  for (const std::string_view required : RequiredColumns(type)) {
    if (std::ranges::find(columns, required, &ColumnFacts::name) == columns.end()) {
      return InvalidArgument(fmt::format("the header has no column {}", required));
    }
  }
  const bool is_interactions = type == DatasetType::kInteractions;
  std::string fields;
  std::size_t own_columns = 0;
  bool has_text = is_interactions;  // Interactions have none.
  for (const ColumnFacts& column : columns) {
    if (!IsColumnName(column.name)) continue;
    std::string field = FieldJson(type, column, !has_text);
    if (field.empty()) continue;
    if (ReservedType(type, column.name).empty() && ++own_columns > OwnColumnsMax(type)) continue;
    has_text = has_text || field.find("textual") != std::string::npos;
    if (!fields.empty()) fields += ',';
    fields += field;
  }
  const std::string_view record = is_interactions ? "Interactions" : type == DatasetType::kItems ? "Items" : "Users";
  return Schema::Parse(fmt::format(R"({{"type":"record","name":"{}","namespace":"com.amazonaws.personalize.schema",)"
                                   R"("version":"1.0","fields":[{}]}})",
                                   record, fields));
}

Result<TrainingData> ReadCsvTables(Env& env, const CsvTables& tables, const std::string& temporary_folder) {
  DatasetContents contents;
  const auto add = [&](DatasetType type, const std::string& path, std::optional<Schema>* schema,
                       std::vector<ImportedSegment>* segments) -> Status {
    if (path.empty()) return {};
    ATTUNE_TRY(auto segment, ImportTable(env, type, path, temporary_folder, schema));
    segments->push_back({.segment = std::move(segment)});
    return {};
  };
  ATTUNE_RETURN_IF_ERROR(add(DatasetType::kInteractions, tables.interactions, &contents.interaction_schema,
                             &contents.interaction_segments));
  ATTUNE_RETURN_IF_ERROR(add(DatasetType::kItems, tables.items, &contents.item_schema, &contents.item_segments));
  ATTUNE_RETURN_IF_ERROR(add(DatasetType::kUsers, tables.users, &contents.user_schema, &contents.user_segments));
  return BuildTrainingData(contents, {});
}

}  // namespace attune
