#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "model/training_view.h"
#include "storage/snapshot_file.h"

namespace attune {

/// What type and value of one event add to a model's input: so much of each of these rows; nothing where weights are 0.
struct EventInput {
  std::array<std::uint32_t, 3> rows{};
  std::array<float, 3> weights{};

  friend bool operator==(const EventInput&, const EventInput&) = default;
};

/// Types and values of events as weights of E rows: one for each of the most frequent types but the first, and one for
/// each knot of the values. Knots stand at quantiles, or at every value where there are few, and a value between two is
/// shared between them linearly, so no scale matters and an outlier is like the last knot. Of each of both one has no
/// row, to which those with rows are compared and unknown ones are alike: the most frequent type, which stands for rare
/// ones too; the missing value, or where training misses none the middle knot. Immutable.
class EventEncoder {
 public:
  /// No rows: events add nothing.
  EventEncoder() = default;
  static EventEncoder Fit(const TrainingView& view);
  /// Of a file without its sections: no rows. Corrupt for knots that do not ascend and types that come twice.
  static Result<EventEncoder> Load(const SnapshotFile& file);
  /// Writes sections only if there are rows.
  Status Save(SnapshotFileWriter& file) const;

  /// E
  std::size_t row_count() const;
  /// `type` is an index into the model's event types or kNoIndex, `value` may be kMissing.
  EventInput Encode(std::uint32_t type, float value) const;

  static constexpr std::size_t kTypesMax = 16;  ///< That have a row.
  static constexpr std::size_t kKnotsMax = 8;
  static constexpr std::size_t kRowsMax = kTypesMax + kKnotsMax;

 private:
  void AddKnot(std::size_t knot, float weight, std::size_t place, EventInput& input) const;

  std::vector<std::uint32_t> types_;     ///< That have rows, in their order; kNoIndex stands for none.
  std::vector<float> knots_;             ///< Ascending.
  std::uint32_t empty_knot_ = kNoIndex;  ///< The one without a row.
};

}  // namespace attune
