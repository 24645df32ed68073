#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/status.h"

namespace attune {

static_assert(std::endian::native == std::endian::little, "what is on disk is little-endian; other machines must swap");

/// Appends little-endian numbers and length-prefixed strings. One thread at a time.
class ByteWriter {
 public:
  explicit ByteWriter(std::string* out) : out_(out) {}

  template <class T>
  requires std::is_arithmetic_v<T>
  void Number(T value) { out_->append(reinterpret_cast<const char*>(&value), sizeof(T)); }
  /// A 4-byte length, then the bytes.
  void String(std::string_view text) {
    Number(static_cast<std::uint32_t>(text.size()));
    out_->append(text);
  }

 private:
  std::string* out_;
};

/// Reads what ByteWriter wrote; after the first read past the end, ok() is false and every read gives zero or "".
/// One thread at a time.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  requires std::is_arithmetic_v<T> T Number() {
    T value{};
    if (!Has(sizeof(T))) return value;
    std::memcpy(&value, bytes_.data(), sizeof(T));
    bytes_.remove_prefix(sizeof(T));
    return value;
  }
  std::string_view String() {
    const auto size = Number<std::uint32_t>();
    if (!Has(size)) return {};
    const std::string_view text = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return text;
  }

  bool ok() const { return ok_; }
  std::size_t left() const { return bytes_.size(); }

  /// Corrupt unless every byte was read and none was missing.
  Status Finish(std::string_view what) const {
    if (!ok_) return Corrupt(std::string(what) + " ends too early");
    if (!bytes_.empty()) return Corrupt(std::string(what) + " has bytes after its end");
    return {};
  }

 private:
  bool Has(std::size_t size) {
    if (!ok_ || bytes_.size() < size) {
      ok_ = false;
      bytes_ = {};
    }
    return ok_;
  }

  std::string_view bytes_;
  bool ok_ = true;
};

}  // namespace attune
