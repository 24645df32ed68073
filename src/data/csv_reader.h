#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace attune {

/// The bytes of a file, from its beginning. One thread at a time.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Fills the front of `buffer`; 0 means the end.
  virtual Result<std::size_t> Read(std::span<char> buffer) = 0;
};

/// Bytes that lie in memory already.
class StringSource final : public ByteSource {
 public:
  explicit StringSource(std::string_view text) : left_(text) {}
  Result<std::size_t> Read(std::span<char> buffer) override;

 private:
  std::string_view left_;
};

/// What `packed` gives, unpacked if it begins as gzip does, else as it is. InvalidArgument for a torn or broken
/// archive, and for one that unpacks to more than kUnpackedRatioMax times its size (past kUnpackedBytesFree).
std::unique_ptr<ByteSource> MaybeUnpack(std::unique_ptr<ByteSource> packed);
inline constexpr std::uint64_t kUnpackedRatioMax = 200;  ///< gzip itself ends at about 1030; rows reach some 20.
inline constexpr std::uint64_t kUnpackedBytesFree = std::uint64_t{16} << 20;

/// Reads comma-separated rows (RFC 4180, and what clients send besides): LF or CRLF, quoted fields with commas and
/// newlines, a quote within them as "" or \", a backslash as \\; a byte-order mark is passed over. One thread at a
/// time.
class CsvReader {
 public:
  explicit CsvReader(std::unique_ptr<ByteSource> source);

  /// The next row, or an empty span at the end; empty lines are passed over. The fields are valid until the next call.
  /// InvalidArgument, with the line, for a quote that is never closed and a row beyond kRowBytesMax or kFieldsMax.
  Result<std::span<const std::string_view>> Next();

  /// Where the row that Next gave last begins, from 1.
  std::uint64_t line() const { return row_line_; }
  std::uint64_t bytes_read() const { return bytes_read_; }

  static constexpr std::size_t kRowBytesMax = std::size_t{4} << 20;
  static constexpr std::size_t kFieldsMax = 4096;

 private:
  /// One field of the row as it lies in the buffer, without its quotes.
  struct RawField {
    std::size_t begin;
    std::size_t end;
    bool has_escapes;
  };
  enum class Found { kRow, kMore, kEnd };

  /// Finds the fields of the row that begins at position_ and moves on to the next; kMore if the buffer ends within.
  Result<Found> FindRow();
  /// Finds the end of the quoted field whose first character is at `*at`, and moves to what stands after its closing
  /// quote; false if the buffer ends within.
  bool FindQuotedField(std::size_t* at);
  /// Reads more after what is left of the buffer; sets at_end_ if there is none.
  Status Refill();
  std::string_view Unescape(const RawField& field);

  const std::unique_ptr<ByteSource> source_;
  std::string buffer_;  ///< Up to size_, then a newline to stop at.
  std::size_t size_ = 0;
  std::size_t position_ = 0;  ///< Of the next row in the buffer.
  bool at_end_ = false;
  bool at_start_ = true;
  std::uint64_t next_line_ = 1;
  std::uint64_t row_line_ = 0;
  std::uint64_t newlines_in_row_ = 0;  ///< Within quotes.
  std::uint64_t bytes_read_ = 0;
  std::vector<RawField> raw_fields_;
  std::vector<std::string_view> fields_;
};

}  // namespace attune
