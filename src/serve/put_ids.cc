#include "serve/put_ids.h"

#include <fmt/format.h>

#include <set>

#include "base/hash.h"

namespace attune {

void PutIds::Insert(std::string_view item_id) {
  const MutexLock lock(mutex_);
  if (hashes_.size() >= count_max_ + kOvershootMax) return;
  hashes_.insert(Hash64(item_id));
  count_ = hashes_.size();
}

Status PutIds::CheckRoom(std::span<const std::string_view> item_ids) const {
  if (count() + item_ids.size() <= count_max_) return {};
  std::set<std::uint64_t> unknown;
  std::string_view example;
  {
    const MutexLock lock(mutex_);
    for (const std::string_view item_id : item_ids) {
      const std::uint64_t hash = Hash64(item_id);
      if (hashes_.contains(hash)) continue;
      unknown.insert(hash);
      example = item_id;
    }
  }
  if (unknown.empty() || count() + unknown.size() <= count_max_) return {};
  return LimitExceeded(fmt::format(
      "itemId '{}' is new, as {} of this request are, and {} items were put one by one or named by events in this "
      "dataset group, which no campaign serves; the limit is {}. An import takes more, and a campaign counts those "
      "alone that its training did not meet.",
      example, unknown.size(), count(), count_max_));
}

}  // namespace attune
