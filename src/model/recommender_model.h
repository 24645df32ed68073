#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/added_items.h"
#include "model/artifact.h"
#include "model/member.h"
#include "model/model_parts.h"
#include "model/new_item.h"
#include "model/query.h"
#include "model/replaced_items.h"
#include "storage/env.h"

namespace attune {

/// The newest events of a user that the model was trained on, oldest first.
struct TrainedHistory {
  std::uint32_t user = kNoIndex;  ///< For Query::trained_user.
  std::span<const std::uint32_t> items;
  std::span<const std::int64_t> timestamp_ms;
  std::span<const std::uint32_t> event_type;
  std::span<const float> event_value;
};

/// The memory one thread needs to score. One thread at a time; made by RecommenderModel::MakeScratch of the same model
/// or of one that it was extended from.
struct ScoreScratch {
  std::vector<std::unique_ptr<MemberScratch>> members;
  std::vector<Feature> features;  ///< [F], of the last query.
};

/// What is known about how good an item is, apart from the query: the exploration prior.
struct ItemPrior {
  /// How uncertain the item's log probability is before anybody met it (standard deviation, natural log units), from
  /// how far attributes alone missed on items held out of training.
  float standard_deviation = 0;
  std::uint32_t interactions = 0;  ///< Counted in training.
  std::uint32_t impressions = 0;   ///< Times shown, counted in training; 0 where data has no impressions.
};

/// A trained model, ready to score: what serve/ holds in a snapshot. The catalogue are the items of training [0, N)
/// and those added since [N, item_count()); indexes never change, so an extended model takes the same histories.
/// Immutable: thread-safe without locks.
class RecommenderModel {
 public:
  /// Reads the artifact that train/ wrote. Corrupt for a torn or altered file or a version newer than this program's.
  static Result<std::shared_ptr<const RecommenderModel>> Load(Env& env, const std::string& folder);

  /// The same from what was just fitted.
  static std::shared_ptr<const RecommenderModel> FromParts(Manifest manifest, ModelParts parts);

  /// A model whose catalogue has these items too. An item that is known keeps its index, its counts and, where the new
  /// one has none (0), its time of creation; its attributes are taken anew. If the members met it under others, what
  /// they say of it is changed by what the difference of attributes says (ContentModel::Change). Shares everything else
  /// with this model; see AddedItems and ReplacedItems for the cost.
  std::shared_ptr<const RecommenderModel> WithItems(std::span<const NewItem> items) const;

  std::size_t item_count() const { return parts_->catalogue.ids.size() + additions_.size(); }
  /// Items from here on are known by their attributes and counts alone.
  std::size_t trained_item_count() const { return parts_->trained_item_count; }
  std::optional<std::uint32_t> FindItem(std::string_view item_id) const;
  /// What changed attributes add to the log score of an item that the members know; 0 where nothing changed.
  float ChangeScore(const Query& query, std::uint32_t item) const;
  /// Valid as long as this model.
  std::string_view item_id(std::uint32_t item) const;
  std::int64_t item_created_ms(std::uint32_t item) const;
  /// Whether an item that the members know has other attributes, or another time of creation, than they met it with.
  bool HasChanged(std::uint32_t item) const { return !IsCold(item) && replaced_.Find(item) != nullptr; }
  /// Whether these attributes are not what is known of the item.
  bool WouldChange(std::uint32_t item, const AttributeValues& attributes) const;
  /// Calls `visit` with every item that HasChanged, ascending.
  template <class Visit>
  void ForEachChanged(Visit visit) const {
    replaced_.ForEach([&](std::uint32_t item, const AddedItem& replacement) {
      if (replacement.change) visit(item);
    });
  }
  ItemPrior item_prior(std::uint32_t item) const;
  /// Whether the item is known by its attributes and counts alone.
  bool IsCold(std::uint32_t item) const;
  /// What is known of an item's attributes, as the model's own numbers for them; they hold for every extension.
  std::span<const std::pair<std::uint32_t, float>> item_attributes(std::uint32_t item) const;

  /// "GENRES=War", for people. Valid as long as this model.
  std::string_view attribute_name(std::uint32_t attribute) const { return parts_->content->attribute_name(attribute); }

  std::size_t user_count() const { return parts_->histories.users.size(); }
  /// The newest kHistoryMax events of training; empty with user kNoIndex for an unknown user.
  TrainedHistory FindHistory(std::string_view user_id) const;
  /// The same of a user by index. Requires user < user_count().
  TrainedHistory History(std::uint32_t user) const;
  /// Index of an event type, which compares without case; kNoIndex if training met none of that name.
  std::uint32_t FindEventType(std::string_view event_type) const;

  const Blend& blend() const { return parts_->blend; }
  /// Whether scores depend on Query::user_attributes.
  bool reads_user_attributes() const;

  ScoreScratch MakeScratch() const;
  /// Fills `log_probabilities` [item_count()]: their exponentials sum to 1 over the catalogue. Uses the query's newest
  /// kHistoryMax events. Deterministic.
  void ScoreAll(const Query& query, ScoreScratch& scratch, std::span<float> log_probabilities) const;

  /// Events of the log after this one are new to the model.
  std::uint64_t log_sequence() const { return manifest_->log_sequence; }
  /// Attributes that were put after this one are new to the members.
  std::uint64_t fitted_log_sequence() const { return manifest_->fitted_log_sequence; }
  std::int64_t newest_interaction_ms() const { return manifest_->newest_interaction_ms; }
  const Manifest& manifest() const { return *manifest_; }

  static constexpr std::size_t kHistoryMax = 200;

 private:
  friend class ModelExtension;
  RecommenderModel() = default;
  /// Takes in one more item, or what is new about one; gives its index.
  std::uint32_t AddItem(const NewItem& item);
  /// The item as it is now: an addition, or nothing where the artifact's own entry holds.
  const AddedItem* FindAddition(std::uint32_t item) const;
  const ItemContent& ContentOf(std::uint32_t item) const;
  std::uint64_t EventsSince(std::uint32_t item) const;
  ColdTaste TasteOf(const Query& query) const;
  AddedItem Replacement(std::uint32_t item, const NewItem& with) const;
  float ColdScore(std::uint32_t item, const ColdTaste& taste) const;
  /// Adds what changed attributes of items that the members know say.
  void AddChanges(const ColdTaste& taste, std::span<float> scores) const;
  /// `log_warm`: log Σ exp of the scores of all others, which are not normalised yet. Returns that of the cold ones.
  float ScoreColdItems(const Query& query, const ColdTaste& taste, float log_warm, std::span<float> scores) const;

  // Constant after construction.
  std::shared_ptr<const Manifest> manifest_;
  std::shared_ptr<const ModelParts> parts_;                       ///< Shared by all extensions.
  std::shared_ptr<const std::vector<std::uint32_t>> cold_items_;  ///< Of the artifact's catalogue, ascending.
  AddedItems additions_;                                          ///< Item parts_->catalogue.ids.size() + i.
  ReplacedItems replaced_;                                        ///< Of the artifact's catalogue.
};

}  // namespace attune
