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

CsvReader::CsvReader(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}

Result<std::span<const std::string_view>> CsvReader::Next() {
  for (;;) {
    std::size_t row_end = 0;
    bool has_quotes = false;
    ATTUNE_TRY(const bool found, FindRow(&row_end, &has_quotes));
    if (!found) return std::span<const std::string_view>();
    std::string_view row(buffer_.data() + position_, row_end - position_);
    position_ = std::min(row_end + 1, buffer_.size());
    row_line_ = next_line_;
    next_line_ += 1 + (has_quotes ? static_cast<std::uint64_t>(std::ranges::count(row, '\n')) : 0);
    if (row.ends_with('\r')) row.remove_suffix(1);
    if (row.empty()) continue;
    if (has_quotes) {
      ATTUNE_RETURN_IF_ERROR(SplitQuoted(row));
    } else {
      SplitPlain(row);
    }
    if (fields_.size() > kFieldsMax) {
      return InvalidArgument(
          fmt::format("line {} has {} fields; the limit is {}", row_line_, fields_.size(), kFieldsMax));
    }
    return std::span<const std::string_view>(fields_);
  }
}

Result<bool> CsvReader::FindRow(std::size_t* row_end, bool* has_quotes) {
  std::size_t scanned = position_;
  bool quoted = false;
  for (;;) {
    // Outside of quotes only a newline or a quote matters; inside only a quote or a backslash.
    while (scanned < buffer_.size()) {
      if (!quoted) {
        const char* const begin = buffer_.data() + scanned;
        const std::size_t left = buffer_.size() - scanned;
        const auto* newline = static_cast<const char*>(std::memchr(begin, '\n', left));
        const std::size_t span = newline != nullptr ? static_cast<std::size_t>(newline - begin) : left;
        const auto* quote = static_cast<const char*>(std::memchr(begin, '"', span));
        if (quote != nullptr) {
          // A quote opens a quoted field only at the field's beginning; elsewhere it is a character like others.
          scanned += static_cast<std::size_t>(quote - begin);
          quoted = scanned == position_ || buffer_[scanned - 1] == ',';
          *has_quotes = true;
          ++scanned;
          continue;
        }
        scanned += span;
        if (newline != nullptr) {
          *row_end = scanned;
          return true;
        }
      } else if (buffer_[scanned] == '\\' && scanned + 1 < buffer_.size()) {
        scanned += 2;
      } else if (buffer_[scanned] == '\\' && !at_end_) {
        break;  // What it escapes comes with the next bytes.
      } else {
        quoted = buffer_[scanned] != '"';
        ++scanned;
      }
    }
    if (scanned - position_ > kRowBytesMax) {
      return InvalidArgument(fmt::format("the row at line {} is longer than {} bytes{}", next_line_, kRowBytesMax,
                                         quoted ? ": is a quote not closed?" : ""));
    }
    const std::size_t before = position_;
    ATTUNE_TRY(const bool more, Refill());
    scanned -= before - position_;
    if (more) continue;
    if (quoted) return InvalidArgument(fmt::format("the quote in the row at line {} is not closed", next_line_));
    *row_end = buffer_.size();
    return position_ < buffer_.size();
  }
}

Result<bool> CsvReader::Refill() {
  if (at_end_) return false;
  buffer_.erase(0, position_);
  position_ = 0;
  const std::size_t size = buffer_.size();
  buffer_.resize(size + kReadBytes);
  auto count = source_->Read({buffer_.data() + size, kReadBytes});
  buffer_.resize(size + (count.ok() ? *count : 0));
  if (!count.ok()) return count.status();
  bytes_read_ += *count;
  at_end_ = *count == 0;
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (at_start_ && (buffer_.size() >= kByteOrderMark.size() || at_end_)) {
    if (buffer_.starts_with(kByteOrderMark)) position_ = kByteOrderMark.size();
    at_start_ = false;
  }
  return !at_end_;
}

void CsvReader::SplitPlain(std::string_view row) {
  fields_.clear();
  for (;;) {
    const std::size_t comma = row.find(',');
    fields_.push_back(row.substr(0, comma));
    if (comma == std::string_view::npos || fields_.size() > kFieldsMax) return;
    row.remove_prefix(comma + 1);
  }
}

Status CsvReader::SplitQuoted(std::string_view row) {
  fields_.clear();
  unescaped_.clear();
  unescaped_.reserve(row.size());
  std::size_t at = 0;
  for (;;) {
    if (at < row.size() && row[at] == '"') {
      const std::size_t begin = unescaped_.size();
      ++at;
      while (at < row.size()) {
        const char c = row[at];
        const bool has_next = at + 1 < row.size();
        if (c == '"' && has_next && row[at + 1] == '"') {
          unescaped_.push_back('"');
          at += 2;
        } else if (c == '"') {
          break;
        } else if (c == '\\' && has_next && (row[at + 1] == '"' || row[at + 1] == '\\')) {
          unescaped_.push_back(row[at + 1]);
          at += 2;
        } else {
          unescaped_.push_back(c);
          ++at;
        }
      }
      ++at;  // The closing quote.
      if (at < row.size() && row[at] != ',') {
        return InvalidArgument(fmt::format("line {}: after a closing quote there must be a comma", row_line_));
      }
      fields_.push_back(std::string_view(unescaped_).substr(begin));
    } else {
      const std::size_t comma = std::min(row.find(',', at), row.size());
      fields_.push_back(row.substr(at, comma - at));
      at = comma;
    }
    if (at >= row.size() || fields_.size() > kFieldsMax) return {};
    ++at;  // The comma.
  }
}

}  // namespace attune
