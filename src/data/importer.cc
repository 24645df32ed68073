#include "data/importer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/json.h"
#include "data/put_record.h"

namespace attune {
namespace {

constexpr std::uint64_t kRowsBetweenLooks = 8192;

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// Almost all cells are ASCII, which this sees at once.
bool IsUtf8(std::string_view text) {
  unsigned char all = 0;
  for (const char c : text) all |= static_cast<unsigned char>(c);
  return all < 0x80 || simdjson::validate_utf8(text);
}

/// A value as a message shows it: cut to a length, without what would break the message.
std::string Shown(std::string_view value) {
  constexpr std::size_t kBytesMax = 80;
  std::string shown(value.substr(0, kBytesMax));
  if (value.size() > kBytesMax) {
    while (!shown.empty() && (static_cast<unsigned char>(shown.back()) & 0xc0) == 0x80) shown.pop_back();
    if (!shown.empty() && static_cast<unsigned char>(shown.back()) >= 0x80) shown.pop_back();
  }
  const bool is_utf8 = IsUtf8(shown);
  for (char& c : shown) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < ' ' || (byte >= 0x80 && !is_utf8)) c = '?';
  }
  if (value.size() > kBytesMax) shown.append("…");
  return shown;
}

/// How one column of the schema is read.
struct ColumnReader {
  const Field* field = nullptr;
  std::size_t csv_column = 0;
  bool is_id = false;
  bool is_impression = false;
  bool is_time = false;
  bool is_interaction_time = false;  ///< Things may have been made before 1970, but nobody clicked them.
  std::size_t characters_max = 0;    ///< Of strings; 0 where there is no limit.
};

/// Reads the files of one import into a builder. One thread at a time.
class Import {
 public:
  explicit Import(ImportRequest& request) : request_(request), builder_(request.schema->fields()) {}

  Status ReadFile(ImportFile& file) {
    CsvReader csv(MaybeUnpack(std::move(file.source)));
    ATTUNE_TRY(const auto header, InFile(file, csv.Next()));
    if (header.empty()) return InvalidArgument(fmt::format("{}: the file is empty; it needs a header", file.name));
    ATTUNE_TRY(const auto columns, MatchHeader(file, header));
    const std::size_t field_count = header.size();
    for (;;) {
      ATTUNE_TRY(const auto row, InFile(file, csv.Next()));
      if (row.empty()) return {};
      if (row.size() != field_count) {
        return InvalidArgument(fmt::format("{}, line {}: the row has {} fields; the header has {}", file.name,
                                           csv.line(), row.size(), field_count));
      }
      for (std::size_t i = 0; i < columns.size(); ++i) {
        const Status read = ReadCell(columns[i], i, row[columns[i].csv_column]);
        if (!read.ok()) {
          return InvalidArgument(
              fmt::format("{}, line {}, column {}: {}", file.name, csv.line(), columns[i].field->name, read.message()));
        }
      }
      builder_.EndRow();
      if (builder_.row_count() % kRowsBetweenLooks == 0) ATTUNE_RETURN_IF_ERROR(LookUp());
    }
  }

  const SegmentBuilder& builder() const { return builder_; }

 private:
  template <class T>
  static Result<T> InFile(const ImportFile& file, Result<T> result) {
    if (result.ok()) return result;
    return Status(result.status().code(), fmt::format("{}: {}", file.name, result.status().message()));
  }

  Result<std::vector<ColumnReader>> MatchHeader(const ImportFile& file,
                                                std::span<const std::string_view> header) const {
    std::vector<std::string> names;
    for (const std::string_view name : header) names.push_back(Lower(Trimmed(name)));
    std::vector<ColumnReader> columns;
    std::vector<std::string> missing;
    for (const Field& field : request_.schema->fields()) {
      const auto found = std::ranges::find(names, Lower(field.name));
      if (found == names.end()) {
        missing.push_back(field.name);
        continue;
      }
      if (std::find(std::next(found), names.end(), *found) != names.end()) {
        return InvalidArgument(fmt::format("{}: the header names the column {} twice", file.name, field.name));
      }
      columns.push_back(ReaderOf(field, static_cast<std::size_t>(found - names.begin())));
    }
    if (!missing.empty()) {
      return InvalidArgument(fmt::format("Input CSV is missing the following columns:[{}].", fmt::join(missing, ", ")));
    }
    return columns;
  }

  static std::string Lower(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return lower;
  }

  static ColumnReader ReaderOf(const Field& field, std::size_t csv_column) {
    const std::string name = FoldName(field.name);
    ColumnReader reader{.field = &field, .csv_column = csv_column};
    reader.is_id = name == "userid" || name == "itemid" || name == "actionid";
    reader.is_time = IsTimeColumn(field.name);
    reader.is_interaction_time = name == "timestamp";
    if (reader.is_id) reader.characters_max = kIdBytesMax;
    if (!reader.is_id && !field.textual) reader.characters_max = kCategoricalCharactersMax;
    reader.is_impression = name == "impression";
    if (reader.is_impression) reader.characters_max = kImpressionCharactersMax;
    return reader;
  }

  Status ReadCell(const ColumnReader& column, std::size_t index, std::string_view cell) {
    if (cell.empty()) {
      if (column.field->nullable) return {};  // EndRow makes it null.
      // The notebook's files have events without impressions in a column that may not be null.
      if (column.is_impression) return AddEmpty(index);
      return InvalidArgument("the value is empty; the schema does not allow null");
    }
    switch (column.field->type) {
      case FieldType::kString: return ReadString(column, index, cell);
      case FieldType::kInt:
      case FieldType::kLong: return ReadInteger(column, index, Trimmed(cell));
      case FieldType::kFloat:
      case FieldType::kDouble: return ReadReal(column, index, Trimmed(cell));
      case FieldType::kBoolean: return ReadBoolean(index, Trimmed(cell));
    }
    return Internal("a column has an unknown type");
  }

  Status AddEmpty(std::size_t index) {
    builder_.AddText(index, "");
    return {};
  }

  Status ReadString(const ColumnReader& column, std::size_t index, std::string_view cell) {
    if (!IsUtf8(cell)) return InvalidArgument(fmt::format("'{}' is not UTF-8 text", Shown(cell)));
    if (column.field->textual) {
      builder_.AddText(index, CleanText(cell));
      return {};
    }
    // Bytes bound characters, so that most cells need no counting.
    if (cell.size() > column.characters_max && Characters(cell) > column.characters_max) {
      return InvalidArgument(fmt::format(
          "Length cannot be more than {} characters for {}. If no values exceed the character limit, make "
          "sure your data follows the formatting guidelines listed in "
          "https://docs.aws.amazon.com/personalize/latest/dg/data-prep-formatting.html. The value '{}' has {}.",
          column.characters_max, column.field->name, Shown(cell), Characters(cell)));
    }
    builder_.AddText(index, cell);
    return {};
  }

  Status ReadInteger(const ColumnReader& column, std::size_t index, std::string_view cell) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    if (error != std::errc() || end != cell.data() + cell.size()) {
      ATTUNE_TRY(value, WholeNumber(cell));
    }
    if (column.is_interaction_time && value < 0)
      return InvalidArgument(fmt::format("'{}' lies before 1970", Shown(cell)));
    const std::int64_t limit = column.field->type == FieldType::kInt ? std::numeric_limits<std::int32_t>::max()
                                                                     : std::numeric_limits<std::int64_t>::max();
    if (value > limit || value < -limit) {
      return InvalidArgument(fmt::format("'{}' is beyond the limit of {}", Shown(cell), limit));
    }
    builder_.AddInteger(index, column.is_time ? ToMilliseconds(value) : value);
    return {};
  }

  /// Data frames write whole numbers as 881250949.0.
  static Result<std::int64_t> WholeNumber(std::string_view cell) {
    double value = 0;
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    if (error != std::errc() || end != cell.data() + cell.size() || value != std::trunc(value) ||
        std::abs(value) >= 0x1p53) {
      return InvalidArgument(fmt::format("'{}' is not a whole number", Shown(cell)));
    }
    return static_cast<std::int64_t>(value);
  }

  Status ReadReal(const ColumnReader& column, std::size_t index, std::string_view cell) {
    double value = 0;
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    if (error != std::errc() || end != cell.data() + cell.size() || !std::isfinite(value)) {
      return InvalidArgument(fmt::format("'{}' is not a number", Shown(cell)));
    }
    builder_.AddReal(index,
                     column.is_time ? static_cast<double>(ToMilliseconds(static_cast<std::int64_t>(value))) : value);
    return {};
  }

  Status ReadBoolean(std::size_t index, std::string_view cell) {
    if (cell != "true" && cell != "false") {
      return InvalidArgument(fmt::format("'{}' is neither true nor false", Shown(cell)));
    }
    builder_.AddBoolean(index, cell == "true");
    return {};
  }

  Status LookUp() const {
    if (request_.cancelled != nullptr && request_.cancelled->load()) return Cancelled("the import was stopped");
    if (request_.on_progress) request_.on_progress(builder_.row_count());
    return {};
  }

  ImportRequest& request_;
  SegmentBuilder builder_;
};

}  // namespace

Result<ImportSummary> ImportCsv(Env& env, ImportRequest request) {
  Import import(request);
  for (ImportFile& file : request.files) ATTUNE_RETURN_IF_ERROR(import.ReadFile(file));
  const std::uint64_t rows = import.builder().row_count();
  const bool is_interactions =
      request.type == DatasetType::kInteractions || request.type == DatasetType::kActionInteractions;
  if (is_interactions && rows < kImportedInteractionsMin) {
    return InvalidArgument(
        fmt::format("The dataset has {} interactions; the minimum is {}.", rows, kImportedInteractionsMin));
  }
  ATTUNE_RETURN_IF_ERROR(import.builder().Write(env, request.segment_path));
  return ImportSummary{.row_count = rows};
}

}  // namespace attune
