#pragma once

#include <cstddef>
#include <vector>

#include "base/random.h"

namespace attune {

/// Normal numbers of a standard deviation, for tests.
inline std::vector<float> NormalNumbers(std::size_t count, double deviation, Random& random) {
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(deviation * random.Normal());
  return values;
}

}  // namespace attune
