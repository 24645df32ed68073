#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace attune {

enum class EncodeSlash { kYes, kNo };
enum class PlusMeans { kPlus, kSpace };

/// Every byte but A-Z a-z 0-9 - . _ ~ as %XX in capitals, as AWS signs and S3 lists.
std::string UriEncode(std::string_view text, EncodeSlash encode_slash = EncodeSlash::kYes);

/// The bytes that `text` stands for. Nothing if a % is not followed by two hexadecimal digits.
std::optional<std::string> PercentDecode(std::string_view text, PlusMeans plus = PlusMeans::kPlus);

using NameAndValue = std::pair<std::string, std::string>;

/// The decoded parameters of a query string, in order, duplicates kept; "a" and "a=" both have the value "". Nothing if
/// one cannot be decoded or there are more than `parameters_max`.
std::optional<std::vector<NameAndValue>> ParseQueryString(std::string_view query, PlusMeans plus = PlusMeans::kPlus,
                                                          std::size_t parameters_max = 1024);

}  // namespace attune
