#pragma once

#include <cstdint>
#include <string_view>

namespace attune {

/// The year 5138 in seconds, and 1973 in milliseconds: a number further from 0 is a time in milliseconds. So seconds
/// are right for every moment that anybody means, and milliseconds from March 1973 on.
inline constexpr std::int64_t kSecondsMax = 100'000'000'000;

/// Milliseconds since 1970 from a number that may be in seconds.
std::int64_t ToMilliseconds(std::int64_t seconds_or_milliseconds);
/// Whether a column holds moments: TIMESTAMP, CREATION_TIMESTAMP and their like.
bool IsTimeColumn(std::string_view name);

}  // namespace attune
