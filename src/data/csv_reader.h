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
inline constexpr std::uint64_t kUnpackedRatioMax = 1000;
inline constexpr std::uint64_t kUnpackedBytesFree = std::uint64_t{64} << 20;

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
  /// Makes sure that a whole row stands in the buffer from position_ on; false at the end of the input.
  Result<bool> FindRow(std::size_t* row_end, bool* has_quotes);
  Result<bool> Refill();
  void SplitPlain(std::string_view row);
  Status SplitQuoted(std::string_view row);

  const std::unique_ptr<ByteSource> source_;
  std::string buffer_;
  std::size_t position_ = 0;  ///< Of the next row in the buffer.
  bool at_end_ = false;
  bool at_start_ = true;
  std::uint64_t next_line_ = 1;
  std::uint64_t row_line_ = 0;
  std::uint64_t bytes_read_ = 0;
  std::vector<std::string_view> fields_;
  std::string unescaped_;  ///< Holds quoted fields without their escapes; reserved so that views into it stay.
};

}  // namespace attune
