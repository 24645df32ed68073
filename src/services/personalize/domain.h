#pragma once

#include <string_view>

#include "data/schema.h"

namespace attune {

/// The domain that the API spells so; kNone for "". Anything else was refused before.
inline Domain DomainOf(std::string_view text) {
  if (text == "ECOMMERCE") return Domain::kEcommerce;
  if (text == "VIDEO_ON_DEMAND") return Domain::kVideoOnDemand;
  return Domain::kNone;
}

}  // namespace attune
