#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace attune {

/// "Sun, 06 Nov 1994 08:49:37 GMT" of milliseconds since 1970 UTC; parts of a second are dropped.
std::string FormatHttpDate(std::int64_t unix_ms);
/// Back again, also from the two older forms that RFC 9110 asks servers to read. Milliseconds since 1970 UTC.
std::optional<std::int64_t> ParseHttpDate(std::string_view text);
/// "2009-10-12T17:50:30.000Z"
std::string FormatIsoTime(std::int64_t unix_ms);

}  // namespace attune
