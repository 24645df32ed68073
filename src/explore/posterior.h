#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/mutex.h"
#include "base/status.h"
#include "explore/click_calibration.h"
#include "explore/examination.h"

namespace attune {

/// What came of showing an item at a place.
enum class Feedback : std::uint8_t {
  kIgnored,
  kClicked,
  kClickedLater,  ///< It was told as ignored before; the same showing was clicked after all.
};

/// One item of a list that was shown.
struct Impression {
  std::uint32_t item = 0;
  std::uint32_t rank = 1;  ///< Its place in the list, from 1.
  float score = 0;  ///< The model's, as when the list was made; NaN where that is not known: then it counts as average.
  Feedback feedback = Feedback::kIgnored;
};

/// What is believed of one item for one user, in units of the score.
struct Belief {
  float mean = 0;  ///< How much better it does than its score says: own and user factors . directions.
  /// Standard deviation of own, with what SetItem says of an item that nobody looked at. That of the directions is left
  /// out: a wrong guess of one user's taste is put right by what is known of everybody's, and a draw for every item and
  /// user would go on for as long as there are more of them than clicks.
  float deviation = 0;
  float shared_weight = 0;    ///< How far each of its attributes' effects adds to the mean; falls as it is shown.
  std::uint32_t clicked = 0;  ///< Times.
  float ignored = 0;          ///< Times, each as far as it was probably looked at.
  std::uint8_t attribute_count = 0;
  std::array<std::uint16_t, 16> attributes{};  ///< Effects it shares with other items; the first is being new.
  float attribute_scale = 0;                   ///< How much each effect but the first counts.
};

/// For every item, how much better or worse it does than its attributes suggest. The model says log p(item | user) = s;
/// here the truth is taken to be s + c, with
///
///     c = sum of effects of the item's attributes + own + user factors . directions of the item
///
/// each of them Gaussian. A showing is a click with probability examination(rank) * sigmoid(a + b (s + c)); a and b are
/// learned (ClickCalibration). Own and directions [1 + D] have a joint Gaussian per item, updated by one step of an
/// extended Kalman filter a showing: what was not clicked counts as far as it was probably looked at. The effects of
/// attributes ("being new" is one that all share) learn from each item as much as it can tell of them: an item shown a
/// thousand times is still one item. No clock is read and no time is kept: only the order of calls matters, so a
/// replay of the same calls gives the same bytes.
///
/// Items are dense indexes given by the caller, below items_max. Memory: 68 bytes an item, and once it was shown
/// 2 (D + 1)(D + 4) bytes more (216 at D = 8).
///
/// Threads: SetItem, Forget, Observe, Relax and Serialize exclude each other. Readers (Believe) take no lock and
/// are never kept waiting: each item's numbers carry a version, odd while they are being written, and a reader that met
/// a write reads that item again. So a belief is whole, and what Observe wrote is seen by every call that begins after
/// its return; two items of one request may be one event apart.
class Posterior {
 public:
  struct Options {
    std::size_t factor_count = 0;          ///< D of UserFactors, at most UserFactors::kFactorsMax.
    double item_deviation = 0.9;           ///< Prior of own, for items whose SetItem does not say otherwise.
    double factor_deviation = 0.5;         ///< Prior of factors . directions over all D.
    double attribute_deviation = 0.3;      ///< Prior of one attribute's effect.
    bool scores_are_click_logits = false;  ///< Simulations know the click model; a service learns it.
    std::size_t items_max = 1'000'000;
  };

  explicit Posterior(const Options& options);
  ~Posterior();
  Posterior(const Posterior&) = delete;
  Posterior& operator=(const Posterior&) = delete;

  const Options& options() const { return options_; }

  /// What is known of an item before it is shown: `deviation` of its correction (0: the default) and its attributes as
  /// any numbers of the caller's (a hash of column and category). The first kAttributesPerItemMax count. Beliefs are
  /// wider by `unmet_deviation` / (1 + times it was looked at), so that an item is seen at all, whatever its score;
  /// nothing is learned by it. May be called again when attributes change; the deviations of an item that was shown
  /// before stay. LimitExceeded from items_max on.
  Status SetItem(std::uint32_t item, double deviation, std::span<const std::uint64_t> attributes,
                 double unmet_deviation = 0) EXCLUDES(mutex_);
  /// The item is as it was before its first impression.
  void Forget(std::uint32_t item) EXCLUDES(mutex_);

  /// One list with what came of it; `factors` [D] of the user who saw it, or empty where they are not known. Items at
  /// or above items_max are passed over, the rest counts, and LimitExceeded is returned.
  Status Observe(std::span<const Impression> list, std::span<const float> factors) EXCLUDES(mutex_);

  /// What is believed of an item for a user. `factors` [D] or empty (the average user). Never waits.
  Belief Believe(std::uint32_t item, std::span<const float> factors) const;
  /// How often an item was shown, as far as it was looked at: part of what Believe says, at less cost.
  struct Meetings {
    std::uint32_t clicked = 0;
    float ignored = 0;
  };
  Meetings MeetingsOf(std::uint32_t item) const;
  /// Believe will soon be asked of the item: its memory is fetched meanwhile.
  void Expect(std::uint32_t item) const;
  /// Mean and standard deviation of an attribute's effect.
  struct Effect {
    float mean = 0;
    float deviation = 0;
  };
  Effect AttributeEffect(std::uint16_t attribute) const;

  /// How far what is believed of an item can move its score up or down, for any user: its expected correction, and
  /// kReach standard deviations of its own part and of each of its attributes. A look at few numbers in a row, for
  /// those who sift many items before they ask Believe; exact where nobody writes meanwhile.
  struct Reach {
    float own = 0;         ///< Of the item by itself: at least kReach times Belief::deviation.
    float attributes = 0;  ///< Of all its attributes together.
  };
  /// Those of `items`, in their order, whose scores `reaches(item, Reach)` says may count.
  template <class Reaches>
  void Sift(std::span<const std::uint32_t> items, const Reaches& reaches, std::vector<std::uint32_t>& kept) const;

  ExaminationCurve examination() const EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return examination_;
  }
  /// The chance of a click by one who looks, as a logit, at a (corrected) score.
  ClickCalibration calibration() const EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return calibration_;
  }

  /// Everything told and learned, the same bytes after the same calls, with a version and a checksum.
  std::string Serialize() const EXCLUDES(mutex_);
  /// Corrupt for altered or torn bytes or a version newer than this program's, InvalidArgument for other options than
  /// those it was written with, LimitExceeded for an item beyond options.items_max.
  static Result<std::unique_ptr<Posterior>> Parse(const Options& options, std::string_view bytes);

  /// A new model was published: its scores hold part of what was learned here, and their scale may differ. Every belief
  /// goes back towards its prior, `keep` of it stays (1: all, 0: nothing), and the click calibration starts anew.
  /// Requires 0 <= keep <= 1.
  void Relax(double keep) EXCLUDES(mutex_);

  static constexpr std::size_t kAttributesPerItemMax = 15;
  /// Attributes fall into that many effects by a hash; those that collide share one.
  static constexpr std::size_t kEffectsMax = 4096;
  /// Standard deviations; beyond them lies less than one draw in a million.
  static constexpr float kReach = 4.8F;

 private:
  static constexpr std::size_t kChunkItems = 1024;
  static constexpr std::size_t kDimensionsMax = 17;

  /// Written under mutex_, between two raises of version; read by anybody. Atomics, so that no read is torn.
  struct Item {
    std::atomic<std::uint32_t> version{0};
    std::atomic<float> prior_variance{0};
    std::atomic<std::atomic<float>*> numbers{nullptr};  ///< Mean [D + 1], lower triangle of the covariance by rows.
    std::atomic<std::uint32_t> clicked{0};
    std::atomic<float> ignored{0};
    std::atomic<float> unmet_deviation{0};
    std::atomic<std::uint8_t> shown{0};  ///< 1 once numbers count.
    std::atomic<std::uint8_t> attribute_count{0};
    std::array<std::atomic<std::uint16_t>, kAttributesPerItemMax + 1> attributes{};
  };
  struct Chunk {
    std::array<Item, kChunkItems> items;
    /// What Sift reads, beside each other: Reach::own and how much effects count together, each rounded up to the upper
    /// half of a float. Written under mutex_ whenever the item is.
    std::array<std::atomic<std::uint32_t>, kChunkItems> reaches;
    std::vector<std::unique_ptr<std::atomic<float>[]>> numbers;  ///< Owns what items point to; under mutex_.
  };
  struct Numbers;  // An item's mean and covariance, copied out.
  struct Projection {
    float own_prior = 0;
    float mean = 0;
    float own_variance = 0;
    float first = 0;
  };

  std::size_t dimensions() const { return options_.factor_count + 1; }
  std::size_t number_count() const { return dimensions() * (dimensions() + 3) / 2; }
  Item* FindOrMake(std::uint32_t item) REQUIRES(mutex_);
  const Item* Find(std::uint32_t item) const;
  void LoadPrior(double own_variance, Numbers& numbers) const;
  void Load(const Item& item, Numbers& numbers) const;
  void Store(Item& item, const Numbers& numbers) REQUIRES(mutex_);
  void ObserveOne(const Impression& impression, std::span<const float> x) REQUIRES(mutex_);
  std::atomic<float>* MakeNumbers(std::uint32_t index, Item& item) REQUIRES(mutex_);
  void LearnClicks(const Impression& impression, double corrected, double variance, double weight, double predicted)
      REQUIRES(mutex_);
  void SerializeItem(std::uint32_t index, const Item& item, ByteWriter& writer) const REQUIRES(mutex_);
  Status ReadState(ByteReader& reader) EXCLUDES(mutex_);
  Status ReadItem(std::uint32_t index, ByteReader& reader) REQUIRES(mutex_);
  void LearnEffects(const Item& item, double precision, double information) REQUIRES(mutex_);
  void StateReach(std::uint32_t index) REQUIRES(mutex_);
  void RaiseEffectReach(std::uint64_t effect) REQUIRES(mutex_);
  Effect SharedEffect(const Item& item) const;
  Projection Project(const Item& item, std::span<const float> x) const;

  // Constant after construction.
  const Options options_;
  const float factor_variance_;      // Of one factor's direction.
  const std::uint32_t unmet_reach_;  // Of an item of which nothing was told.
  std::unique_ptr<std::atomic<Chunk*>[]>
      chunks_;  // [items_max / kChunkItems, rounded up]; entries synchronise themselves.
  std::unique_ptr<std::atomic<std::uint64_t>[]> effects_;  // [kEffectsMax], mean and variance as two floats.
  // Written under mutex_, read by anybody.
  std::atomic<float> effect_reach_{0};  ///< No effect of weight 1 moves a score by more; it never falls.
  // Guarded by mutex_.
  mutable Mutex mutex_;
  std::vector<std::unique_ptr<Chunk>> owned_chunks_ GUARDED_BY(mutex_);
  ClickCalibration calibration_ GUARDED_BY(mutex_);
  ExaminationEstimator examination_estimator_ GUARDED_BY(mutex_);
  ExaminationCurve examination_ GUARDED_BY(mutex_);
  std::vector<double> estimated_from_ GUARDED_BY(mutex_);  ///< The estimator's state when examination_ was made.
  std::uint32_t impressions_since_estimate_ GUARDED_BY(mutex_) = 0;
};

template <class Reaches>
void Posterior::Sift(std::span<const std::uint32_t> items, const Reaches& reaches,
                     std::vector<std::uint32_t>& kept) const {
  const float effect_reach = effect_reach_.load(std::memory_order_acquire);
  for (const std::uint32_t item : items) {
    const Chunk* chunk =
        item < options_.items_max ? chunks_[item / kChunkItems].load(std::memory_order_acquire) : nullptr;
    const std::uint32_t packed =
        chunk == nullptr ? unmet_reach_ : chunk->reaches[item % kChunkItems].load(std::memory_order_acquire);
    const Reach reach{.own = std::bit_cast<float>(packed & 0xffff0000U),
                      .attributes = std::bit_cast<float>(packed << 16) * effect_reach};
    if (reaches(item, reach)) kept.push_back(item);
  }
}

}  // namespace attune
