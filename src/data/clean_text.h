#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace attune {

inline constexpr std::size_t kTextualCharactersMax = 20'000;

/// A text as the service cleans it: tags of HTML, newlines, tabs and surplus blanks removed, cut to
/// kTextualCharactersMax characters.
std::string CleanText(std::string_view text);

/// How many Unicode code points UTF-8 text has.
std::size_t Characters(std::string_view text);

}  // namespace attune
