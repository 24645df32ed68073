#include "serve/newest_items.h"

#include <algorithm>
#include <limits>

namespace attune {
namespace {

std::shared_ptr<const NewestItems::Found> Ask(const LiveCatalogue& catalogue, const RecommenderModel& model,
                                              std::int64_t from_ms, std::size_t count_max, const ItemSet* kept) {
  auto found = std::make_shared<NewestItems::Found>();
  found->set = ItemSet(model.item_count());
  for (const std::uint32_t item : catalogue.CreatedSince(model, from_ms, count_max, kept)) found->set.Set(item, true);
  found->items.reserve(count_max);
  ForEachItem(found->set, [&](std::uint32_t item) { found->items.push_back(item); });
  return found;
}

}  // namespace

std::shared_ptr<const NewestItems::Found> NewestItems::Find(const LiveCatalogue& catalogue,
                                                            const RecommenderModel& model, std::int64_t from_ms,
                                                            std::size_t count_max, const ItemSet* kept) const {
  // Which items are the newest of some depends on which.
  const auto publication = kept == nullptr ? catalogue.PublicationOf(model) : std::nullopt;
  if (!publication) return Ask(catalogue, model, from_ms, count_max, kept);
  {
    const MutexLock lock(mutex_);
    if (kept_.found != nullptr && kept_.publication == *publication && kept_.count_max == count_max &&
        from_ms >= kept_.from_ms && from_ms <= kept_.oldest_ms) {
      return kept_.found;
    }
  }
  Kept made{.publication = *publication,
            .count_max = count_max,
            .from_ms = from_ms,
            .oldest_ms = std::numeric_limits<std::int64_t>::max(),
            .found = Ask(catalogue, model, from_ms, count_max, nullptr)};
  for (const std::uint32_t item : made.found->items) {
    made.oldest_ms = std::min(made.oldest_ms, model.item_created_ms(item));
  }
  // Those that are left out where there are too many are older than all others.
  auto found = made.found;
  const MutexLock lock(mutex_);
  kept_ = std::move(made);
  return found;
}

}  // namespace attune
