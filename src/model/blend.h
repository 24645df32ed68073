#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/feature.h"
#include "model/query.h"
#include "storage/snapshot_file.h"

namespace attune {

/// What the blend knows of an item of the history beside the members' features.
inline constexpr std::size_t kRepeatFeatures = 3;

/// An item of a history and what the blend wants to know of it.
struct RepeatedItem {
  std::uint32_t item;
  float values[kRepeatFeatures];  ///< 1, log(age), log(times taken); age 1 is the newest event.
};

/// Each item of the history once, newest first; items >= item_count are passed over.
std::vector<RepeatedItem> RepeatedItems(std::span<const std::uint32_t> history, std::size_t item_count);

/// How the members' features become one score: a log-linear pool whose weights move with the logarithm of the
/// history's length, plus what it means that an item is in the history already. A user without history is scored by
/// popularity alone. Plain data; fitted by train/blend_fit. Shapes: F features of all members, N items.
struct Blend {
  std::vector<std::string> feature_names;  ///< [F] the members', in order.
  std::vector<float> weights;              ///< [F + kRepeatFeatures]
  std::vector<float> by_length;            ///< [F + kRepeatFeatures], times LengthFactor.
  std::vector<float> empty_weights;        ///< [F]: for queries without history.
  double typical_length = 1;

  /// log(length / typical_length), within ±3.
  float LengthFactor(std::size_t length) const;

  /// Of a feature, for a query with a history of that many events.
  float Weight(std::size_t feature, std::size_t length) const {
    return length == 0 ? empty_weights[feature] : weights[feature] + by_length[feature] * LengthFactor(length);
  }

  /// scores[i] [N] = Σ over `features` [F] of weight · feature.
  void Apply(const Query& query, std::span<const Feature> features, std::span<float> scores) const;

  /// What being in the history adds to an item's score.
  float RepeatScore(const RepeatedItem& repeated, std::size_t length) const;

  Status Save(SnapshotFileWriter& file) const;
  static Result<Blend> Load(const SnapshotFile& file);
};

}  // namespace attune
