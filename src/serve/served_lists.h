#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "data/put_record.h"
#include "storage/env.h"

namespace attune {

/// A list that was served: what an event with its recommendationId says was shown.
struct ServedList {
  std::string deployment;  ///< The key under which it was served.
  std::string model;       ///< Names the model that made it.
  std::string user_id;
  std::int64_t served_ms = 0;         ///< Since 1970 UTC.
  std::vector<std::string> item_ids;  ///< In the order of the list.
  std::vector<float> scores;          ///< Natural log of each item's probability.
  std::vector<float> propensities;    ///< The chance each item had to be in the list; 1 where nothing was drawn.
  std::vector<float> factors;         ///< Of the user, by the model's measure; may be empty.
};

/// Remembers served lists by recommendationId, for a time, up to a number and up to a size, in files of a folder of its
/// own (docs/formats/served_lists.md). What was remembered survives the death of the process at once, and a power cut
/// once the system wrote it out; an event that is stored carries its list with it, and is not in danger. In memory
/// stand some 50 bytes a list. Thread-safe.
class ServedLists {
 public:
  struct Limits {
    std::chrono::milliseconds keep_for = std::chrono::hours(48);
    std::size_t lists_max = 1'000'000;
    std::uint64_t bytes_max = std::uint64_t{1} << 30;
  };

  /// With the lists that the folder holds; makes it if missing. A record that a crash tore is passed over with what
  /// stands behind it in its file. `env` and `clock` must outlive it.
  static Result<std::unique_ptr<ServedLists>> Open(Env& env, std::string folder, const Clock& clock, Limits limits);
  static Result<std::unique_ptr<ServedLists>> Open(Env& env, std::string folder, const Clock& clock) {
    return Open(env, std::move(folder), clock, Limits{});
  }

  /// Of two lists of one id the first stays. One write, no sync.
  Status Remember(std::string_view recommendation_id, ServedList list) EXCLUDES(mutex_);
  /// Nothing for an id that was never given, is too old, or had to make room.
  std::optional<ServedList> Find(std::string_view recommendation_id) const EXCLUDES(mutex_);
  std::size_t size() const EXCLUDES(mutex_);
  std::uint64_t bytes() const EXCLUDES(mutex_);

  /// Writes down with the event what its recommendationId stands for, if that is known. The first event of a list tells
  /// that it was shown. Call before the event is stored, and Withdraw it if that fails.
  void Resolve(Event* event) EXCLUDES(mutex_);
  void Withdraw(const Event& event) EXCLUDES(mutex_);
  /// An event that was stored earlier told that its list was shown.
  void MarkObserved(const Event& event) EXCLUDES(mutex_);

  /// Room is made by the file: so many there are at most, each of as large a part of the limits.
  static constexpr std::size_t kFiles = 16;

 private:
  struct File {
    std::string path;
    std::shared_ptr<const RandomFile> reader;
    std::uint64_t bytes = 0;
    std::int64_t newest_ms = 0;
    std::vector<std::uint64_t> keys;
  };
  struct Place {
    std::uint64_t file = 0;
    std::uint64_t offset = 0;
    std::uint32_t bytes = 0;
    bool observed = false;
  };

  ServedLists(Env& env, std::string folder, const Clock& clock, Limits limits)
      : env_(env), folder_(std::move(folder)), clock_(clock), limits_(limits) {}

  Status Load(const std::string& name) REQUIRES(mutex_);
  Status StartFile() REQUIRES(mutex_);
  void Insert(std::uint64_t key, std::int64_t served_ms, Place place) REQUIRES(mutex_);
  void MakeRoom() REQUIRES(mutex_);
  void SetObserved(std::string_view recommendation_id, bool observed) EXCLUDES(mutex_);

  // Constant after construction.
  Env& env_;
  const std::string folder_;
  const Clock& clock_;
  const Limits limits_;
  // Guarded by mutex_.
  mutable Mutex mutex_;
  std::deque<File> files_ GUARDED_BY(mutex_);        ///< Oldest first.
  std::uint64_t first_file_ GUARDED_BY(mutex_) = 0;  ///< The number of files_.front().
  std::uint64_t next_name_ GUARDED_BY(mutex_) = 1;
  std::unique_ptr<WritableFile> writer_ GUARDED_BY(mutex_);  ///< Of files_.back(); null before the first list.
  std::unordered_map<std::uint64_t, Place> places_ GUARDED_BY(mutex_);  ///< By a hash of the id.
  std::uint64_t bytes_ GUARDED_BY(mutex_) = 0;
};

}  // namespace attune
