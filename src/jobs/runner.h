#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"

namespace attune {

/// Which threads do a piece of work: a training of an hour must not keep a campaign of a second waiting.
enum class JobLane { kTransfer, kDeploy, kTrain };
inline constexpr std::size_t kJobLaneCount = 3;

/// Set when the work should end early: the server stops, or somebody asked for it. Shared by the one who sets it and
/// the one who looks.
using CancelFlag = std::atomic<bool>;

/// Something that the catalog says is to be done now.
struct Work {
  std::string key;  ///< Names it: no two pieces of work of one key run at the same time. An ARN, mostly.
  JobLane lane = JobLane::kTransfer;
  /// Does all of it and records the outcome in the catalog. When cancelled because the server stops it records
  /// nothing: the next start finds the same work again.
  std::function<void(const CancelFlag& cancelled)> run;
};

/// Finds work by looking at what is durable, never by being told. Thread-safe.
class WorkSource {
 public:
  virtual ~WorkSource() = default;
  /// What could begin now, in the order in which it should. Cheap: called after each change of the catalog.
  virtual Result<std::vector<Work>> Due() = 0;
};

/// Runs what its sources find due, on threads of a lane each. The catalog is the queue: nothing is handed over in
/// memory, so after a crash the same look at the catalog finds what was interrupted. Thread-safe.
class JobRunner {
 public:
  struct Options {
    std::array<std::size_t, kJobLaneCount> threads{2, 1, 1};
    /// Sources are asked again after this time even if nothing changed: for work that is due by the clock.
    std::chrono::milliseconds look_again{1000};
  };

  JobRunner(std::vector<std::unique_ptr<WorkSource>> sources, Options options);
  ~JobRunner();
  JobRunner(const JobRunner&) = delete;
  JobRunner& operator=(const JobRunner&) = delete;

  /// Starts the threads. Call once.
  void Start() EXCLUDES(mutex_);
  /// Cancels what runs, waits for it, ends the threads. Work that was not finished is found again at the next start.
  void Stop() EXCLUDES(mutex_);
  /// Begins no more work and tells what runs to end; waits for nothing.
  void RequestStop() EXCLUDES(mutex_);
  /// Something changed: the sources are asked soon.
  void Poke() EXCLUDES(mutex_);
  /// Asks the work of this key, if it runs, to end early.
  void Cancel(const std::string& key) EXCLUDES(mutex_);

  /// Without threads: asks and runs, one after the other on the caller's thread, until nothing is due. For tests and
  /// one-shot commands. Stops after `rounds_max` rounds, so that work that stays due cannot hang it: Internal.
  Status RunUntilIdle(int rounds_max = 1000) EXCLUDES(mutex_);

  struct Figures {
    std::uint64_t started = 0;
    std::size_t running = 0;
  };
  Figures figures() const EXCLUDES(mutex_);

 private:
  void RunLane(JobLane lane) EXCLUDES(mutex_);
  /// The first work of the lane that does not run already; its key is marked as running.
  bool Claim(JobLane lane, Work* work, std::shared_ptr<CancelFlag>* cancelled) EXCLUDES(claim_mutex_, mutex_);
  void Release(const std::string& key) EXCLUDES(claim_mutex_, mutex_);

  // Constant after construction.
  const std::vector<std::unique_ptr<WorkSource>> sources_;
  const Options options_;
  // Held from a look at the catalog to the claim of what it found, so that nothing is claimed that was done in between.
  // Taken before mutex_.
  Mutex claim_mutex_;
  // Guarded by mutex_.
  mutable Mutex mutex_;
  ConditionVariable changed_;
  std::map<std::string, std::shared_ptr<CancelFlag>> running_ GUARDED_BY(mutex_);
  std::uint64_t change_ GUARDED_BY(mutex_) = 0;
  std::uint64_t started_ GUARDED_BY(mutex_) = 0;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace attune
