#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "filter/item_set.h"
#include "model/recommender_model.h"
#include "serve/live_catalogue.h"

namespace attune {

/// LiveCatalogue::CreatedSince of one snapshot, found once: until an item joins, changes or grows too old, every
/// request asks for the same. Thread-safe.
class NewestItems {
 public:
  struct Found {
    std::vector<std::uint32_t> items;  ///< Ascending.
    ItemSet set;                       ///< The same. [items of the model]
  };

  /// What the catalogue says of all its items, or of those in `kept`.
  std::shared_ptr<const Found> Find(const LiveCatalogue& catalogue, const RecommenderModel& model, std::int64_t from_ms,
                                    std::size_t count_max, const ItemSet* kept) const EXCLUDES(mutex_);

 private:
  struct Kept {
    std::uint64_t publication = 0;
    std::size_t count_max = 0;
    // It holds from one of these times to the other.
    std::int64_t from_ms = 0;
    std::int64_t oldest_ms = 0;
    std::shared_ptr<const Found> found;
  };

  // Guarded by mutex_.
  mutable Mutex mutex_;
  mutable Kept kept_ GUARDED_BY(mutex_);
};

}  // namespace attune
