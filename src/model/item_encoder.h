#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "data/training_data.h"
#include "data/vocabulary.h"
#include "model/new_item.h"
#include "storage/snapshot_file.h"

namespace attune {

/// A few numbered features with their values, ascending.
using SparseVector = std::vector<std::pair<std::uint32_t, float>>;

/// Attributes as numbers: a feature per category that at least kRowsMin rows have, per word of a text column likewise,
/// and per knot of a numeric column (knots at quantiles, values between two knots shared linearly). The values of one
/// column have about unit length together. Immutable once fitted.
class ItemEncoder {
 public:
  /// Keeps the kFeaturesMax most frequent features; ties by name.
  static ItemEncoder Fit(const Attributes& attributes, std::size_t row_count);
  static Result<ItemEncoder> Load(const SnapshotFile& file);
  Status Save(SnapshotFileWriter& file) const;

  std::size_t feature_count() const { return features_.size(); }
  std::string_view feature_name(std::uint32_t feature) const { return features_.id(feature); }
  SparseVector Encode(const AttributeValues& values) const;
  SparseVector EncodeRow(const Attributes& attributes, std::size_t row) const;

  static constexpr std::size_t kFeaturesMax = 1024;
  static constexpr std::size_t kRowsMin = 2;
  static constexpr std::size_t kKnotsMax = 10;

 private:
  struct Knots {
    std::string column;
    std::vector<float> values;  ///< Ascending, distinct.
  };

  ItemEncoder() = default;
  void AddNumeric(const std::string& column, float value, SparseVector& out) const;
  void AddNames(const std::vector<std::string>& names, SparseVector& out) const;

  Vocabulary features_;  ///< "GENRES=Drama", "TITLE~word", "YEAR#3"
  std::vector<Knots> knots_;
};

/// The values of one row, as they would come from outside.
AttributeValues RowValues(const Attributes& attributes, std::size_t row);

}  // namespace attune
