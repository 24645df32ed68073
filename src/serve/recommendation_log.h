#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "base/mutex.h"
#include "base/status.h"
#include "storage/env.h"

namespace attune {

/// Lines of JSON about what was recommended and what came of it, in gzipped files of a folder of its own, the oldest of
/// which make room (docs/formats/recommendation_log.md). For reading by people and `attune evaluate-policy`: nothing in
/// the server depends on it, so a line is written behind the request that it is about, not synced, and lost rather than
/// waited for. Thread-safe.
class RecommendationLog {
 public:
  struct Options {
    std::uint32_t percent =
        100;  ///< Of the recommendations, chosen by their id, are logged with their events; 0: none.
    std::uint64_t bytes_max = std::uint64_t{1} << 30;  ///< Of all files together.
    std::chrono::milliseconds write_after{1000};       ///< A line waits no longer.
    std::function<Status()> may_write;                 ///< Lines are lost while it refuses; null: never.
  };

  /// Makes the folder if missing; goes on in a new file. `env` must outlive it.
  static Result<std::unique_ptr<RecommendationLog>> Open(Env& env, std::string folder, Options options);
  /// Writes what waits.
  ~RecommendationLog();
  RecommendationLog(const RecommendationLog&) = delete;
  RecommendationLog& operator=(const RecommendationLog&) = delete;

  /// Whether lines about this recommendation are wanted: the same answer at every call.
  bool Wants(std::string_view recommendation_id) const;
  /// Never waits for the disk. The line is counted as lost where kWaitingBytesMax wait already.
  void Append(std::string_view line) EXCLUDES(mutex_);

  struct Figures {
    std::uint64_t written_lines = 0;
    std::uint64_t lost_lines = 0;
    std::uint64_t bytes = 0;  ///< Of all files.
  };
  Figures figures() const EXCLUDES(mutex_);

  static constexpr std::size_t kWaitingBytesMax = std::size_t{8} << 20;
  static constexpr std::size_t kBatchBytes = std::size_t{256} << 10;
  /// Room is made by the file: so many there are at most, each of as large a part of bytes_max.
  static constexpr std::size_t kFiles = 16;

 private:
  struct File {
    std::string path;
    std::uint64_t bytes = 0;
  };
  struct Batch {
    std::string text;
    std::uint64_t lines = 0;
  };

  RecommendationLog(Env& env, std::string folder, Options options)
      : env_(env), folder_(std::move(folder)), options_(std::move(options)) {}

  Status FindFiles() EXCLUDES(mutex_);
  void Work() EXCLUDES(mutex_);
  Status Write(const std::string& packed) EXCLUDES(mutex_);
  void MakeRoom() REQUIRES(mutex_);

  // Constant after construction.
  Env& env_;
  const std::string folder_;
  const Options options_;
  // Of the writing thread.
  std::unique_ptr<WritableFile> writer_;  ///< Of files_.back(); null before the first line.
  std::uint64_t next_name_ = 1;
  // Guarded by mutex_.
  mutable Mutex mutex_;
  ConditionVariable changed_;
  Batch waiting_ GUARDED_BY(mutex_);
  bool stops_ GUARDED_BY(mutex_) = false;
  std::deque<File> files_ GUARDED_BY(mutex_);  ///< Oldest first.
  Figures figures_ GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace attune
