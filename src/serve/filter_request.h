#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "filter/compiled_filter.h"
#include "filter/item_set.h"
#include "serve/filter_catalogue.h"
#include "serve/filter_history.h"
#include "serve/live_metadata.h"

namespace attune {

/// One filter as one request asks it: the records and the user's history as they are now. Views must outlive it.
struct FilterRequest {
  const CompiledFilter* filter = nullptr;
  std::string_view user_id;
  std::string_view current_item_id;              ///< "" where the request has none.
  LiveMetadata::Snapshot items;                  ///< Without a table where the group has no Items dataset.
  std::shared_ptr<const MetadataTable> users;    ///< Null where it has no Users dataset.
  std::span<const FilterHistory::Entry> events;  ///< Of the user.
};

/// The items of the model's catalogue that the filter keeps, [item_count()]. Thread-safe.
ItemSet KeptItems(const FilterRequest& request, const std::shared_ptr<const RecommenderModel>& model,
                  FilterCatalogue& catalogue);

/// Whether the filter keeps each of the items, which a model need not know. For lists: O(items x conditions).
std::vector<bool> KeptIds(const FilterRequest& request, std::span<const std::string_view> item_ids);

}  // namespace attune
