#include "access/wildcard.h"

#include <cstddef>

namespace attune {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr int kArnParts = 6;

}  // namespace

bool MatchesWildcard(std::string_view pattern, std::string_view text, LetterCase letters) {
  const auto same = [letters](char a, char b) {
    return letters == LetterCase::kSensitive ? a == b : Lower(a) == Lower(b);
  };
  std::size_t p = 0;
  std::size_t t = 0;
  // Where to go on when the present try fails: behind the last '*', which then takes one byte more.
  std::size_t star = std::string_view::npos;
  std::size_t star_end = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_end = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || same(pattern[p], text[t]))) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_end;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool MatchesArn(std::string_view pattern, std::string_view arn) {
  if (pattern == "*") return true;
  for (int part = 1; part < kArnParts; ++part) {
    const auto pattern_end = pattern.find(':');
    const auto arn_end = arn.find(':');
    if (pattern_end == std::string_view::npos || arn_end == std::string_view::npos) return false;
    if (!MatchesWildcard(pattern.substr(0, pattern_end), arn.substr(0, arn_end))) return false;
    pattern.remove_prefix(pattern_end + 1);
    arn.remove_prefix(arn_end + 1);
  }
  return MatchesWildcard(pattern, arn);
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& letter : lower) letter = Lower(letter);
  return lower;
}

}  // namespace attune
