#include "serve/filter_data.h"

namespace attune {

std::shared_ptr<LiveMetadata> FilterData::Records(const std::string& dataset_uid) {
  if (auto known = FindRecords(dataset_uid)) return known;
  const WriterLock lock(mutex_);
  auto& records = records_[dataset_uid];
  if (!records) records = std::make_shared<LiveMetadata>();
  return records;
}

std::shared_ptr<FilterHistory> FilterData::History(const std::string& dataset_uid) {
  if (auto known = FindHistory(dataset_uid)) return known;
  const WriterLock lock(mutex_);
  auto& history = histories_[dataset_uid];
  if (!history) history = std::make_shared<FilterHistory>(limits_);
  return history;
}

std::shared_ptr<LiveMetadata> FilterData::FindRecords(std::string_view dataset_uid) const {
  const ReaderLock lock(mutex_);
  const auto found = records_.find(dataset_uid);
  return found == records_.end() ? nullptr : found->second;
}

std::shared_ptr<FilterHistory> FilterData::FindHistory(std::string_view dataset_uid) const {
  const ReaderLock lock(mutex_);
  const auto found = histories_.find(dataset_uid);
  return found == histories_.end() ? nullptr : found->second;
}

std::shared_ptr<FilterCatalogue> FilterData::Catalogue(const std::string& campaign_uid,
                                                       const std::string& version_uid) {
  {
    const ReaderLock lock(mutex_);
    const auto found = catalogues_.find(campaign_uid);
    if (found != catalogues_.end() && found->second.version_uid == version_uid) return found->second.catalogue;
  }
  const WriterLock lock(mutex_);
  OfCampaign& of_campaign = catalogues_[campaign_uid];
  if (!of_campaign.catalogue || of_campaign.version_uid != version_uid) {
    of_campaign = {.version_uid = version_uid, .catalogue = std::make_shared<FilterCatalogue>()};
  }
  return of_campaign.catalogue;
}

void FilterData::ForgetDataset(std::string_view dataset_uid) {
  const WriterLock lock(mutex_);
  if (const auto found = records_.find(dataset_uid); found != records_.end()) records_.erase(found);
  if (const auto found = histories_.find(dataset_uid); found != histories_.end()) histories_.erase(found);
}

void FilterData::ForgetCampaign(std::string_view campaign_uid) {
  const WriterLock lock(mutex_);
  if (const auto found = catalogues_.find(campaign_uid); found != catalogues_.end()) catalogues_.erase(found);
}

}  // namespace attune
