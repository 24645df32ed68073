#include "services/s3/http_time.h"

#include <fmt/format.h>
#include <time.h>

#include <array>

namespace attune {
namespace {

constexpr std::int64_t kMsPerSecond = 1000;

struct tm ToCalendar(std::int64_t unix_ms) {
  // Rounds down, also before 1970.
  const std::int64_t seconds = unix_ms >= 0 ? unix_ms / kMsPerSecond : -((-unix_ms + kMsPerSecond - 1) / kMsPerSecond);
  const auto moment = static_cast<time_t>(seconds);
  struct tm calendar {};
  gmtime_r(&moment, &calendar);
  return calendar;
}

constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

}  // namespace

std::string FormatHttpDate(std::int64_t unix_ms) {
  const auto c = ToCalendar(unix_ms);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[c.tm_wday], c.tm_mday, kMonths[c.tm_mon],
                     c.tm_year + 1900, c.tm_hour, c.tm_min, c.tm_sec);
}

std::string FormatIsoTime(std::int64_t unix_ms) {
  const auto c = ToCalendar(unix_ms);
  const auto part = (unix_ms % kMsPerSecond + kMsPerSecond) % kMsPerSecond;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", c.tm_year + 1900, c.tm_mon + 1, c.tm_mday, c.tm_hour,
                     c.tm_min, c.tm_sec, part);
}

std::optional<std::int64_t> ParseHttpDate(std::string_view text) {
  const std::string copy(text);
  for (const char* form : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    struct tm calendar {};
    const char* end = strptime(copy.c_str(), form, &calendar);
    if (end != nullptr && *end == '\0') return static_cast<std::int64_t>(timegm(&calendar)) * kMsPerSecond;
  }
  return std::nullopt;
}

}  // namespace attune
