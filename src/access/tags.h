#pragma once

#include <string>
#include <utility>
#include <vector>

namespace attune {

/// Keys, in the case they were given in, and values.
using Tags = std::vector<std::pair<std::string, std::string>>;

}  // namespace attune
