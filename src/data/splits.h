#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "data/training_data.h"

namespace attune {

/// Of each user u the interactions [begin[u], end[u]): a part of the training data, without a copy.
struct HistoryRanges {
  std::vector<std::uint32_t> begin;  ///< [users]
  std::vector<std::uint32_t> end;    ///< [users]
};

/// A question to a model: after the user's interactions [begin, truth_begin) come those of [truth_begin, truth_end).
struct HeldOut {
  std::uint32_t user = 0;
  std::uint32_t begin = 0;
  std::uint32_t truth_begin = 0;
  std::uint32_t truth_end = 0;
};

struct Split {
  HistoryRanges training;         ///< What a model may be fitted on.
  std::vector<HeldOut> held_out;  ///< What it is asked, by user.
};

/// Whether the user belongs to the tested tenth. Depends on the id and the seed alone, so that a user stays on one
/// side whatever else comes or goes.
bool IsTestUser(std::string_view user_id, std::uint64_t seed);

/// As the service measures: nine tenths of the users train; of each of the others with at least two interactions the
/// newest tenth (rounded down, at least one) is the truth and the older ones are input.
Split SplitUsers(const TrainingData& data, std::uint64_t seed);

/// Each user's last interaction is held out from users with at least three, and with `kValidation` the one before it
/// instead; training ends before both. Users with fewer train with all they have.
enum class LeaveOut { kTest, kValidation };
Split SplitLastOne(const TrainingData& data, LeaveOut leave_out);

/// Interactions from `cut_ms` on are the truth, older ones train; users without older ones are not asked.
Split SplitByTime(const TrainingData& data, std::int64_t cut_ms);

/// A moment with about this share of all interactions before it, 0 … 1.
std::int64_t TimeQuantile(const TrainingData& data, double share);

}  // namespace attune
