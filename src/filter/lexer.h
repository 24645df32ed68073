#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace attune {

enum class FilterTokenKind {
  kWord,       ///< A keyword, or the name of a dataset or column.
  kText,       ///< A quoted string; `text` is what stands between the quotes.
  kNumber,     ///< 18, -1.5, 1e9
  kParameter,  ///< $NAME; `text` is the name.
  kDot,
  kComma,
  kOpen,
  kClose,
  kBar,
  kStar,
  kOperator,  ///< = != < <= > >=
  kEnd,
};

struct FilterToken {
  FilterTokenKind kind = FilterTokenKind::kEnd;
  std::string_view text;   ///< Points into the expression.
  std::size_t offset = 0;  ///< In bytes.
};

/// The tokens of an expression, kEnd last. Double quotes delimit strings, and single ones do, so that a string with one
/// kind can stand between the other; there are no escapes. InvalidArgument, with the position, for a quote without end,
/// a malformed number or parameter, and for characters that no filter has. Requires that `expression` outlives them.
Result<std::vector<FilterToken>> TokenizeFilter(std::string_view expression);

/// Where a byte of the expression stands, counted in characters from 1.
std::size_t FilterPosition(std::string_view expression, std::size_t offset);

/// InvalidArgument: "Invalid input symbol: '(' at position 12; expected …", with what stands there cut short.
Status FilterSyntaxError(std::string_view expression, std::size_t offset, std::string_view found,
                         std::string_view expected);

inline constexpr std::size_t kFilterParameterCharactersMax = 50;

}  // namespace attune
