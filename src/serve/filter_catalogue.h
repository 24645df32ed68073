#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "filter/compiled_filter.h"
#include "filter/item_set.h"
#include "model/recommender_model.h"
#include "serve/live_metadata.h"

namespace attune {

/// Which items of one model's catalogue a clause about items' records matches, kept from request to request: what
/// changed since is matched again, chunk by chunk of the table, and nothing else. Thread-safe.
class FilterCatalogue {
 public:
  /// An item for each of the model's, [item_count()]. Requires a key (see CompiledClause). `items` may be without a
  /// table: then no item has a record. A put costs the chunks that it touched and a copy of the set; no change, a look.
  /// Where another caller brought a newer table or a longer catalogue of the same model, those count.
  std::shared_ptr<const ItemSet> Matches(const CompiledClause& clause,
                                         const std::shared_ptr<const RecommenderModel>& model,
                                         const LiveMetadata::Snapshot& items) EXCLUDES(mutex_);

  /// Clauses that are remembered; those that were asked for longest ago are forgotten.
  static constexpr std::size_t kClausesMax = 256;

 private:
  /// Which item each row of a table is of.
  struct Rows {
    std::shared_ptr<const RecommenderModel> model;
    LiveMetadata::Snapshot items;
    std::vector<std::uint32_t> item_of_row;  ///< kNoIndex where the model does not know the item.
  };
  struct Entry {
    std::shared_ptr<const Rows> rows;  ///< What `matches` was found with.
    std::shared_ptr<const ItemSet> matches;
    std::uint64_t used = 0;
  };

  static std::shared_ptr<const Rows> MakeRows(const Rows* older, const std::shared_ptr<const RecommenderModel>& model,
                                              const LiveMetadata::Snapshot& items);
  static ItemSet Match(const CompiledClause& clause, const Rows& rows, const Entry& older);
  std::shared_ptr<const Rows> NewestRows(const std::shared_ptr<const RecommenderModel>& model,
                                         const LiveMetadata::Snapshot& items) REQUIRES(mutex_);
  void Remember(const std::string& key, Entry entry) REQUIRES(mutex_);

  Mutex mutex_;
  std::shared_ptr<const Rows> rows_ GUARDED_BY(mutex_);
  std::map<std::string, Entry> entries_ GUARDED_BY(mutex_);  ///< Found with rows_ or with what rows_ grew from.
  std::uint64_t use_count_ GUARDED_BY(mutex_) = 0;
};

}  // namespace attune
