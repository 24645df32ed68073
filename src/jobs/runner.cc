#include "jobs/runner.h"

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "base/thread_pool.h"

namespace attune {

JobRunner::JobRunner(std::vector<std::unique_ptr<WorkSource>> sources, Options options)
    : sources_(std::move(sources)), options_(options) {}

JobRunner::~JobRunner() { Stop(); }

void JobRunner::Start() {
  ATTUNE_CHECK(threads_.empty());
  for (std::size_t lane = 0; lane < kJobLaneCount; ++lane) {
    for (std::size_t i = 0; i < options_.threads[lane]; ++i) {
      threads_.emplace_back([this, lane] { RunLane(static_cast<JobLane>(lane)); });
    }
  }
}

void JobRunner::RequestStop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    for (auto& [key, cancelled] : running_) cancelled->store(true);
  }
  changed_.NotifyAll();
}

void JobRunner::Stop() {
  RequestStop();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

void JobRunner::Poke() {
  {
    const MutexLock lock(mutex_);
    ++change_;
  }
  changed_.NotifyAll();
}

void JobRunner::Cancel(const std::string& key) {
  const MutexLock lock(mutex_);
  if (const auto found = running_.find(key); found != running_.end()) found->second->store(true);
}

Status JobRunner::RunUntilIdle(int rounds_max) {
  for (int round = 0; round < rounds_max; ++round) {
    bool idle = true;
    for (std::size_t lane = 0; lane < kJobLaneCount; ++lane) {
      Work work;
      std::shared_ptr<CancelFlag> cancelled;
      if (!Claim(static_cast<JobLane>(lane), &work, &cancelled)) continue;
      idle = false;
      work.run(*cancelled);
      Release(work.key);
    }
    if (idle) return {};
  }
  return Internal("work is still due after every round: a job does not record its outcome");
}

JobRunner::Figures JobRunner::figures() const {
  const MutexLock lock(mutex_);
  return {started_, running_.size()};
}

void JobRunner::RunLane(JobLane lane) {
  if (lane == JobLane::kTrain) LowerThreadPriority();  // Training may take what serving leaves.
  for (;;) {
    std::uint64_t seen = 0;
    {
      const MutexLock lock(mutex_);
      if (stopping_) return;
      seen = change_;
    }
    Work work;
    std::shared_ptr<CancelFlag> cancelled;
    if (Claim(lane, &work, &cancelled)) {
      work.run(*cancelled);
      Release(work.key);
      continue;
    }
    const MutexLock lock(mutex_);
    if (!stopping_ && change_ == seen) changed_.WaitFor(mutex_, options_.look_again);
  }
}

bool JobRunner::Claim(JobLane lane, Work* work, std::shared_ptr<CancelFlag>* cancelled) {
  const MutexLock claim(claim_mutex_);
  for (const auto& source : sources_) {
    auto due = source->Due();
    if (!due.ok()) {
      LogError("cannot look for work: {}", due.status().ToString());
      continue;
    }
    const MutexLock lock(mutex_);
    if (stopping_) return false;
    const auto found = std::ranges::find_if(*due, [&](const Work& candidate) REQUIRES(mutex_) {
      return candidate.lane == lane && !running_.contains(candidate.key);
    });
    if (found == due->end()) continue;
    *work = std::move(*found);
    *cancelled = std::make_shared<CancelFlag>(false);
    running_[work->key] = *cancelled;
    ++started_;
    return true;
  }
  return false;
}

void JobRunner::Release(const std::string& key) {
  {
    const MutexLock claim(claim_mutex_);
    const MutexLock lock(mutex_);
    running_.erase(key);
    ++change_;  // What it did may make other work due.
  }
  changed_.NotifyAll();
}

}  // namespace attune
