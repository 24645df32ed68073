#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace attune {

/// The only door to time. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  /// Milliseconds since 1970 UTC, as clocks on the wall show it: may jump backwards.
  virtual std::int64_t UnixMilliseconds() const = 0;

  /// Nanoseconds since some fixed moment; never goes backwards. For durations.
  virtual std::int64_t MonotonicNanoseconds() const = 0;
};

class SystemClock final : public Clock {
 public:
  std::int64_t UnixMilliseconds() const override;
  std::int64_t MonotonicNanoseconds() const override;
};

/// Stands still until it is told to move. Thread-safe.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(std::int64_t unix_ms = 1'700'000'000'000) : unix_ms_(unix_ms) {}

  std::int64_t UnixMilliseconds() const override { return unix_ms_.load(); }
  std::int64_t MonotonicNanoseconds() const override { return monotonic_ns_.load(); }

  void Advance(std::chrono::milliseconds duration) {
    unix_ms_ += duration.count();
    monotonic_ns_ += duration.count() * 1'000'000;
  }
  /// Moves the wall clock alone, as an administrator or NTP would.
  void SetUnixMilliseconds(std::int64_t unix_ms) { unix_ms_ = unix_ms; }

 private:
  std::atomic<std::int64_t> unix_ms_;
  std::atomic<std::int64_t> monotonic_ns_{0};
};

}  // namespace attune
