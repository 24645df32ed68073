#include "server/filter_data_work.h"

#include <map>

#include "base/log.h"
#include "base/mutex.h"
#include "services/personalize_runtime/request_filter.h"

namespace attune {
namespace {

class Source final : public WorkSource {
 public:
  Source(RuntimeIndex& index, FilterData& data, Env& env, const EventLog& log)
      : index_(index), data_(data), env_(env), log_(log) {}

  Result<std::vector<Work>> Due() override {
    ATTUNE_TRY(const auto groups, index_.Groups());
    std::vector<Work> due;
    const MutexLock lock(mutex_);
    for (const auto& group : groups) {
      if (FilterDataIsFresh(*group, data_)) continue;
      const auto failed = failed_.find(group->arn);
      if (failed != failed_.end() && failed->second == group) continue;
      due.push_back({.key = "filter data of " + group->arn,
                     .lane = JobLane::kTransfer,
                     .run = [this, group](const CancelFlag&) { Refresh(group); }});
    }
    return due;
  }

 private:
  void Refresh(const std::shared_ptr<const RuntimeGroup>& group) EXCLUDES(mutex_) {
    const Status refreshed = RefreshFilterData(*group, data_, env_, log_);
    if (refreshed.ok()) return;
    LogWarning("filters of {}: {}", group->arn, refreshed.ToString());
    const MutexLock lock(mutex_);
    failed_[group->arn] = group;  // Tried again when the catalog changed, or by the request that needs it.
  }

  // Constant after construction.
  RuntimeIndex& index_;
  FilterData& data_;
  Env& env_;
  const EventLog& log_;
  // Guarded by mutex_.
  Mutex mutex_;
  std::map<std::string, std::shared_ptr<const RuntimeGroup>> failed_ GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<WorkSource> FilterDataWork(RuntimeIndex& index, FilterData& data, Env& env, const EventLog& log) {
  return std::make_unique<Source>(index, data, env, log);
}

}  // namespace attune
