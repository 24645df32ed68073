#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "services/s3/s3_request.h"

namespace attune {

/// Nothing if it is not a number.
std::optional<std::uint32_t> ParsePartNumber(std::string_view text);

/// The partNumber of the query. InvalidArgument outside of 1 to ObjectStore::kPartNumberMax.
std::variant<std::uint32_t, AwsError> PartNumber(const S3Request& request);

}  // namespace attune
