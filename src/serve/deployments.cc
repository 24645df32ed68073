#include "serve/deployments.h"

namespace attune {

std::unique_ptr<ScoreScratch> ScratchPool::Borrow(const RecommenderModel& model) {
  {
    const MutexLock lock(mutex_);
    if (!free_.empty()) {
      auto scratch = std::move(free_.back());
      free_.pop_back();
      return scratch;
    }
  }
  return std::make_unique<ScoreScratch>(model.MakeScratch());
}

void ScratchPool::Return(std::unique_ptr<ScoreScratch> scratch) {
  const MutexLock lock(mutex_);
  free_.push_back(std::move(scratch));
}

std::shared_ptr<const Deployment> Deployment::Renewed() const {
  return std::shared_ptr<const Deployment>(new Deployment(configuration_, exploration_, group_, scratch_pool_));
}

std::shared_ptr<const Deployment> Deployments::Find(std::string_view key) {
  std::shared_ptr<const Deployment> published;
  {
    const ReaderLock lock(mutex_);
    const auto found = deployments_.find(key);
    if (found == deployments_.end()) return nullptr;
    published = found->second;
  }
  if (published->IsCurrent()) return published;
  auto renewed = published->Renewed();
  const WriterLock lock(mutex_);
  const auto found = deployments_.find(key);
  // Another request may have been first, or an update: then the campaign keeps that.
  if (found != deployments_.end() && found->second == published) found->second = renewed;
  return renewed;
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
