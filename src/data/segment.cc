#include "data/segment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/bytes.h"
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

/// Strings one after the other, as where each ends and all their bytes.
Status WriteTexts(SnapshotFileWriter& file, std::size_t column, std::string_view part,
                  std::span<const std::uint64_t> offsets, std::string_view bytes) {
  ATTUNE_RETURN_IF_ERROR(file.WriteArray(SectionName(column, fmt::format("{}.offsets", part)), offsets));
  return file.WriteSection(SectionName(column, fmt::format("{}.bytes", part)), bytes);
}

/// Offsets rise from 0 to the number of bytes.
bool AreOffsets(std::span<const std::uint64_t> offsets, std::size_t bytes) {
  return !offsets.empty() && offsets.front() == 0 && offsets.back() == bytes && std::ranges::is_sorted(offsets);
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

std::size_t SegmentBuilder::Column::size() const {
  return codes.size() + text_ends.size() + integers.size() + reals.size() + booleans.size();  // All but one are empty.
}

void SegmentBuilder::Column::AddNull() {
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
  if (target.encoding == ColumnEncoding::kDictionary) {
    target.codes.push_back(target.dictionary.Add(text));
  } else {
    target.text.append(text);
    target.text_ends.push_back(target.text.size());
  }
}

void SegmentBuilder::AddInteger(std::size_t column, std::int64_t value) { columns_[column].integers.push_back(value); }
void SegmentBuilder::AddReal(std::size_t column, double value) { columns_[column].reals.push_back(value); }
void SegmentBuilder::AddBoolean(std::size_t column, bool value) {
  columns_[column].booleans.push_back(static_cast<std::uint8_t>(value));
}

void SegmentBuilder::EndRow() {
  ++row_count_;
  for (Column& column : columns_) {
    if (column.size() < row_count_) column.AddNull();
  }
}

std::size_t SegmentBuilder::bytes() const {
  std::size_t bytes = 0;
  for (const Column& column : columns_) {
    bytes += column.codes.capacity() * 4 + (column.text_ends.capacity() + column.integers.capacity()) * 8 +
             column.reals.capacity() * 8 + column.booleans.capacity() + column.text.capacity() +
             column.dictionary.size() * 100;
  }
  return bytes;
}

Status SegmentBuilder::Write(Env& env, const std::string& path) const {
  if (row_count_ > kRowsMax) {
    return LimitExceeded(fmt::format("{} rows; the limit of one import is {}", row_count_, kRowsMax));
  }
  ATTUNE_TRY(const auto file, SnapshotFileWriter::Create(env, path, kKind, kKindVersion));
  ATTUNE_RETURN_IF_ERROR(file->WriteSection("head", EncodeHead(row_count_, fields_)));
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const Column& column = columns_[i];
    switch (column.encoding) {
      case ColumnEncoding::kDictionary: {
        std::vector<std::uint64_t> offsets{0};
        std::string bytes;
        for (std::uint32_t code = 0; code < column.dictionary.size(); ++code) {
          bytes.append(column.dictionary.id(code));
          offsets.push_back(bytes.size());
        }
        ATTUNE_RETURN_IF_ERROR(file->WriteArray(SectionName(i, "codes"), std::span(column.codes)));
        ATTUNE_RETURN_IF_ERROR(WriteTexts(*file, i, "dictionary", offsets, bytes));
        break;
      }
      case ColumnEncoding::kText: {
        std::vector<std::uint64_t> offsets{0};
        offsets.insert(offsets.end(), column.text_ends.begin(), column.text_ends.end());
        ATTUNE_RETURN_IF_ERROR(WriteTexts(*file, i, "text", offsets, column.text));
        break;
      }
      case ColumnEncoding::kInteger:
        ATTUNE_RETURN_IF_ERROR(file->WriteArray(SectionName(i, "values"), std::span(column.integers)));
        break;
      case ColumnEncoding::kReal:
        ATTUNE_RETURN_IF_ERROR(file->WriteArray(SectionName(i, "values"), std::span(column.reals)));
        break;
      case ColumnEncoding::kBoolean:
        ATTUNE_RETURN_IF_ERROR(file->WriteArray(SectionName(i, "values"), std::span(column.booleans)));
        break;
    }
  }
  return file->Finish();
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
      ATTUNE_TRY(column.dictionary_offsets, file_->Array<std::uint64_t>(SectionName(index, "dictionary.offsets")));
      ATTUNE_TRY(column.dictionary, file_->TextSection(SectionName(index, "dictionary.bytes")));
      break;
    }
    case ColumnEncoding::kText: {
      ATTUNE_TRY(column.text_offsets, file_->Array<std::uint64_t>(SectionName(index, "text.offsets")));
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
  return CheckColumn(column, fields_[index].name);
}

Status Segment::CheckColumn(const Column& column, const std::string& name) const {
  const auto wrong = [&] {
    return Corrupt(fmt::format("the segment's column {} does not have {} rows", name, row_count_));
  };
  switch (column.encoding) {
    case ColumnEncoding::kDictionary: {
      if (column.codes.size() != row_count_) return wrong();
      if (!AreOffsets(column.dictionary_offsets, column.dictionary.size())) return wrong();
      const std::size_t size = column.dictionary_offsets.size() - 1;
      const bool all_known =
          std::ranges::all_of(column.codes, [&](std::uint32_t code) { return code < size || code == kNoIndex; });
      return all_known ? Status() : wrong();
    }
    case ColumnEncoding::kText:
      return column.text_offsets.size() == row_count_ + 1 && AreOffsets(column.text_offsets, column.text.size())
                 ? Status()
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
  const Column& source = columns_[column];
  const std::uint64_t begin = source.dictionary_offsets[code];
  return source.dictionary.substr(begin, source.dictionary_offsets[code + 1] - begin);
}

std::string_view Segment::Text(std::size_t column, std::size_t row) const {
  const Column& source = columns_[column];
  const std::uint64_t begin = source.text_offsets[row];
  return source.text.substr(begin, source.text_offsets[row + 1] - begin);
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
