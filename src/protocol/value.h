#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace attune {

/// A moment, on the wire epoch seconds with a fraction.
struct Timestamp {
  std::int64_t unix_ms = 0;

  friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
};

/// JSON inside JSON: on the wire a string that holds JSON text. Not checked to be JSON.
struct JsonText {
  std::string text;

  friend bool operator==(const JsonText&, const JsonText&) = default;
};

/// A JSON object whose values are all of one kind; found with a string_view too.
template <class T>
using StringMap = std::map<std::string, T, std::less<>>;

}  // namespace attune
