#include "serve/deployments.h"

namespace attune {

std::unique_ptr<ScoreScratch> Deployment::BorrowScratch() const {
  {
    const MutexLock lock(mutex_);
    if (!free_scratch_.empty()) {
      auto scratch = std::move(free_scratch_.back());
      free_scratch_.pop_back();
      return scratch;
    }
  }
  return std::make_unique<ScoreScratch>(model_->MakeScratch());
}

void Deployment::ReturnScratch(std::unique_ptr<ScoreScratch> scratch) const {
  const MutexLock lock(mutex_);
  free_scratch_.push_back(std::move(scratch));  // Never more than there were requests at once.
}

std::shared_ptr<const Deployment> Deployments::Find(std::string_view key) const {
  const ReaderLock lock(mutex_);
  const auto found = deployments_.find(key);
  return found == deployments_.end() ? nullptr : found->second;
}

void Deployments::Publish(const std::string& key, std::shared_ptr<const Deployment> deployment) {
  const WriterLock lock(mutex_);
  deployments_[key].swap(deployment);
}

void Deployments::Remove(std::string_view key) {
  const WriterLock lock(mutex_);
  if (const auto found = deployments_.find(key); found != deployments_.end()) deployments_.erase(found);
}

std::vector<std::string> Deployments::Keys() const {
  const ReaderLock lock(mutex_);
  std::vector<std::string> keys;
  for (const auto& [key, deployment] : deployments_) keys.push_back(key);
  return keys;
}

}  // namespace attune
