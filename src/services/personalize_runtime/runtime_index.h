#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "catalog/catalog.h"
#include "filter/ast.h"
#include "filter/check.h"
#include "serve/stored_dataset.h"

namespace attune {

/// A dataset group as requests see it: where its data lies, and what filters may ask for.
struct RuntimeGroup {
  std::string arn;
  FilterSchemas schemas;
  std::map<DatasetType, std::shared_ptr<const StoredDataset>> datasets;
  bool has_filters = false;
  bool has_campaigns = false;

  /// Null where the group has no such dataset.
  const StoredDataset* Find(DatasetType type) const {
    const auto found = datasets.find(type);
    return found == datasets.end() ? nullptr : found->second.get();
  }
};

struct RuntimeCampaign {
  std::string recipe_name;  ///< "aws-user-personalization"
  std::string recipe_type;  ///< "USER_PERSONALIZATION"
  std::shared_ptr<const RuntimeGroup> group;
};

struct RuntimeFilter {
  std::shared_ptr<const FilterExpression> expression;
  std::string group_arn;
};

/// Campaigns, filters and datasets as the catalog has them, read anew when the catalog changed: a request costs no
/// query. Thread-safe.
class RuntimeIndex {
 public:
  /// `datasets_path` is the folder of the datasets' segments.
  RuntimeIndex(Catalog& catalog, std::string datasets_path)
      : catalog_(catalog), datasets_path_(std::move(datasets_path)) {}

  /// NotFound where there is none.
  Result<RuntimeCampaign> FindCampaign(std::string_view arn) EXCLUDES(mutex_);
  Result<RuntimeFilter> FindFilter(std::string_view arn) EXCLUDES(mutex_);
  Result<std::vector<std::shared_ptr<const RuntimeGroup>>> Groups() EXCLUDES(mutex_);

 private:
  struct Snapshot {
    std::uint64_t change_count = 0;
    std::map<std::string, std::shared_ptr<const RuntimeGroup>, std::less<>> groups;
    std::map<std::string, RuntimeCampaign, std::less<>> campaigns;
    std::map<std::string, RuntimeFilter, std::less<>> filters;
  };

  Result<std::shared_ptr<const Snapshot>> Current() EXCLUDES(mutex_);
  Status Read(CatalogTransaction& transaction, Snapshot* snapshot) const;
  Result<std::shared_ptr<const RuntimeGroup>> ReadGroup(CatalogTransaction& transaction, const std::string& arn,
                                                        bool has_campaigns) const;
  Result<std::shared_ptr<const StoredDataset>> ReadDataset(CatalogTransaction& transaction,
                                                           const Dataset& dataset) const;

  // Constant after construction.
  Catalog& catalog_;
  const std::string datasets_path_;
  // Guarded by mutex_.
  Mutex mutex_;
  std::shared_ptr<const Snapshot> snapshot_ GUARDED_BY(mutex_);
};

}  // namespace attune
