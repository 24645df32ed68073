#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "data/group_clock.h"
#include "data/put_record.h"
#include "data/schema.h"
#include "filter/item_set.h"
#include "model/model_extension.h"
#include "model/recommender_model.h"

namespace attune {

/// The catalogue of one deployed model with the items that joined since it was trained, put one by one or named by an
/// event, and with what was put anew of those that training met. Readers take a snapshot; the rest is for one thread at
/// a time.
class LiveCatalogue {
 public:
  struct Limits {
    std::size_t put_items_max = 100'000;   ///< Items put one by one since the model was trained.
    std::size_t named_items_max = 20'000;  ///< Items that nothing but an event has named since.
    /// Items of training whose attributes others have replaced since. A change of more of them waits for the next
    /// training, and is refused to nobody.
    std::size_t changed_items_max = 100'000;
  };

  explicit LiveCatalogue(std::shared_ptr<const RecommenderModel> model) : LiveCatalogue(std::move(model), Limits{}) {}
  LiveCatalogue(std::shared_ptr<const RecommenderModel> model, Limits limits);

  // For readers.
  /// As of the last Publish.
  std::shared_ptr<const RecommenderModel> Current() const EXCLUDES(mutex_);
  /// Counts publications; nothing where this is not the model of the last one.
  std::optional<std::uint64_t> PublicationOf(const RecommenderModel& model) const EXCLUDES(mutex_);
  /// The newest time of an interaction, in training or since: item ages count from it.
  std::int64_t now_ms() const { return now_ms_.load(std::memory_order_relaxed); }
  /// Up to `count_max` items of `model`, a snapshot of this, that were created at `from_ms` or later, the newest; of
  /// those in `kept` alone, if it is given.
  std::vector<std::uint32_t> CreatedSince(const RecommenderModel& model, std::int64_t from_ms, std::size_t count_max,
                                          const ItemSet* kept = nullptr) const;
  /// Those that the model knows by attributes and counts alone.
  std::vector<std::uint32_t> NewItems(const RecommenderModel& model) const;
  /// LimitExceeded where the items of these ids would be too many together; Ok for known ones. Requests that were
  /// checked at once may go beyond the limit by kOvershootMax: what was taken in joins.
  Status CheckRoom(std::span<const std::string_view> item_ids) const EXCLUDES(mutex_);
  Status CheckRoomForPut(std::span<const std::string_view> item_ids) const EXCLUDES(mutex_);

  // For the one who tells what happens.
  void ObserveTime(std::int64_t event_ms, std::uint64_t who);
  /// The index of an item; nothing if it is unknown.
  std::optional<std::uint32_t> Find(std::string_view item_id) const { return extension_.model().FindItem(item_id); }
  /// What became of an item that somebody named or put.
  struct Joined {
    std::uint32_t item = 0;
    bool is_new = false;       ///< It was not in the catalogue.
    bool has_changed = false;  ///< Its attributes are others now.
  };
  /// Nothing if the item is unknown and there is no room.
  std::optional<Joined> Name(std::string_view item_id, std::int64_t event_ms);
  /// `sequence` of the put in the log: what training has seen, the model knows.
  std::optional<Joined> Put(const Schema& schema, const EntityPut& put, std::uint64_t sequence);
  /// With everything told so far.
  const RecommenderModel& model() const { return extension_.model(); }
  /// Makes it visible to readers.
  void Publish() EXCLUDES(mutex_);

  static constexpr std::size_t kOvershootMax = 4096;

 private:
  /// How many of the ids are of items that are unknown to all.
  std::size_t CountNew(std::span<const std::string_view> item_ids) const EXCLUDES(mutex_);
  /// Whether a put says something new of an item that training met, and there is room for it.
  bool TakesChange(std::uint32_t item, const NewItem& put, std::uint64_t sequence);

  // Constant after construction.
  const Limits limits_;
  std::size_t base_count_ = 0;                                             ///< Items of the model as it was deployed.
  std::vector<std::pair<std::int64_t, std::uint32_t>> warm_newest_first_;  ///< When created, and the item.
  std::vector<std::uint32_t> cold_items_;                                  ///< Of [0, base_count_).
  // For the one thread.
  ModelExtension extension_;
  GroupClock clock_;
  bool is_published_ = true;
  std::size_t changed_count_ = 0;
  // For all.
  std::atomic<std::int64_t> now_ms_;
  std::atomic<std::size_t> put_count_{0};
  std::atomic<std::size_t> named_count_{0};
  // Guarded by mutex_.
  mutable Mutex mutex_;
  std::shared_ptr<const RecommenderModel> current_ GUARDED_BY(mutex_);
  std::uint64_t publication_ GUARDED_BY(mutex_) = 0;
};

}  // namespace attune
