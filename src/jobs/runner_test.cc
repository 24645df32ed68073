#include "jobs/runner.h"

#include <gtest/gtest.h>

#include <future>
#include <set>

namespace attune {
namespace {

/// A catalog of names that stay due until their work is done.
class FakeSource final : public WorkSource {
 public:
  Result<std::vector<Work>> Due() override {
    const MutexLock lock(mutex_);
    std::vector<Work> due;
    for (const auto& [key, lane] : pending_) {
      due.push_back({key, lane, [this, key = key](const CancelFlag& cancelled) {
                       if (body) body(key, cancelled);
                       if (cancelled) return;
                       const MutexLock inner(mutex_);
                       pending_.erase(key);
                       done_.push_back(key);
                     }});
    }
    return due;
  }

  void Add(const std::string& key, JobLane lane) {
    const MutexLock lock(mutex_);
    pending_[key] = lane;
  }
  std::vector<std::string> done() {
    const MutexLock lock(mutex_);
    return done_;
  }

  std::function<void(const std::string&, const CancelFlag&)> body;

 private:
  Mutex mutex_;
  std::map<std::string, JobLane> pending_ GUARDED_BY(mutex_);
  std::vector<std::string> done_ GUARDED_BY(mutex_);
};

struct Rig {
  Rig() {
    auto owned = std::make_unique<FakeSource>();
    source = owned.get();
    sources.push_back(std::move(owned));
  }
  JobRunner& Make() {
    runner = std::make_unique<JobRunner>(std::move(sources), JobRunner::Options{});
    return *runner;
  }
  FakeSource* source;
  std::vector<std::unique_ptr<WorkSource>> sources;
  std::unique_ptr<JobRunner> runner;
};

TEST(JobRunner, RunsEverythingThatIsDueOnce) {
  Rig rig;
  for (const char* key : {"a", "b", "c"}) rig.source->Add(key, JobLane::kTransfer);
  rig.source->Add("t", JobLane::kTrain);
  ASSERT_TRUE(rig.Make().RunUntilIdle().ok());
  const auto done = rig.source->done();
  EXPECT_EQ(done.size(), 4u);
  EXPECT_EQ(std::set<std::string>(done.begin(), done.end()).size(), 4u);
}

TEST(JobRunner, SaysSoWhenWorkNeverEndsBeingDue) {
  Rig rig;
  rig.source->Add("a", JobLane::kTransfer);
  rig.source->body = [](const std::string&, const CancelFlag& cancelled) {
    const_cast<CancelFlag&>(cancelled).store(true);  // The source then keeps it.
  };
  EXPECT_EQ(rig.Make().RunUntilIdle(5).code(), Code::kInternal);
}

TEST(JobRunner, RunsALaneWhileAnotherIsBusy) {
  Rig rig;
  std::promise<void> release;
  const auto released = release.get_future().share();
  std::promise<void> training;
  std::promise<void> transferred;
  rig.source->body = [&](const std::string& key, const CancelFlag&) {
    if (key == "train") {
      training.set_value();
      released.wait();
    } else {
      transferred.set_value();
    }
  };
  rig.source->Add("train", JobLane::kTrain);
  JobRunner& runner = rig.Make();
  runner.Start();
  training.get_future().wait();
  rig.source->Add("transfer", JobLane::kTransfer);
  runner.Poke();
  transferred.get_future().wait();  // Would wait for ever behind the training.
  release.set_value();
  runner.Stop();
}

TEST(JobRunner, CancelsWhatRunsWhenItStopsAndLeavesItDue) {
  Rig rig;
  std::promise<void> started;
  rig.source->body = [&](const std::string&, const CancelFlag& cancelled) {
    started.set_value();
    while (!cancelled) std::this_thread::yield();
  };
  rig.source->Add("a", JobLane::kTrain);
  JobRunner& runner = rig.Make();
  runner.Start();
  started.get_future().wait();
  runner.Stop();
  EXPECT_TRUE(rig.source->done().empty());
  EXPECT_EQ(rig.source->Due()->size(), 1u);
}

TEST(JobRunner, CancelsOneByItsKey) {
  Rig rig;
  std::promise<void> started;
  std::promise<void> ended;
  std::atomic<int> calls{0};
  rig.source->body = [&](const std::string&, const CancelFlag& cancelled) {
    if (++calls > 1) return;  // It stays due, and is run once more.
    started.set_value();
    while (!cancelled) std::this_thread::yield();
    ended.set_value();
  };
  rig.source->Add("a", JobLane::kTrain);
  JobRunner& runner = rig.Make();
  runner.Start();
  started.get_future().wait();
  runner.Cancel("a");
  ended.get_future().wait();
  runner.Stop();
}

}  // namespace
}  // namespace attune
