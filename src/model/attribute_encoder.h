#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "data/training_data.h"
#include "data/vocabulary.h"
#include "model/new_item.h"
#include "model/query.h"
#include "storage/snapshot_file.h"

namespace attune {

/// A few numbered features with their values, ascending.
using SparseVector = std::vector<std::pair<std::uint32_t, float>>;

/// Attributes as numbers: a feature per category that at least kRowsMin rows have, per word of a text column likewise,
/// and per knot of a numeric column (knots at quantiles, values between two knots shared linearly). The values of one
/// column have about unit length together. Immutable once fitted.
class AttributeEncoder {
 public:
  /// Keeps the kFeaturesMax most frequent features; ties by name.
  static AttributeEncoder Fit(const Attributes& attributes, std::size_t row_count);
  static Result<AttributeEncoder> Load(const SnapshotFile& file);
  Status Save(SnapshotFileWriter& file) const;

  std::size_t feature_count() const { return features_.size(); }
  std::string_view feature_name(std::uint32_t feature) const { return features_.id(feature); }
  SparseVector Encode(const AttributeValues& values) const;
  SparseVector EncodeRow(const Attributes& attributes, std::size_t row) const;
  /// The same from texts as a request brings them: a numeric column's are read as numbers, others hold categories
  /// between '|' or words. Names of columns compare without case; what the encoder does not know says nothing.
  SparseVector Encode(std::span<const NamedValue> values) const;

  static constexpr std::size_t kFeaturesMax = 1024;
  static constexpr std::size_t kRowsMin = 2;
  static constexpr std::size_t kKnotsMax = 10;

 private:
  struct Knots {
    std::string column;
    std::vector<float> values;  ///< Ascending, distinct.
  };

  AttributeEncoder() = default;
  void AddNumeric(const std::string& column, float value, SparseVector& out) const;
  void AddNames(const std::vector<std::string>& names, SparseVector& out) const;
  void FindColumns();

  Vocabulary features_;  ///< "GENRES=Drama", "TITLE~word", "YEAR#3"
  std::vector<Knots> knots_;
  std::vector<std::string> columns_;  ///< Of all features.
};

/// One row of attributes as texts: what Encode makes of them is what EncodeRow makes of the row. Owns them.
class RowTexts {
 public:
  RowTexts(const Attributes& attributes, std::size_t row);
  std::span<const NamedValue> values() const { return values_; }

 private:
  std::deque<std::string> owned_;
  std::vector<NamedValue> values_;
};

/// The values of one row, as they would come from outside.
AttributeValues RowValues(const Attributes& attributes, std::size_t row);

}  // namespace attune
