#include "data/moments.h"

#include "data/schema.h"

namespace attune {

std::int64_t ToMilliseconds(std::int64_t seconds_or_milliseconds) {
  const bool is_seconds = seconds_or_milliseconds <= kSecondsMax && seconds_or_milliseconds >= -kSecondsMax;
  return is_seconds ? seconds_or_milliseconds * 1000 : seconds_or_milliseconds;
}

bool IsTimeColumn(std::string_view name) {
  const std::string folded = FoldName(name);
  return folded == "timestamp" || folded == "creationtimestamp" || folded == "expirationtimestamp" ||
         folded == "actionexpirationtimestamp";
}

}  // namespace attune
