#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "explore/contenders.h"
#include "explore/policy.h"
#include "explore/posterior.h"
#include "explore/user_factors.h"
#include "filter/item_set.h"
#include "model/recommender_model.h"
#include "serve/few_taken.h"
#include "serve/group_log.h"
#include "serve/live_catalogue.h"
#include "serve/newest_items.h"
#include "serve/prepared_slate.h"
#include "serve/recent_keys.h"

namespace attune {

/// What one deployed model knows that came after its training: items that joined, what is believed of those that may be
/// explored, and the choice of which to show. It is nothing but what the records of its group's log tell, in their
/// order: the same records give the same bytes. Choosing is thread-safe and takes no lock of those who tell; telling is
/// for one thread at a time.
class Exploration {
 public:
  struct Options {
    std::string event_type;     ///< Of the events that are rewards; "" for all. Compared without case.
    std::string artifact_name;  ///< Names the model.
    LiveCatalogue::Limits limits;
    /// Numbers that tell users apart, so that an item may do better with some of them; 0: none.
    std::size_t factor_count = 8;
    bool shares_attributes = true;  ///< Items with common attributes learn from each other.
    /// Old items that hardly anybody met; so many are explored at a time.
    std::size_t unmet_max = FewTaken::kUnmetMax;
  };

  explicit Exploration(std::shared_ptr<const RecommenderModel> model) : Exploration(std::move(model), Options{}) {}
  Exploration(std::shared_ptr<const RecommenderModel> model, Options options);

  /// Takes the next record. `item_schema` is of the items that are put; without it they are passed over. Readers see
  /// items that joined after Publish, and what was learned at once.
  void Apply(const GroupRecord& record, const Schema* item_schema);
  void Publish() { catalogue_.Publish(); }

  struct Slate {
    std::size_t size = 25;
    double weight = 0;              ///< explorationWeight, in [0, 1].
    double age_cut_off_days = 30;   ///< Items older than this may be explored only where few took them (FewTaken).
    const ItemSet* kept = nullptr;  ///< The items that may be shown at all; null for all of them.
  };
  /// What a list is drawn from; its choices are items of `model`, a snapshot of catalogue(). `factors` are of the user.
  /// Who could be drawn is left in `contenders`, if that is given: its indexes are items of `model` too, its scores log
  /// probabilities. It holds as long as revision() stays what it was before the call. Requires a weight above 0: at 0
  /// the plain ranking is served.
  std::unique_ptr<PreparedSlate> Prepare(const RecommenderModel& model, std::span<const float> log_probabilities,
                                         std::span<const float> factors, const Slate& slate,
                                         Contenders* contenders = nullptr) const;
  /// How many records were taken: what is believed and who may be explored change with nothing else.
  std::uint64_t revision() const { return revision_.load(std::memory_order_acquire); }

  const std::string& artifact_name() const { return artifact_name_; }
  /// Where a user stands by the model's measure, from the scores that Prepare takes; empty where users cannot be told
  /// apart.
  std::vector<float> FactorsOf(std::span<const float> log_probabilities) const;

  /// What was shown and learned so far. All but the first two follow from the log. New items are those that the members
  /// of the model were not trained on.
  struct Figures {
    std::uint64_t served_items = 0;  ///< Since the start, as the next.
    std::uint64_t explored_items = 0;
    std::uint64_t new_impressions = 0;
    std::uint64_t new_clicks = 0;
    std::uint64_t old_impressions = 0;
    std::uint64_t old_clicks = 0;
    std::uint64_t new_items = 0;
    std::uint64_t never_shown = 0;  ///< Of the new items.
    std::vector<float> deviations;  ///< Of the beliefs in the new items, ascending.
  };
  /// Cost O(new items).
  Figures figures() const;
  void CountServed(std::size_t items, std::size_t explored) const {
    served_items_.fetch_add(items, std::memory_order_relaxed);
    explored_items_.fetch_add(explored, std::memory_order_relaxed);
  }

  const LiveCatalogue& catalogue() const { return catalogue_; }
  const std::string& event_type() const { return event_type_; }
  double spread() const { return spread_; }
  const Posterior& posterior() const { return posterior_; }

  /// How many of the best items by plain score compete with the eligible ones.
  static constexpr std::size_t kCandidatesMin = 300;
  /// Of an item that everybody knows; the posterior takes 0 for its default.
  static constexpr double kDeviationMin = 1e-3;
  /// Items and people by whose scores users are told apart; fewer people where a catalogue is so large that scoring it
  /// kScoresMax / its size times takes long.
  static constexpr std::size_t kAnchorsMax = 256;
  static constexpr std::size_t kSampledUsersMax = 512;
  static constexpr std::size_t kSampledUsersMin = 64;
  static constexpr std::size_t kScoresMax = 10'000'000;
  /// The items that may be explored at once, the newest first, so that a catalogue of new items alone costs no more.
  static constexpr std::size_t kEligibleMax = 20'000;
  /// Of one request, told to those who ask for them.
  static constexpr std::size_t kContendersMax = 500;
  /// Unknown items of impressions whose showings are kept until they are put, the newest, and showings of one of them.
  static constexpr std::size_t kAwaitedItemsMax = 10'000;
  static constexpr std::size_t kAwaitedShowingsMax = 32;
  /// Events by eventId, and clicks on lists, that count no second time.
  static constexpr std::size_t kRecentMax = 100'000;

 private:
  void ApplyEvent(const Event& event, std::uint64_t sequence);
  void ApplyPut(const Schema& schema, const EntityPut& put, std::uint64_t sequence);
  void Welcome(const LiveCatalogue::Joined& joined);
  void SetPrior(const RecommenderModel& model, std::uint32_t item);
  void Learn(const Event& event, std::uint64_t sequence);
  struct Candidates {
    std::vector<std::uint32_t> items;      ///< [N], ascending.
    std::vector<float> log_probabilities;  ///< [N]
    std::vector<std::uint8_t> eligible;    ///< [N], 1: may be explored.
  };
  /// The best of the kept items by plain score, and of those that may be explored all that anything believed of them
  /// can bring into the slate at `weight` or below.
  Candidates Gather(const RecommenderModel& model, std::span<const float> log_probabilities, const Slate& slate,
                    double weight) const;
  /// Of the user who saw the list, if this model made it.
  std::span<const float> FactorsOf(const Event& event) const;
  void Await(const std::string& item_id, const Impression& impression);

  // Constant after construction.
  const std::string event_type_;
  const std::string artifact_name_;
  const double spread_;  ///< Of a user's log probabilities over the catalogue: how uncertain an unmet item is.
  const std::uint64_t trained_sequence_;
  const bool shares_attributes_;
  std::vector<std::uint32_t> anchors_;  ///< Items by whose scores users are told apart.
  const UserFactors user_factors_;
  const FewTaken few_taken_;
  const std::size_t unmet_max_;
  // Synchronises itself where readers come.
  LiveCatalogue catalogue_;
  Posterior posterior_;
  NewestItems newest_items_;
  // For all.
  std::atomic<std::uint64_t> revision_{0};
  mutable std::atomic<std::uint64_t> served_items_{0};
  mutable std::atomic<std::uint64_t> explored_items_{0};
  std::array<std::atomic<std::uint64_t>, 2> impressions_{};  ///< Of old items, of new ones.
  std::array<std::atomic<std::uint64_t>, 2> clicks_{};
  // For the one thread.
  std::unordered_map<std::string, std::vector<Impression>> awaited_;
  std::deque<std::string> awaited_order_;  ///< Of awaited_, oldest first, and of some that were put meanwhile.
  RecentKeys met_events_{kRecentMax};
  RecentKeys clicked_showings_{kRecentMax};  ///< Lists with an item of theirs.
};

}  // namespace attune
