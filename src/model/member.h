#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/status.h"
#include "model/feature.h"
#include "model/query.h"
#include "storage/snapshot_file.h"

namespace attune {

/// The memory that a member works in while it scores. One thread at a time; kept between queries.
class MemberScratch {
 public:
  virtual ~MemberScratch() = default;
};

/// One model of what comes next, fitted on a TrainingView. It gives one or more features of each item, which the blend
/// weighs: a feature is on the scale of a log probability, larger is better, finite, and says something about the order
/// of the items within one query alone, so that any number may be added to all its values. Shapes: F features, N items
/// of training. Immutable: any number of threads may score, each with its own scratch.
///
/// Every member has a static Fit(const TrainingView&, …) and a static Load(const SnapshotFile&); the same view,
/// parameters and seed give the same bytes, whatever the number of threads.
class Member {
 public:
  virtual ~Member() = default;

  /// Also the name of its file in the artifact: "neighbours".
  virtual std::string_view name() const = 0;
  /// [F]; names are unique among all members.
  virtual std::span<const std::string_view> feature_names() const = 0;
  /// N
  virtual std::size_t item_count() const = 0;
  virtual std::unique_ptr<MemberScratch> MakeScratch() const = 0;
  /// Fills `features` [F], which are valid until the scratch is used again. Items of the query's history that are >= N
  /// were not part of training and are passed over. `scratch` comes from this member's MakeScratch.
  virtual void Score(const Query& query, MemberScratch& scratch, std::span<Feature> features) const = 0;
  /// Whether Score may round, because there are many items.
  virtual bool rounds() const { return false; }
  /// After Score, and before the scratch is used again: puts what it said of `items` right, in the very arrays that its
  /// dense features view.
  virtual void Refine([[maybe_unused]] std::span<const std::uint32_t> items,
                      [[maybe_unused]] MemberScratch& scratch) const {}
  /// The same as Score, written out: `features` [F, N], row-major.
  void ScoreDense(const Query& query, MemberScratch& scratch, std::span<float> features) const;
  /// Writes everything that Load needs. The caller finishes the file.
  virtual Status Save(SnapshotFileWriter& file) const = 0;
};

}  // namespace attune
