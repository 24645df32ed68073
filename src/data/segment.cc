#include "data/segment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/bytes.h"
#include "base/hash.h"
#include "data/training_data.h"

namespace attune {
namespace {

constexpr char kKind[] = "attune.segment";
constexpr std::uint32_t kKindVersion = 1;

std::string SectionName(std::size_t column, std::string_view part) { return fmt::format("{}.{}", column, part); }

std::string EncodeHead(std::uint64_t row_count, const std::vector<Field>& fields) {
  std::string head;
  ByteWriter writer(&head);
  writer.Number(row_count);
  writer.Number(static_cast<std::uint32_t>(fields.size()));
  for (const Field& field : fields) {
    writer.String(field.name);
    writer.Number(static_cast<std::uint8_t>(field.type));
    for (const bool flag : {field.nullable, field.categorical, field.textual, field.item_name}) {
      writer.Number(static_cast<std::uint8_t>(flag));
    }
  }
  return head;
}

Status DecodeHead(std::string_view head, std::size_t* row_count, std::vector<Field>* fields) {
  ByteReader reader(head);
  *row_count = reader.Number<std::uint64_t>();
  const auto field_count = reader.Number<std::uint32_t>();
  for (std::uint32_t i = 0; i < field_count && reader.ok(); ++i) {
    Field field{.name = std::string(reader.String())};
    const auto type = reader.Number<std::uint8_t>();
    if (type > static_cast<std::uint8_t>(FieldType::kBoolean)) return Corrupt("a segment has a column of unknown type");
    field.type = static_cast<FieldType>(type);
    for (bool* flag : {&field.nullable, &field.categorical, &field.textual, &field.item_name}) {
      *flag = reader.Number<std::uint8_t>() != 0;
    }
    fields->push_back(std::move(field));
  }
  return reader.Finish("a segment's head");
}

template <class T>
Status WriteArray(const std::string& name, const AppendOnlyArray<T>& values, SnapshotFileWriter& file) {
  ATTUNE_RETURN_IF_ERROR(file.BeginSection(name));
  for (const auto& block : values.blocks()) ATTUNE_RETURN_IF_ERROR(file.Append(std::as_bytes(std::span(block))));
  return {};
}

/// Where texts that stand one after the other end: never before the one before, and the last at the end of the bytes.
bool AreEnds(std::span<const std::uint64_t> ends, std::size_t bytes) {
  return (ends.empty() ? 0 : ends.back()) == bytes && std::ranges::is_sorted(ends);
}

/// The text at `index` of those that stand in `bytes`.
std::string_view TextAt(std::span<const std::uint64_t> ends, std::string_view bytes, std::size_t index) {
  const std::uint64_t begin = index == 0 ? 0 : ends[index - 1];
  return bytes.substr(begin, ends[index] - begin);
}

}  // namespace

ColumnEncoding EncodingOf(const Field& field) {
  switch (field.type) {
    case FieldType::kString:
      return field.textual || FoldName(field.name) == "impression" ? ColumnEncoding::kText
                                                                   : ColumnEncoding::kDictionary;
    case FieldType::kInt:
    case FieldType::kLong: return ColumnEncoding::kInteger;
    case FieldType::kFloat:
    case FieldType::kDouble: return ColumnEncoding::kReal;
    case FieldType::kBoolean: return ColumnEncoding::kBoolean;
  }
  return ColumnEncoding::kText;
}

SegmentBuilder::SegmentBuilder(std::vector<Field> fields) : fields_(std::move(fields)) {
  for (const Field& field : fields_) columns_.emplace_back().encoding = EncodingOf(field);
}

void SegmentBuilder::Column::AddNull() {
  ++row_count;
  switch (encoding) {
    case ColumnEncoding::kDictionary: codes.push_back(kNoIndex); return;
    case ColumnEncoding::kText: text_ends.push_back(text.size()); return;
    case ColumnEncoding::kInteger: integers.push_back(kNullInteger); return;
    case ColumnEncoding::kReal: reals.push_back(std::numeric_limits<double>::quiet_NaN()); return;
    case ColumnEncoding::kBoolean: booleans.push_back(kNullBoolean); return;
  }
}

void SegmentBuilder::AddText(std::size_t column, std::string_view text) {
  Column& target = columns_[column];
  ++target.row_count;
  if (target.encoding == ColumnEncoding::kDictionary) {
    if (target.last_code == kNoCode || target.dictionary.id(target.last_code) != text) {
      target.last_code = target.dictionary.Add(text);
    }
    target.codes.push_back(target.last_code);
  } else {
    target.text.Append(text);
    target.text_ends.push_back(target.text.size());
  }
}

void SegmentBuilder::AddInteger(std::size_t column, std::int64_t value) {
  ++columns_[column].row_count;
  columns_[column].integers.push_back(value);
}

void SegmentBuilder::AddReal(std::size_t column, double value) {
  ++columns_[column].row_count;
  columns_[column].reals.push_back(value);
}

void SegmentBuilder::AddBoolean(std::size_t column, bool value) {
  ++columns_[column].row_count;
  columns_[column].booleans.push_back(static_cast<std::uint8_t>(value));
}

void SegmentBuilder::EndRow() {
  ++row_count_;
  for (Column& column : columns_) {
    if (column.row_count < row_count_) column.AddNull();
  }
}

std::size_t SegmentBuilder::bytes() const {
  std::size_t bytes = 0;
  for (const Column& column : columns_) {
    bytes += column.codes.bytes() + column.text_ends.bytes() + column.text.bytes() + column.integers.bytes() +
             column.reals.bytes() + column.booleans.bytes() + column.dictionary.bytes();
  }
  return bytes;
}

Status SegmentBuilder::Write(Env& env, const std::string& path) const {
  if (row_count_ > kRowsMax) {
    return LimitExceeded(fmt::format("{} rows; the limit of one import is {}", row_count_, kRowsMax));
  }
  ATTUNE_TRY(const auto file, SnapshotFileWriter::Create(env, path, kKind, kKindVersion));
  ATTUNE_RETURN_IF_ERROR(file->WriteSection("head", EncodeHead(row_count_, fields_)));
  for (std::size_t i = 0; i < columns_.size(); ++i) ATTUNE_RETURN_IF_ERROR(WriteColumn(i, *file));
  return file->Finish();
}

Status SegmentBuilder::WriteColumn(std::size_t index, SnapshotFileWriter& file) const {
  const Column& column = columns_[index];
  switch (column.encoding) {
    case ColumnEncoding::kDictionary:
      ATTUNE_RETURN_IF_ERROR(WriteArray(SectionName(index, "codes"), column.codes, file));
      return WriteDictionary(index, file);
    case ColumnEncoding::kText:
      ATTUNE_RETURN_IF_ERROR(WriteArray(SectionName(index, "text.ends"), column.text_ends, file));
      return WriteArray(SectionName(index, "text.bytes"), column.text, file);
    case ColumnEncoding::kInteger: return WriteArray(SectionName(index, "values"), column.integers, file);
    case ColumnEncoding::kReal: return WriteArray(SectionName(index, "values"), column.reals, file);
    case ColumnEncoding::kBoolean: return WriteArray(SectionName(index, "values"), column.booleans, file);
  }
  return Internal("a column has an unknown encoding");
}

Status SegmentBuilder::WriteDictionary(std::size_t index, SnapshotFileWriter& file) const {
  const Vocabulary& dictionary = columns_[index].dictionary;
  std::vector<std::uint64_t> ends;
  std::uint64_t end = 0;
  for (std::uint32_t code = 0; code < dictionary.size(); ++code) ends.push_back(end += dictionary.id(code).size());
  ATTUNE_RETURN_IF_ERROR(file.WriteArray(SectionName(index, "dictionary.ends"), std::span<const std::uint64_t>(ends)));
  ATTUNE_RETURN_IF_ERROR(file.BeginSection(SectionName(index, "dictionary.bytes")));
  std::string part;
  for (std::uint32_t code = 0; code < dictionary.size(); ++code) {
    part.append(dictionary.id(code));
    constexpr std::size_t kPartBytes = std::size_t{1} << 20;
    if (part.size() < kPartBytes && code + 1 < dictionary.size()) continue;
    ATTUNE_RETURN_IF_ERROR(file.Append(AsBytes(part)));
    part.clear();
  }
  return {};
}

Result<std::shared_ptr<const Segment>> Segment::Open(Env& env, const std::string& path) {
  std::shared_ptr<Segment> segment(new Segment());
  ATTUNE_TRY(segment->file_, SnapshotFile::Open(env, path, kKind, kKindVersion));
  ATTUNE_TRY(const auto head, segment->file_->TextSection("head"));
  ATTUNE_RETURN_IF_ERROR(DecodeHead(head, &segment->row_count_, &segment->fields_));
  segment->columns_.resize(segment->fields_.size());
  for (std::size_t i = 0; i < segment->fields_.size(); ++i) ATTUNE_RETURN_IF_ERROR(segment->ReadColumn(i));
  return std::shared_ptr<const Segment>(std::move(segment));
}

Status Segment::ReadColumn(std::size_t index) {
  Column& column = columns_[index];
  column.encoding = EncodingOf(fields_[index]);
  switch (column.encoding) {
    case ColumnEncoding::kDictionary: {
      ATTUNE_TRY(column.codes, file_->Array<std::uint32_t>(SectionName(index, "codes")));
      ATTUNE_TRY(column.dictionary_ends, file_->Array<std::uint64_t>(SectionName(index, "dictionary.ends")));
      ATTUNE_TRY(column.dictionary, file_->TextSection(SectionName(index, "dictionary.bytes")));
      break;
    }
    case ColumnEncoding::kText: {
      ATTUNE_TRY(column.text_ends, file_->Array<std::uint64_t>(SectionName(index, "text.ends")));
      ATTUNE_TRY(column.text, file_->TextSection(SectionName(index, "text.bytes")));
      break;
    }
    case ColumnEncoding::kInteger: {
      ATTUNE_TRY(column.integers, file_->Array<std::int64_t>(SectionName(index, "values")));
      break;
    }
    case ColumnEncoding::kReal: {
      ATTUNE_TRY(column.reals, file_->Array<double>(SectionName(index, "values")));
      break;
    }
    case ColumnEncoding::kBoolean: {
      ATTUNE_TRY(column.booleans, file_->Array<std::uint8_t>(SectionName(index, "values")));
      break;
    }
  }
  return CheckColumn(column, fields_[index]);
}

Status Segment::CheckColumn(const Column& column, const Field& field) const {
  const auto wrong = [&] {
    return Corrupt(fmt::format("the segment's column {} does not have {} right rows", field.name, row_count_));
  };
  switch (column.encoding) {
    case ColumnEncoding::kDictionary: {
      if (column.codes.size() != row_count_) return wrong();
      if (!AreEnds(column.dictionary_ends, column.dictionary.size())) return wrong();
      const std::size_t size = column.dictionary_ends.size();
      const bool all_known = std::ranges::all_of(
          column.codes, [&](std::uint32_t code) { return code < size || (code == kNoIndex && field.nullable); });
      return all_known ? Status() : wrong();
    }
    case ColumnEncoding::kText:
      return column.text_ends.size() == row_count_ && AreEnds(column.text_ends, column.text.size()) ? Status()
                                                                                                    : wrong();
    case ColumnEncoding::kInteger: return column.integers.size() == row_count_ ? Status() : wrong();
    case ColumnEncoding::kReal: return column.reals.size() == row_count_ ? Status() : wrong();
    case ColumnEncoding::kBoolean: return column.booleans.size() == row_count_ ? Status() : wrong();
  }
  return wrong();
}

std::optional<std::size_t> Segment::FindColumn(std::string_view name) const {
  const std::string folded = FoldName(name);
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (FoldName(fields_[i].name) == folded) return i;
  }
  return std::nullopt;
}

std::string_view Segment::DictionaryText(std::size_t column, std::uint32_t code) const {
  return TextAt(columns_[column].dictionary_ends, columns_[column].dictionary, code);
}

std::string_view Segment::Text(std::size_t column, std::size_t row) const {
  return TextAt(columns_[column].text_ends, columns_[column].text, row);
}

Value Segment::Cell(std::size_t column, std::size_t row) const {
  const Column& source = columns_[column];
  switch (source.encoding) {
    case ColumnEncoding::kDictionary:
      if (source.codes[row] == kNoIndex) return {};
      return std::string(DictionaryText(column, source.codes[row]));
    case ColumnEncoding::kText: {
      const std::string_view text = Text(column, row);
      if (text.empty() && fields_[column].nullable) return {};
      return std::string(text);
    }
    case ColumnEncoding::kInteger:
      if (source.integers[row] == kNullInteger) return {};
      return source.integers[row];
    case ColumnEncoding::kReal:
      if (std::isnan(source.reals[row])) return {};
      return source.reals[row];
    case ColumnEncoding::kBoolean:
      if (source.booleans[row] == kNullBoolean) return {};
      return source.booleans[row] != 0;
  }
  return {};
}

}  // namespace attune
