#include "storage/write_gate.h"

#include <fmt/format.h>

#include "base/log.h"

namespace attune {

WriteGate::WriteGate(Env& env, const Clock& clock, KeyValueStore& store, std::string path, Options options)
    : env_(env), clock_(clock), store_(store), path_(std::move(path)), options_(options) {}

Status WriteGate::Check() {
  const std::int64_t now_ns = clock_.MonotonicNanoseconds();
  {
    MutexLock lock(mutex_);
    // One looks, the others take the last answer meanwhile: a slow disk does not hold up all of them. A store that
    // began to refuse is looked at without delay.
    const bool fresh = now_ns < next_look_ns_ && store_.writable() == answer_.ok();
    if (looking_ || fresh || (!answer_.ok() && now_ns < next_look_ns_)) return answer_;
    looking_ = true;
  }
  Status answer = Look();
  MutexLock lock(mutex_);
  looking_ = false;
  next_look_ns_ = now_ns + options_.check_interval_ms * 1'000'000;
  if (answer_.ok() && !answer.ok()) LogError("only reading from now on: {}", answer.message());
  if (!answer_.ok() && answer.ok()) LogInfo("writing again");
  answer_ = std::move(answer);
  return answer_;
}

Status WriteGate::Look() {
  ATTUNE_TRY(const DiskSpace space, env_.Space(path_));
  if (space.free_bytes < options_.free_bytes_min) {
    return ResourceExhausted(fmt::format("the disk of {} has {} bytes free; below {} nothing is written", path_,
                                         space.free_bytes, options_.free_bytes_min));
  }
  const Status recovered = store_.Recover();
  if (recovered.ok()) return {};
  return ResourceExhausted(fmt::format("the disk of {} refuses to write: {}", path_, recovered.message()));
}

}  // namespace attune
