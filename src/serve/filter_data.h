#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "serve/filter_catalogue.h"
#include "serve/filter_history.h"
#include "serve/live_metadata.h"

namespace attune {

/// What filters know: the records and the histories of datasets, by the dataset's uid, and what was matched of the
/// catalogues of campaigns. Thread-safe.
class FilterData {
 public:
  explicit FilterData(FilterHistory::Limits limits) : limits_(limits) {}

  // Made at the first call; null from the Find functions before that. A dataset that no filter asked for takes no
  // memory: puts are told to what Find gives.
  std::shared_ptr<LiveMetadata> Records(const std::string& dataset_uid) EXCLUDES(mutex_);
  std::shared_ptr<FilterHistory> History(const std::string& dataset_uid) EXCLUDES(mutex_);
  std::shared_ptr<LiveMetadata> FindRecords(std::string_view dataset_uid) const EXCLUDES(mutex_);
  std::shared_ptr<FilterHistory> FindHistory(std::string_view dataset_uid) const EXCLUDES(mutex_);

  /// Of one campaign and the version it serves.
  std::shared_ptr<FilterCatalogue> Catalogue(const std::string& campaign_uid, const std::string& version_uid)
      EXCLUDES(mutex_);

  void ForgetDataset(std::string_view dataset_uid) EXCLUDES(mutex_);
  void ForgetCampaign(std::string_view campaign_uid) EXCLUDES(mutex_);

 private:
  struct OfCampaign {
    std::string version_uid;
    std::shared_ptr<FilterCatalogue> catalogue;
  };

  const FilterHistory::Limits limits_;
  mutable SharedMutex mutex_;
  std::map<std::string, std::shared_ptr<LiveMetadata>, std::less<>> records_ GUARDED_BY(mutex_);
  std::map<std::string, std::shared_ptr<FilterHistory>, std::less<>> histories_ GUARDED_BY(mutex_);
  std::map<std::string, OfCampaign, std::less<>> catalogues_ GUARDED_BY(mutex_);
};

}  // namespace attune
