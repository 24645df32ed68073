#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "model/training_view.h"
#include "storage/snapshot_file.h"

namespace attune {

/// The histories of all users in one array, and where in it each item occurs. Users' histories are separated by
/// kGap, so that a walk from an occurrence stops at the end of its user. Immutable once made.
struct SequenceIndex {
  /// More than this many interactions of one user are cut to the newest.
  static constexpr std::size_t kUserEventsMax = 2500;
  /// Occurrences of one item beyond this many are cut to the newest.
  static constexpr std::size_t kOccurrencesMax = 20'000;

  std::uint32_t item_count = 0;
  /// Stands between users, before the first and after the last: an index one past the items.
  std::uint32_t gap() const { return item_count; }

  std::vector<std::uint32_t> items;       ///< Histories, oldest event first, and gaps.
  std::vector<std::uint32_t> user_begin;  ///< [users + 1]: where user u's first event stands; a gap precedes it.
  std::vector<std::uint32_t> occurrence_offsets;  ///< [item_count + 1]
  /// Positions in `items`, for each item newest event first (ties: later user first).
  std::vector<std::uint32_t> occurrences;

  std::span<const std::uint32_t> Occurrences(std::uint32_t item) const {
    return std::span(occurrences)
        .subspan(occurrence_offsets[item], occurrence_offsets[item + 1] - occurrence_offsets[item]);
  }
  std::size_t user_count() const { return user_begin.size() - 1; }
  std::uint32_t UserBegin(std::uint32_t user) const { return user_begin[user]; }
  /// One past the user's last event: where the gap stands.
  std::uint32_t UserEnd(std::uint32_t user) const { return user_begin[user + 1] - 1; }

  static SequenceIndex Build(const TrainingView& view);
  Status Save(SnapshotFileWriter& file) const;
  /// Corrupt where an index points outside.
  static Result<SequenceIndex> Load(const SnapshotFile& file);
};

}  // namespace attune
