#pragma once

#include <cstddef>
#include <string_view>

#include "base/status.h"
#include "filter/ast.h"

namespace attune {

/// The filter that `expression` says, by the grammar that docs/guides/filters.md gives. Keywords, datasets and columns
/// compare without case. There are no nested parentheses, so there is no recursion: time and memory are linear in the
/// expression. InvalidArgument names the position, what stands there and what was expected.
///
/// What only the group's schemas can tell is left to CheckFilter.
Result<FilterExpression> ParseFilter(std::string_view expression);

inline constexpr std::size_t kFilterCharactersMax = 2500;

}  // namespace attune
