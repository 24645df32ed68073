#include "data/csv_reader.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

namespace attune {
namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;

/// Unpacks gzip, also of several members one after the other.
class GzipSource final : public ByteSource {
 public:
  GzipSource(std::unique_ptr<ByteSource> packed, std::string head)
      : packed_(std::move(packed)), input_(std::move(head)) {
    constexpr int kGzipWindow = 15 + 16;
    ok_ = inflateInit2(&stream_, kGzipWindow) == Z_OK;
    packed_bytes_ = input_.size();
    stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
    stream_.avail_in = static_cast<uInt>(input_.size());
  }
  ~GzipSource() override { inflateEnd(&stream_); }

  Result<std::size_t> Read(std::span<char> buffer) override {
    if (!ok_) return ResourceExhausted("no memory to unpack gzip");
    stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream_.avail_out = static_cast<uInt>(buffer.size());
    while (stream_.avail_out == buffer.size() && !done_) {
      if (stream_.avail_in == 0) ATTUNE_RETURN_IF_ERROR(ReadMore());
      const int code = inflate(&stream_, Z_NO_FLUSH);
      if (code == Z_STREAM_END) {
        ATTUNE_RETURN_IF_ERROR(EndMember());
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        return InvalidArgument(fmt::format("the gzip archive is broken after {} bytes", packed_bytes_));
      }
    }
    const std::size_t count = buffer.size() - stream_.avail_out;
    unpacked_bytes_ += count;
    if (unpacked_bytes_ > kUnpackedBytesFree && unpacked_bytes_ / kUnpackedRatioMax > packed_bytes_) {
      return InvalidArgument(fmt::format("the gzip archive unpacks to more than {} times its size", kUnpackedRatioMax));
    }
    return count;
  }

 private:
  Status ReadMore() {
    input_.resize(kReadBytes);
    ATTUNE_TRY(const std::size_t count, packed_->Read({input_.data(), input_.size()}));
    if (count == 0)
      return InvalidArgument(fmt::format("the gzip archive is torn: it ends after {} bytes", packed_bytes_));
    packed_bytes_ += count;
    stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
    stream_.avail_in = static_cast<uInt>(count);
    return {};
  }

  Status EndMember() {
    if (stream_.avail_in == 0) {
      input_.resize(kReadBytes);
      ATTUNE_TRY(const std::size_t count, packed_->Read({input_.data(), input_.size()}));
      packed_bytes_ += count;
      stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
      stream_.avail_in = static_cast<uInt>(count);
    }
    done_ = stream_.avail_in == 0;
    if (!done_) inflateReset(&stream_);
    return {};
  }

  const std::unique_ptr<ByteSource> packed_;
  std::string input_;
  z_stream stream_{};
  bool ok_ = false;
  bool done_ = false;
  std::uint64_t packed_bytes_ = 0;
  std::uint64_t unpacked_bytes_ = 0;
};

/// Looks at the first two bytes, then is what they say.
class SniffingSource final : public ByteSource {
 public:
  explicit SniffingSource(std::unique_ptr<ByteSource> packed) : packed_(std::move(packed)) {}

  Result<std::size_t> Read(std::span<char> buffer) override {
    if (packed_) ATTUNE_RETURN_IF_ERROR(Sniff());
    if (!head_.empty()) {
      const std::size_t count = std::min(buffer.size(), head_.size());
      std::memcpy(buffer.data(), head_.data(), count);
      head_.erase(0, count);
      return count;
    }
    return source_->Read(buffer);
  }

 private:
  Status Sniff() {
    head_.resize(kReadBytes);
    std::size_t size = 0;
    while (size < 2) {
      ATTUNE_TRY(const std::size_t count, packed_->Read({head_.data() + size, head_.size() - size}));
      if (count == 0) break;
      size += count;
    }
    head_.resize(size);
    if (head_.starts_with("\x1f\x8b")) {
      source_ = std::make_unique<GzipSource>(std::move(packed_), std::move(head_));
      head_.clear();
    } else {
      source_ = std::move(packed_);
    }
    return {};
  }

  std::unique_ptr<ByteSource> packed_;  ///< Until the first read.
  std::unique_ptr<ByteSource> source_;
  std::string head_;
};

}  // namespace

Result<std::size_t> StringSource::Read(std::span<char> buffer) {
  const std::size_t count = std::min(buffer.size(), left_.size());
  std::memcpy(buffer.data(), left_.data(), count);
  left_.remove_prefix(count);
  return count;
}

std::unique_ptr<ByteSource> MaybeUnpack(std::unique_ptr<ByteSource> packed) {
  return std::make_unique<SniffingSource>(std::move(packed));
}

CsvReader::CsvReader(std::unique_ptr<ByteSource> source) : source_(std::move(source)), buffer_("\n") {}

Result<std::span<const std::string_view>> CsvReader::Next() {
  for (;;) {
    ATTUNE_TRY(const Found found, FindRow());
    if (found == Found::kEnd) return std::span<const std::string_view>();
    if (found == Found::kMore) {
      if (size_ - position_ > kRowBytesMax) {
        return InvalidArgument(fmt::format("the row at line {} is longer than {} bytes: is a quote not closed?",
                                           next_line_, kRowBytesMax));
      }
      ATTUNE_RETURN_IF_ERROR(Refill());
      continue;
    }
    row_line_ = next_line_;
    next_line_ += 1 + newlines_in_row_;
    const bool is_empty = raw_fields_.size() == 1 && raw_fields_[0].begin == raw_fields_[0].end;
    if (is_empty) continue;
    if (raw_fields_.size() > kFieldsMax) {
      return InvalidArgument(fmt::format("line {} has more than {} fields", row_line_, kFieldsMax));
    }
    fields_.clear();
    for (const RawField& field : raw_fields_) fields_.push_back(Unescape(field));
    return std::span<const std::string_view>(fields_);
  }
}

Result<CsvReader::Found> CsvReader::FindRow() {
  raw_fields_.clear();
  newlines_in_row_ = 0;
  if (position_ == size_) return at_end_ ? Found::kEnd : Found::kMore;
  const char* const bytes = buffer_.data();
  std::size_t at = position_;
  while (raw_fields_.size() <= kFieldsMax) {
    const std::size_t begin = at;
    if (bytes[at] == '"') {
      if (!FindQuotedField(&at)) {
        if (!at_end_) return Found::kMore;
        return InvalidArgument(fmt::format("the quote in the row at line {} is not closed", next_line_));
      }
      if (at + 1 < size_ && bytes[at] == '\r' && bytes[at + 1] == '\n') ++at;
      if (at < size_ && bytes[at] != ',' && bytes[at] != '\n' && (bytes[at] != '\r' || at + 1 < size_)) {
        return InvalidArgument(fmt::format("line {}: after a closing quote there must be a comma", next_line_));
      }
    } else {
      while (bytes[at] != ',' && bytes[at] != '\n') ++at;  // The newline after the buffer stops this.
      raw_fields_.push_back({begin, at, false});
      const bool ends_row = at >= size_ || bytes[at] == '\n';
      if (ends_row && at > begin && bytes[at - 1] == '\r') --raw_fields_.back().end;
    }
    if (at >= size_ || bytes[at] == '\r') {
      if (!at_end_) return Found::kMore;
      position_ = size_;
      return Found::kRow;
    }
    ++at;
    if (bytes[at - 1] == '\n') {
      position_ = at;
      return Found::kRow;
    }
  }
  return Found::kRow;
}

bool CsvReader::FindQuotedField(std::size_t* at) {
  const char* const bytes = buffer_.data();
  RawField field{.begin = *at + 1, .end = 0, .has_escapes = false};
  for (std::size_t i = field.begin; i < size_; ++i) {
    if (bytes[i] == '\n') ++newlines_in_row_;
    const bool has_next = i + 1 < size_;
    if (bytes[i] == '\\') {
      if (!has_next) return false;
      if (bytes[i + 1] != '"' && bytes[i + 1] != '\\') continue;
    } else if (bytes[i] != '"') {
      continue;
    } else if (!has_next && !at_end_) {
      return false;  // Whether this quote closes is told by what comes after it.
    } else if (!has_next || bytes[i + 1] != '"') {
      field.end = i;
      raw_fields_.push_back(field);
      *at = i + 1;
      return true;
    }
    field.has_escapes = true;
    ++i;
  }
  return false;
}

Status CsvReader::Refill() {
  buffer_.erase(0, position_);
  size_ -= position_;
  position_ = 0;
  buffer_.resize(size_ + kReadBytes + 1);
  const auto count = source_->Read({buffer_.data() + size_, kReadBytes});
  if (count.ok()) size_ += *count;
  buffer_.resize(size_ + 1);
  buffer_[size_] = '\n';
  if (!count.ok()) return count.status();
  bytes_read_ += *count;
  at_end_ = *count == 0;
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (at_start_ && (size_ >= kByteOrderMark.size() || at_end_)) {
    if (std::string_view(buffer_.data(), size_).starts_with(kByteOrderMark)) position_ = kByteOrderMark.size();
    at_start_ = false;
  }
  return {};
}

std::string_view CsvReader::Unescape(const RawField& field) {
  if (!field.has_escapes) return {buffer_.data() + field.begin, field.end - field.begin};
  // In its own place: it only gets shorter, and nobody reads this part of the buffer again.
  std::size_t to = field.begin;
  for (std::size_t from = field.begin; from < field.end; ++from) {
    const bool is_escape =
        buffer_[from] == '"' || (buffer_[from] == '\\' && (buffer_[from + 1] == '"' || buffer_[from + 1] == '\\'));
    if (is_escape && from + 1 < field.end) ++from;
    buffer_[to++] = buffer_[from];
  }
  return {buffer_.data() + field.begin, to - field.begin};
}

}  // namespace attune
