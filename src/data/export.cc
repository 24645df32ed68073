#include "data/export.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <unordered_set>
#include <utility>

#include "base/hash.h"
#include "data/importer.h"
#include "data/newest_records.h"
#include "data/training_data.h"

namespace attune {
namespace {

/// Writes rows that were not written before. One thread at a time.
class RowWriter {
 public:
  RowWriter(const Schema& schema, const std::function<Status(std::string_view)>& sink) : sink_(sink) {
    for (const Field& field : schema.fields()) {
      part_.append(part_.empty() ? "" : ",").append(field.name);
      is_time_.push_back(IsTimeColumn(field.name));
    }
    part_.push_back('\n');
  }

  /// Takes the next cell of the row.
  void AddCell(const Value& value) {
    if (column_ > 0) row_.push_back(',');
    const bool is_time = is_time_[column_++];
    if (const auto* text = std::get_if<std::string>(&value)) AppendCsvField(*text, &row_);
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      fmt::format_to(std::back_inserter(row_), "{}", is_time ? Seconds(*integer) : *integer);
    }
    if (const auto* real = std::get_if<double>(&value)) {
      fmt::format_to(std::back_inserter(row_), "{}", is_time ? *real / 1000 : *real);
    }
    if (const auto* boolean = std::get_if<bool>(&value)) row_.append(*boolean ? "true" : "false");
  }

  Status EndRow() {
    row_.push_back('\n');
    if (met_.insert({Hash64(row_, 1), Hash64(row_, 2)}).second) {
      part_.append(row_);
      ++row_count_;
    }
    row_.clear();
    column_ = 0;
    constexpr std::size_t kPartBytes = std::size_t{1} << 20;
    return part_.size() < kPartBytes ? Status() : Flush();
  }

  Status Flush() {
    if (part_.empty()) return {};
    const Status written = sink_(part_);
    part_.clear();
    return written;
  }

  std::uint64_t row_count() const { return row_count_; }

 private:
  using Fingerprint = std::pair<std::uint64_t, std::uint64_t>;
  struct Hasher {
    std::size_t operator()(const Fingerprint& fingerprint) const { return fingerprint.first; }
  };

  /// Whole seconds, those before 1970 too.
  static std::int64_t Seconds(std::int64_t milliseconds) {
    return milliseconds >= 0 ? milliseconds / 1000 : -((999 - milliseconds) / 1000);
  }

  const std::function<Status(std::string_view)>& sink_;
  std::vector<bool> is_time_;
  std::string part_;
  std::string row_;
  std::size_t column_ = 0;
  std::uint64_t row_count_ = 0;
  std::unordered_set<Fingerprint, Hasher> met_;  // 128 bits of each row: two that differ agree with chance n² / 2^129.
};

/// What an event says in a column that it carries outside of its properties; null for any other.
Value OwnCell(const Event& event, std::string_view folded_name) {
  const auto text = [](const std::string& value) { return value.empty() ? Value() : Value(value); };
  if (folded_name == "userid") return text(event.user_id);
  if (folded_name == "itemid") return text(event.item_id);
  if (folded_name == "timestamp") return event.timestamp_ms;
  if (folded_name == "eventtype") return text(event.event_type);
  if (folded_name == "eventvalue") {
    // As the shortest text that reads back as the same float: 0.1, not 0.10000000149.
    return event.event_value ? Value(fmt::format("{}", *event.event_value)) : Value();
  }
  if (folded_name == "impression") return text(fmt::format("{}", fmt::join(event.impression, "|")));
  if (folded_name == "recommendationid") return text(event.recommendation_id);
  if (folded_name == "eventattributionsource") return text(event.attribution_source);
  if (folded_name == "sessionid") return text(event.session_id);
  return {};
}

Status WriteSegments(const ExportSource& source, RowWriter& writer) {
  for (const auto& imported : source.segments) {
    const Segment& segment = *imported.segment;
    const auto columns = MatchColumns(*source.schema, segment);
    for (std::size_t row = 0; row < segment.row_count(); ++row) {
      for (const auto& column : columns) writer.AddCell(column ? segment.Cell(*column, row) : Value());
      ATTUNE_RETURN_IF_ERROR(writer.EndRow());
    }
  }
  return {};
}

Status WriteEvents(const ExportSource& source, RowWriter& writer) {
  std::vector<std::string> names;
  for (const Field& field : source.schema->fields()) names.push_back(FoldName(field.name));
  std::vector<Value> further(names.size());
  for (const Event& event : source.events) {
    std::ranges::fill(further, Value());
    for (const auto& [column, value] : event.columns) {
      if (column < further.size()) further[column] = value;
    }
    for (std::size_t column = 0; column < names.size(); ++column) {
      const Value own = OwnCell(event, names[column]);
      writer.AddCell(std::holds_alternative<std::monostate>(own) ? further[column] : own);
    }
    ATTUNE_RETURN_IF_ERROR(writer.EndRow());
  }
  return {};
}

Status WritePuts(const ExportSource& source, RowWriter& writer) {
  for (const EntityPut& put : source.puts) {
    for (std::size_t column = 0; column < source.schema->fields().size(); ++column) {
      writer.AddCell(column < put.values.size() ? put.values[column] : Value());
    }
    ATTUNE_RETURN_IF_ERROR(writer.EndRow());
  }
  return {};
}

Status WriteNewest(const ExportSource& source, std::string_view id_column, RowWriter& writer) {
  Vocabulary ids;
  const NewestRecords newest(*source.schema, id_column, source.segments, source.puts, ids, UnknownIds::kAdd);
  for (const NewestRecord& record : newest.records()) {
    for (std::size_t column = 0; column < source.schema->fields().size(); ++column) {
      writer.AddCell(record.Cell(column));
    }
    ATTUNE_RETURN_IF_ERROR(writer.EndRow());
  }
  return {};
}

std::string_view IdColumn(DatasetType type) {
  switch (type) {
    case DatasetType::kUsers: return "USER_ID";
    case DatasetType::kActions: return "ACTION_ID";
    case DatasetType::kItems:
    case DatasetType::kInteractions:
    case DatasetType::kActionInteractions: return "ITEM_ID";
  }
  return "";
}

}  // namespace

Result<ExportSummary> ExportCsv(const ExportSource& source, ExportMode mode,
                                const std::function<Status(std::string_view)>& sink) {
  RowWriter writer(*source.schema, sink);
  const bool is_interactions =
      source.type == DatasetType::kInteractions || source.type == DatasetType::kActionInteractions;
  if (mode == ExportMode::kAll && !is_interactions) {
    ATTUNE_RETURN_IF_ERROR(WriteNewest(source, IdColumn(source.type), writer));
  } else {
    if (mode != ExportMode::kPut) ATTUNE_RETURN_IF_ERROR(WriteSegments(source, writer));
    if (mode != ExportMode::kBulk) {
      ATTUNE_RETURN_IF_ERROR(is_interactions ? WriteEvents(source, writer) : WritePuts(source, writer));
    }
  }
  ATTUNE_RETURN_IF_ERROR(writer.Flush());
  return ExportSummary{.row_count = writer.row_count()};
}

void AppendCsvField(std::string_view text, std::string* out) {
  const bool is_plain = text.find_first_of(",\"\\\r\n") == std::string_view::npos &&
                        (text.empty() || (text.front() != ' ' && text.back() != ' '));
  if (is_plain) {
    out->append(text);
    return;
  }
  out->push_back('"');
  for (const char c : text) {
    if (c == '"') out->push_back('"');
    if (c == '\\') out->push_back('\\');
    out->push_back(c);
  }
  out->push_back('"');
}

}  // namespace attune
