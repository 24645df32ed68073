#pragma once

#include <memory>
#include <vector>

#include "model/member.h"
#include "model/sequence_index.h"

namespace attune {

/// What people who were in the same place did next. A place is an occurrence, in somebody else's history, of one of
/// the query's newest items; it counts by how much of what came before it there the query shares (its local context).
/// The heaviest places vote for what stands near them. Three features: votes from the newest kPlacesRead items; votes
/// just ahead, weighed by how alike the two whole histories are; votes from the newest item alone.
///
/// Work per query is bounded: at most kMatchesMax places are looked at, newest first, whatever the size of the log.
class SequentialNeighbours final : public Member {
 public:
  static std::unique_ptr<SequentialNeighbours> Fit(std::shared_ptr<const SequenceIndex> index);
  static Result<std::unique_ptr<Member>> Load(const SnapshotFile& file);

  std::string_view name() const override { return "neighbours"; }
  std::span<const std::string_view> feature_names() const override;
  std::size_t item_count() const override { return index_->item_count; }
  std::unique_ptr<MemberScratch> MakeScratch() const override;
  void Score(const Query& query, MemberScratch& scratch, std::span<Feature> features) const override;
  Status Save(SnapshotFileWriter& file) const override;

  /// Newest items of the history whose occurrences elsewhere are places.
  static constexpr std::size_t kPlacesRead = 10;
  /// Places looked at per query.
  static constexpr std::size_t kMatchesMax = 20'000;
  /// Occurrences looked at per query to tell how alike whole histories are.
  static constexpr std::size_t kSimilarityMatchesMax = 100'000;

 private:
  struct Scratch;
  struct Match;

  explicit SequentialNeighbours(std::shared_ptr<const SequenceIndex> index);

  /// Of the occurrences of an item.
  std::span<const std::uint32_t> Owners(std::uint32_t item) const;
  void WeighHistory(const Query& query, Scratch& scratch) const;
  void MeasureSimilarity(const Query& query, Scratch& scratch) const;
  float LocalContext(std::uint32_t position, const std::vector<float>& weights) const;
  void FindMatches(std::uint32_t item, const Query& query, std::size_t matches_max, Scratch& scratch) const;
  void Vote(std::vector<Match>& matches, const struct NeighbourVotes& votes, std::size_t age, float loudness,
            class SparseScores& scores) const;

  const std::shared_ptr<const SequenceIndex> index_;
  std::vector<std::uint32_t> owners_;  ///< User of each of the index's occurrences, beside them: read in one go.
  std::vector<float> rarity_;          ///< log(users / occurrences). [N]
  std::vector<float> length_scale_;    ///< 1 / sqrt(length of history). [users]
};

}  // namespace attune
