#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "storage/memory_env.h"

namespace attune {

/// For tests: the one call that fails in a round of SweepFaults.
class SingleFault {
 public:
  enum class Kind { kIo, kNoSpace, kShortWrite, kFailedSync, kRead };
  static constexpr std::array kKinds{Kind::kIo, Kind::kNoSpace, Kind::kShortWrite, Kind::kFailedSync, Kind::kRead};

  SingleFault(MemoryEnv& env, Kind kind, std::uint64_t call) : env_(env), kind_(kind), call_(call) {}

  /// From here on calls are counted; the one numbered `call` fails. What was prepared before does not fail.
  void Arm() {
    armed_ = true;
    call_ += Count();
    if (kind_ == Kind::kRead) {
      env_.FailRead(call_);
    } else {
      env_.FailCall(call_, static_cast<Fault>(kind_));
    }
  }
  /// Ends the faults, too.
  void Heal() {
    happened_ = happened();
    env_.Heal();
    armed_ = false;
  }
  bool happened() const { return armed_ ? Count() > call_ : happened_; }

 private:
  static_assert(static_cast<int>(Kind::kIo) == static_cast<int>(Fault::kIo));
  static_assert(static_cast<int>(Kind::kFailedSync) == static_cast<int>(Fault::kFailedSync));
  std::uint64_t Count() const { return kind_ == Kind::kRead ? env_.read_count() : env_.call_count(); }

  MemoryEnv& env_;
  const Kind kind_;
  std::uint64_t call_;
  bool armed_ = false;
  bool happened_ = false;
};

/// Under a sanitizer every 29th call will do: it looks for other faults than these, and takes ten times as long.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr std::uint64_t kFaultStride = 29;
#else
inline constexpr std::uint64_t kFaultStride = 1;
#endif

/// For tests: calls `round` with a fresh env and a fault, once for each call that it makes between Arm and Heal (or
/// each kFaultStride-th), each failing in every way. The round that no fault reached is the last of its kind: there
/// everything must have succeeded.
inline void SweepFaults(const std::function<void(MemoryEnv&, SingleFault&)>& round) {
  for (const SingleFault::Kind kind : SingleFault::kKinds) {
    for (std::uint64_t call = 0;; call += kFaultStride) {
      SCOPED_TRACE("fault " + std::to_string(static_cast<int>(kind)) + " in call " + std::to_string(call));
      MemoryEnv env(call);
      SingleFault fault(env, kind, call);
      round(env, fault);
      if (testing::Test::HasFatalFailure()) return;
      if (!fault.happened()) break;
    }
  }
}

}  // namespace attune
