#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "data/append_only_array.h"
#include "data/put_record.h"
#include "data/schema.h"
#include "data/vocabulary.h"
#include "storage/env.h"
#include "storage/snapshot_file.h"

namespace attune {

/// How a column lies in a segment.
enum class ColumnEncoding : std::uint8_t {
  kDictionary = 1,  ///< u32 codes into the column's distinct strings; kNoIndex for null.
  kText = 2,        ///< Strings one after the other; null reads as "".
  kInteger = 3,     ///< i64; kNullInteger for null.
  kReal = 4,        ///< f64; NaN for null.
  kBoolean = 5,     ///< u8; kNullBoolean for null.
};

inline constexpr std::int64_t kNullInteger = std::numeric_limits<std::int64_t>::min();
inline constexpr std::uint8_t kNullBoolean = 2;

/// Text of which hardly two rows have the same lies as it is; everything else that is a string is worth a dictionary.
ColumnEncoding EncodingOf(const Field& field);

/// Collects rows in memory, column by column, and writes them as one immutable file. One thread at a time.
class SegmentBuilder {
 public:
  explicit SegmentBuilder(std::vector<Field> fields);

  // One call for each column of the row, then EndRow. A column that is passed over is null.
  void AddText(std::size_t column, std::string_view text);
  void AddInteger(std::size_t column, std::int64_t value);
  void AddReal(std::size_t column, double value);
  void AddBoolean(std::size_t column, bool value);
  void EndRow();

  std::size_t row_count() const { return row_count_; }
  /// About what the rows take in memory.
  std::size_t bytes() const;

  /// Durable when it returns. LimitExceeded above kRowsMax rows.
  Status Write(Env& env, const std::string& path) const;

  static constexpr std::size_t kRowsMax = 4'000'000'000;

 private:
  struct Column {
    ColumnEncoding encoding;
    std::size_t row_count = 0;
    Vocabulary dictionary;
    std::uint32_t last_code = kNoCode;  ///< Of the cell before: files often hold runs of one value.
    AppendOnlyArray<std::uint32_t> codes;
    AppendOnlyArray<std::uint64_t> text_ends;
    AppendOnlyArray<char> text;
    AppendOnlyArray<std::int64_t> integers;
    AppendOnlyArray<double> reals;
    AppendOnlyArray<std::uint8_t> booleans;

    void AddNull();
  };
  static constexpr std::uint32_t kNoCode = std::numeric_limits<std::uint32_t>::max();

  Status WriteColumn(std::size_t index, SnapshotFileWriter& file) const;
  Status WriteDictionary(std::size_t index, SnapshotFileWriter& file) const;

  const std::vector<Field> fields_;
  std::vector<Column> columns_;
  std::size_t row_count_ = 0;
};

/// An open segment: what one import brought, memory-mapped (docs/formats/segment.md). Immutable.
class Segment {
 public:
  /// Corrupt for a file that SegmentBuilder did not write or that changed since.
  static Result<std::shared_ptr<const Segment>> Open(Env& env, const std::string& path);

  std::size_t row_count() const { return row_count_; }
  /// As the schema was when it was imported.
  const std::vector<Field>& fields() const { return fields_; }
  std::optional<std::size_t> FindColumn(std::string_view name) const;
  ColumnEncoding encoding(std::size_t column) const { return columns_[column].encoding; }

  // Each requires the column's encoding.
  std::span<const std::uint32_t> Codes(std::size_t column) const { return columns_[column].codes; }
  std::size_t dictionary_size(std::size_t column) const { return columns_[column].dictionary_ends.size(); }
  std::string_view DictionaryText(std::size_t column, std::uint32_t code) const;
  std::string_view Text(std::size_t column, std::size_t row) const;
  std::span<const std::int64_t> Integers(std::size_t column) const { return columns_[column].integers; }
  std::span<const double> Reals(std::size_t column) const { return columns_[column].reals; }
  std::span<const std::uint8_t> Booleans(std::size_t column) const { return columns_[column].booleans; }

  /// Any cell, whatever its encoding; slower than the above.
  Value Cell(std::size_t column, std::size_t row) const;

 private:
  struct Column {
    ColumnEncoding encoding = ColumnEncoding::kDictionary;
    std::span<const std::uint32_t> codes;
    std::span<const std::uint64_t> dictionary_ends;
    std::string_view dictionary;
    std::span<const std::uint64_t> text_ends;
    std::string_view text;
    std::span<const std::int64_t> integers;
    std::span<const double> reals;
    std::span<const std::uint8_t> booleans;
  };

  Segment() = default;
  Status ReadColumn(std::size_t index);
  Status CheckColumn(const Column& column, const Field& field) const;

  std::unique_ptr<SnapshotFile> file_;
  std::size_t row_count_ = 0;
  std::vector<Field> fields_;
  std::vector<Column> columns_;
};

}  // namespace attune
