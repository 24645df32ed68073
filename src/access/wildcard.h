#pragma once

#include <string>
#include <string_view>

namespace attune {

enum class LetterCase { kSensitive, kInsensitive };

/// Whether `text` matches `pattern`, in which '*' stands for any bytes, also none, and '?' for one byte. Takes time by
/// the product of both lengths at worst.
bool MatchesWildcard(std::string_view pattern, std::string_view text, LetterCase letters = LetterCase::kSensitive);

/// Whether an ARN matches a pattern part by part, as ArnLike does: '*' does not reach over a ':' of the first five
/// parts. False for what has fewer than six parts on either side, except for the pattern "*".
bool MatchesArn(std::string_view pattern, std::string_view arn);

/// With the letters A to Z made small.
std::string LowerCase(std::string_view text);

}  // namespace attune
