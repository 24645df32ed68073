#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace attune {

/// Where a character outside ASCII stands in the classes that the models' patterns use.
enum class WideCharacter {
  kLetterSeparatorOrNumber,  ///< \p{L}, \p{Z} or \p{N}
  kLineEnd,                  ///< U+0085, U+2028, U+2029: what '.' does not match (they are \p{Z} or controls)
  kOther,
};
WideCharacter ClassifyWideCharacter(char32_t character);

/// A regular expression of a model as its position automaton (Glushkov, 1961): one bit for each character of the
/// expression, at most 64. Made at build time by tools/generate_api.py, so a pattern that is not understood fails the
/// build. Immutable.
struct Pattern {
  static constexpr std::size_t kPositionsMax = 64;

  std::string_view text;  ///< As the model writes it, for messages.
  bool matches_empty;
  std::size_t characters_min;  ///< Besides what the automaton asks for.
  std::size_t characters_max;
  std::uint64_t first;                   ///< Where a match may begin.
  std::uint64_t last;                    ///< Where it may end.
  std::uint64_t wide_letters;            ///< Positions that accept \p{L}, \p{Z} and \p{N} outside ASCII.
  std::uint64_t wide_others;             ///< Positions that accept any other character outside ASCII.
  std::uint64_t wide_line_ends;          ///< Positions that accept a line end outside ASCII.
  const std::uint64_t* follow;           ///< For each position, where the match may go on.
  std::array<std::uint64_t, 128> ascii;  ///< For each ASCII character, the positions that accept it.

  /// Whether the whole of `utf8`, which must be valid UTF-8, matches. Time is proportional to the length.
  bool Matches(std::string_view utf8) const;
};

/// The number of Unicode code points in valid UTF-8.
std::size_t CountCodePoints(std::string_view utf8);

}  // namespace attune
