#include "access/policy_condition.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include "access/policy_variables.h"
#include "access/wildcard.h"

namespace attune {
namespace {

std::optional<double> ParseNumber(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Days since 1970 of a date of the Gregorian calendar.
std::int64_t DaysSince1970(std::int64_t year, std::int64_t month, std::int64_t day) {
  const std::int64_t y = month <= 2 ? year - 1 : year;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const std::int64_t year_of_era = y - era * 400;
  const std::int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

/// Seconds since 1970 of "2026-01-31T10:20:30Z", "2026-01-31", or a number of seconds.
std::optional<double> ParseDate(std::string_view text) {
  if (text.size() < 10 || text[4] != '-' || text[7] != '-') return ParseNumber(text);
  const auto digits = [&](std::size_t from, std::size_t count) -> std::int64_t {
    std::int64_t value = -1;
    if (from + count > text.size()) return -1;
    const auto* begin = text.data() + from;
    const auto [end, error] = std::from_chars(begin, begin + count, value);
    return error == std::errc() && end == begin + count ? value : -1;
  };
  const std::int64_t year = digits(0, 4), month = digits(5, 2), day = digits(8, 2);
  if (year < 0 || month < 1 || month > 12 || day < 1 || day > 31) return std::nullopt;
  double seconds = static_cast<double>(DaysSince1970(year, month, day)) * 86400;
  if (text.size() == 10) return seconds;
  const std::int64_t hour = digits(11, 2), minute = digits(14, 2), second = digits(17, 2);
  if (text[10] != 'T' || hour < 0 || minute < 0 || second < 0) return std::nullopt;
  seconds += static_cast<double>(hour * 3600 + minute * 60 + second);
  const auto rest = text.substr(19);
  if (rest != "Z" && !(rest.starts_with('.') && rest.ends_with('Z'))) return std::nullopt;
  return seconds;
}

/// Sixteen bytes; version 4 addresses as ::ffff:a.b.c.d.
std::optional<std::array<std::uint8_t, 16>> ParseAddress(const std::string& text) {
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return bytes;
  bytes = {};
  bytes[10] = bytes[11] = 0xff;
  if (inet_pton(AF_INET, text.c_str(), bytes.data() + 12) == 1) return bytes;
  return std::nullopt;
}

bool InNetwork(std::string_view network, std::string_view address) {
  const auto slash = network.find('/');
  const auto base = ParseAddress(std::string(network.substr(0, slash)));
  const auto asked = ParseAddress(std::string(address));
  if (!base || !asked) return false;
  int bits = 128;
  if (slash != std::string_view::npos) {
    const auto text = network.substr(slash + 1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
    if (error != std::errc() || end != text.data() + text.size() || bits < 0) return false;
    if (network.find(':') == std::string_view::npos) bits += 96;
    if (bits > 128) return false;
  }
  for (int bit = 0; bit < bits; ++bit) {
    const int mask = 0x80 >> (bit % 8);
    if (((*base)[bit / 8] & mask) != ((*asked)[bit / 8] & mask)) return false;
  }
  return true;
}

template <class T>
bool Compare(std::string_view relation, const T& asked, const T& written) {
  if (relation == "equals") return asked == written;
  if (relation == "lessthan") return asked < written;
  if (relation == "lessthanequals") return asked <= written;
  if (relation == "greaterthan") return asked > written;
  return relation == "greaterthanequals" && asked >= written;
}

/// Whether one asked value meets one written value; `operation` is a positive one.
bool Meets(std::string_view operation, const std::string& asked, const std::string& written) {
  if (operation == "stringequals" || operation == "binaryequals") return asked == written;
  if (operation == "stringequalsignorecase" || operation == "bool") return LowerCase(asked) == LowerCase(written);
  if (operation == "stringlike") return MatchesWildcard(written, asked);
  if (operation == "arnequals" || operation == "arnlike") return MatchesArn(written, asked);
  if (operation == "ipaddress") return InNetwork(written, asked);
  if (operation.starts_with("numeric")) {
    const auto a = ParseNumber(asked), b = ParseNumber(written);
    return a && b && Compare(operation.substr(7), *a, *b);
  }
  if (operation.starts_with("date")) {
    const auto a = ParseDate(asked), b = ParseDate(written);
    return a && b && Compare(operation.substr(4), *a, *b);
  }
  return false;
}

/// "stringnotequals" is the negation of "stringequals"; "" for positive operations.
std::string PositiveOf(const std::string& operation) {
  if (operation == "notipaddress") return "ipaddress";
  const auto at = operation.find("not");
  return at == std::string::npos ? std::string() : operation.substr(0, at) + operation.substr(at + 3);
}

bool Holds(const PolicyCondition& condition, const AccessRequest& request, std::string_view version) {
  const auto asked = ContextValues(request, condition.key);
  const bool exists = !asked.empty();
  if (condition.operation == "null") {
    // "true" asks for a key that is absent.
    return std::any_of(condition.values.begin(), condition.values.end(),
                       [&](const std::string& value) { return (LowerCase(value) == "true") == !exists; });
  }
  const std::string positive = PositiveOf(condition.operation);
  const bool negated = !positive.empty();
  if (!exists) {
    return condition.if_exists || negated || condition.quantifier == PolicyCondition::Quantifier::kForAllValues;
  }

  std::vector<std::string> written;
  for (const auto& value : condition.values) {
    if (auto replaced = ReplaceVariables(value, request, version)) written.push_back(*std::move(replaced));
  }
  const auto holds = [&](const std::string& value) {
    const bool met = std::any_of(written.begin(), written.end(), [&](const std::string& each) {
      return Meets(negated ? positive : condition.operation, value, each);
    });
    return met != negated;
  };
  if (condition.quantifier == PolicyCondition::Quantifier::kForAnyValue) {
    return std::any_of(asked.begin(), asked.end(), holds);
  }
  return std::all_of(asked.begin(), asked.end(), holds);
}

}  // namespace

bool ConditionsHold(const std::vector<PolicyCondition>& conditions, const AccessRequest& request,
                    std::string_view version) {
  return std::all_of(conditions.begin(), conditions.end(),
                     [&](const PolicyCondition& condition) { return Holds(condition, request, version); });
}

}  // namespace attune
