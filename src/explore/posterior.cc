#include "explore/posterior.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <thread>

#include "base/random.h"
#include "explore/user_factors.h"

namespace attune {
namespace {

constexpr std::uint32_t kImpressionsPerEstimate = 1024;
constexpr float kVarianceMin = 1e-8F;
constexpr float kScoreMax = 1e6F;

std::uint64_t Pack(float mean, float variance) {
  return std::uint64_t{std::bit_cast<std::uint32_t>(mean)} << 32 | std::bit_cast<std::uint32_t>(variance);
}
float MeanOf(std::uint64_t packed) { return std::bit_cast<float>(static_cast<std::uint32_t>(packed >> 32)); }
float VarianceOf(std::uint64_t packed) { return std::bit_cast<float>(static_cast<std::uint32_t>(packed)); }

/// The upper halves of both, rounded up. Requires numbers >= 0.
std::uint32_t PackReach(float own, float effect_weight) {
  const auto up = [](float value) { return (std::bit_cast<std::uint32_t>(value) + 0xffffU) & 0xffff0000U; };
  return up(own) | up(effect_weight) >> 16;
}

/// Effect 0 is shared by every item: being new.
std::uint16_t EffectOf(std::uint64_t attribute) {
  return static_cast<std::uint16_t>(1 + MixSeed(attribute, 17) % (Posterior::kEffectsMax - 1));
}

/// Several attributes share the room of one, so that an item of many is no more uncertain than others.
float AttributeScale(std::size_t attribute_count) {
  return attribute_count <= 1 ? 0.0F : 1 / std::sqrt(static_cast<float>(attribute_count - 1));
}

}  // namespace

/// Mean and covariance of own and directions, where the effects of attributes are taken as zero.
struct Posterior::Numbers {
  std::size_t n = 1;
  std::array<float, kDimensionsMax> mean{};
  std::array<float, kDimensionsMax*(kDimensionsMax + 1) / 2> covariance{};  ///< Lower triangle by rows.

  float& At(std::size_t row, std::size_t column) { return covariance[row * (row + 1) / 2 + column]; }

  /// covariance * x.
  void Multiply(std::span<const float> x, std::span<float> product) const {
    std::fill_n(product.begin(), n, 0.0F);
    const float* entry = covariance.data();
    for (std::size_t row = 0; row < n; ++row) {
      for (std::size_t column = 0; column < row; ++column, ++entry) {
        product[row] += *entry * x[column];
        product[column] += *entry * x[row];
      }
      product[row] += *entry++ * x[row];
    }
  }
};

namespace {

float Dot(std::span<const float> a, std::span<const float> b, std::size_t n) {
  float sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

/// [1, factors], zeros where there are none or they are not numbers.
void FillInput(std::span<const float> factors, std::size_t dimensions, std::span<float> x) {
  std::fill_n(x.begin(), dimensions, 0.0F);
  x[0] = 1;
  for (std::size_t i = 0; i < factors.size() && i + 1 < dimensions; ++i) {
    if (std::isfinite(factors[i])) x[i + 1] = std::clamp(factors[i], -UserFactors::kFactorMax, UserFactors::kFactorMax);
  }
}

}  // namespace

Posterior::Posterior(const Options& options)
    : options_(options),
      factor_variance_(static_cast<float>(options.factor_deviation * options.factor_deviation /
                                          std::max<double>(1, static_cast<double>(options.factor_count)))),
      unmet_reach_(PackReach(kReach * static_cast<float>(options.item_deviation), 1)),
      calibration_(options.scores_are_click_logits) {
  ATTUNE_CHECK(options.factor_count <= UserFactors::kFactorsMax);
  const std::size_t chunk_count = (options_.items_max + kChunkItems - 1) / kChunkItems;
  chunks_ = std::make_unique<std::atomic<Chunk*>[]>(chunk_count);
  effects_ = std::make_unique<std::atomic<std::uint64_t>[]>(kEffectsMax);
  const auto variance = static_cast<float>(options_.attribute_deviation * options_.attribute_deviation);
  for (std::size_t i = 0; i < kEffectsMax; ++i) effects_[i].store(Pack(0, variance), std::memory_order_relaxed);
  const MutexLock lock(mutex_);
  RaiseEffectReach(Pack(0, variance));
}

Posterior::~Posterior() = default;

const Posterior::Item* Posterior::Find(std::uint32_t item) const {
  if (item >= options_.items_max) return nullptr;
  const Chunk* chunk = chunks_[item / kChunkItems].load(std::memory_order_acquire);
  return chunk == nullptr ? nullptr : &chunk->items[item % kChunkItems];
}

void Posterior::Expect(std::uint32_t item) const { __builtin_prefetch(Find(item)); }

Posterior::Meetings Posterior::MeetingsOf(std::uint32_t index) const {
  const Item* item = Find(index);
  if (item == nullptr) return {};
  return {.clicked = item->clicked.load(std::memory_order_relaxed),
          .ignored = item->ignored.load(std::memory_order_relaxed)};
}

Posterior::Item* Posterior::FindOrMake(std::uint32_t item) {
  if (item >= options_.items_max) return nullptr;
  std::atomic<Chunk*>& entry = chunks_[item / kChunkItems];
  Chunk* chunk = entry.load(std::memory_order_relaxed);
  if (chunk == nullptr) {
    owned_chunks_.push_back(std::make_unique<Chunk>());
    chunk = owned_chunks_.back().get();
    const auto variance = static_cast<float>(options_.item_deviation * options_.item_deviation);
    for (Item& fresh : chunk->items) {
      fresh.prior_variance.store(variance, std::memory_order_relaxed);
      fresh.attribute_count.store(1, std::memory_order_relaxed);
    }
    for (auto& fresh : chunk->reaches) fresh.store(unmet_reach_, std::memory_order_relaxed);
    entry.store(chunk, std::memory_order_release);
  }
  return &chunk->items[item % kChunkItems];
}

void Posterior::LoadPrior(double own_variance, Numbers& numbers) const {
  numbers.n = dimensions();
  numbers.mean.fill(0);
  numbers.covariance.fill(0);
  numbers.At(0, 0) = static_cast<float>(own_variance);
  for (std::size_t i = 1; i < numbers.n; ++i) numbers.At(i, i) = factor_variance_;
}

void Posterior::Load(const Item& item, Numbers& numbers) const {
  const std::atomic<float>* source = item.numbers.load(std::memory_order_acquire);
  if (item.shown.load(std::memory_order_acquire) == 0 || source == nullptr) {
    LoadPrior(item.prior_variance.load(std::memory_order_acquire), numbers);
    return;
  }
  numbers.n = dimensions();
  for (std::size_t i = 0; i < numbers.n; ++i) numbers.mean[i] = source[i].load(std::memory_order_acquire);
  const std::size_t entry_count = number_count() - numbers.n;
  for (std::size_t i = 0; i < entry_count; ++i) {
    numbers.covariance[i] = source[numbers.n + i].load(std::memory_order_acquire);
  }
}

void Posterior::Store(Item& item, const Numbers& numbers) {
  std::atomic<float>* target = item.numbers.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < numbers.n; ++i) target[i].store(numbers.mean[i], std::memory_order_release);
  const std::size_t entry_count = number_count() - numbers.n;
  for (std::size_t i = 0; i < entry_count; ++i) {
    target[numbers.n + i].store(numbers.covariance[i], std::memory_order_release);
  }
  item.shown.store(1, std::memory_order_release);
}

Posterior::Effect Posterior::AttributeEffect(std::uint16_t attribute) const {
  const std::uint64_t packed = effects_[attribute % kEffectsMax].load(std::memory_order_acquire);
  return {.mean = MeanOf(packed), .deviation = std::sqrt(VarianceOf(packed))};
}

/// The sum over the item's attributes; its `deviation` holds the variance's square root.
Posterior::Effect Posterior::SharedEffect(const Item& item) const {
  const std::size_t count = item.attribute_count.load(std::memory_order_relaxed);
  const float scale = AttributeScale(count);
  float mean = 0;
  float variance = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const float weight = i == 0 ? 1 : scale;
    const std::uint64_t packed =
        effects_[item.attributes[i].load(std::memory_order_relaxed)].load(std::memory_order_acquire);
    mean += weight * MeanOf(packed);
    variance += weight * weight * VarianceOf(packed);
  }
  return {.mean = mean, .deviation = std::sqrt(variance)};
}

void Posterior::RaiseEffectReach(std::uint64_t effect) {
  const float reach = std::abs(MeanOf(effect)) + kReach * std::sqrt(VarianceOf(effect));
  if (!(reach <= effect_reach_.load(std::memory_order_relaxed))) effect_reach_.store(reach, std::memory_order_release);
}

/// For any user: no factor is beyond UserFactors::kFactorMax.
void Posterior::StateReach(std::uint32_t index) {
  Chunk& chunk = *chunks_[index / kChunkItems].load(std::memory_order_relaxed);
  const Item& item = chunk.items[index % kChunkItems];
  const float own_prior = item.prior_variance.load(std::memory_order_relaxed);
  float mean = 0;
  float variance = own_prior;
  float first = own_prior;
  if (item.shown.load(std::memory_order_relaxed) != 0) {
    Numbers numbers;
    Load(item, numbers);
    mean = std::abs(numbers.mean[0]);
    variance = numbers.At(0, 0);
    first = std::abs(variance);
    for (std::size_t i = 1; i < numbers.n; ++i) {
      mean += UserFactors::kFactorMax * std::abs(numbers.mean[i]);
      first += UserFactors::kFactorMax * std::abs(numbers.At(i, 0));
    }
  }
  const float unmet = item.unmet_deviation.load(std::memory_order_relaxed) /
                      (1 + item.ignored.load(std::memory_order_relaxed) +
                       static_cast<float>(item.clicked.load(std::memory_order_relaxed)));
  // Of the attributes but the first, as many as there are share the room of one: AttributeScale times their number.
  const auto others = static_cast<float>(std::max(0, item.attribute_count.load(std::memory_order_relaxed) - 1));
  const float own = mean + kReach * std::sqrt(std::max(variance + unmet * unmet, kVarianceMin));
  chunk.reaches[index % kChunkItems].store(PackReach(own, first / own_prior * (1 + std::sqrt(others))),
                                           std::memory_order_release);
}

Status Posterior::SetItem(std::uint32_t index, double deviation, std::span<const std::uint64_t> attributes,
                          double unmet_deviation) {
  const MutexLock lock(mutex_);
  Item* item = FindOrMake(index);
  if (item == nullptr)
    return LimitExceeded(fmt::format("item {} of exploration; the limit is {}", index, options_.items_max));
  const std::uint32_t version = item->version.load(std::memory_order_relaxed);
  item->version.store(version + 1, std::memory_order_relaxed);
  if (item->shown.load(std::memory_order_relaxed) == 0) {
    const double own = deviation > 0 && std::isfinite(deviation) ? deviation : options_.item_deviation;
    item->prior_variance.store(std::max(static_cast<float>(own * own), kVarianceMin), std::memory_order_release);
    item->unmet_deviation.store(static_cast<float>(unmet_deviation), std::memory_order_release);
  }
  // What is told twice, or collides, counts once: each effect learns as if it were apart from the others.
  std::size_t count = 1;
  for (const std::uint64_t attribute : attributes.first(std::min(attributes.size(), kAttributesPerItemMax))) {
    const std::uint16_t effect = EffectOf(attribute);
    const auto met = std::span(item->attributes).subspan(1, count - 1);
    if (std::ranges::find(met, effect, [](const auto& one) { return one.load(); }) == met.end())
      item->attributes[count++].store(effect, std::memory_order_release);
  }
  item->attribute_count.store(static_cast<std::uint8_t>(count), std::memory_order_release);
  StateReach(index);
  item->version.store(version + 2, std::memory_order_release);
  return {};
}

void Posterior::Forget(std::uint32_t index) {
  const MutexLock lock(mutex_);
  if (Find(index) == nullptr) return;
  Item* item = FindOrMake(index);
  const std::uint32_t version = item->version.load(std::memory_order_relaxed);
  item->version.store(version + 1, std::memory_order_relaxed);
  item->shown.store(0, std::memory_order_release);
  item->clicked.store(0, std::memory_order_release);
  item->ignored.store(0, std::memory_order_release);
  StateReach(index);
  item->version.store(version + 2, std::memory_order_release);
}

Status Posterior::Observe(std::span<const Impression> list, std::span<const float> factors) {
  std::array<float, kDimensionsMax> x;
  FillInput(factors, dimensions(), x);

  const MutexLock lock(mutex_);
  double score_sum = 0;
  std::size_t score_count = 0;
  for (const Impression& impression : list) {
    if (!std::isfinite(impression.score)) continue;
    score_sum += impression.score;
    ++score_count;
  }
  if (score_count > 0) calibration_.Anchor(score_sum / static_cast<double>(score_count));

  std::uint32_t beyond = 0;
  for (const Impression& impression : list) {
    if (impression.item >= options_.items_max) {
      beyond = impression.item;
      continue;
    }
    ObserveOne(impression, x);
  }
  if (beyond == 0) return {};
  return LimitExceeded(fmt::format("item {} of exploration; the limit is {}", beyond, options_.items_max));
}

std::atomic<float>* Posterior::MakeNumbers(std::uint32_t index, Item& item) {
  if (std::atomic<float>* made = item.numbers.load(std::memory_order_relaxed)) return made;
  Chunk& chunk = *chunks_[index / kChunkItems].load(std::memory_order_relaxed);
  chunk.numbers.push_back(std::make_unique<std::atomic<float>[]>(number_count()));
  item.numbers.store(chunk.numbers.back().get(), std::memory_order_release);
  return chunk.numbers.back().get();
}

void Posterior::ObserveOne(const Impression& impression, std::span<const float> x) {
  Item& item = *FindOrMake(impression.item);
  MakeNumbers(impression.item, item);
  Numbers numbers;
  Load(item, numbers);
  const std::size_t n = numbers.n;
  const float own_prior = item.prior_variance.load(std::memory_order_relaxed);
  const Effect shared = SharedEffect(item);

  // Where the shared effect is not zero, the mean moves by its part that the item's own showings left standing.
  std::array<float, kDimensionsMax> first_column;
  for (std::size_t i = 0; i < n; ++i) first_column[i] = numbers.At(i, 0);
  const float shared_weight = Dot(first_column, x, n) / own_prior;
  std::array<float, kDimensionsMax> gain;
  numbers.Multiply(x, gain);
  const float own_variance = std::max(Dot(gain, x, n), kVarianceMin);
  const float mean = Dot(numbers.mean, x, n) + shared_weight * shared.mean;
  const float variance = own_variance + shared_weight * shared_weight * shared.deviation * shared.deviation;

  const float score = std::isfinite(impression.score) ? std::clamp(impression.score, -kScoreMax, kScoreMax)
                                                      : static_cast<float>(calibration_.centre());
  const double slope = calibration_.slope();
  const double predicted = 1 / (1 + std::exp(-calibration_.Logit(score + mean)));
  const double examined = examination_.At(impression.rank);
  // A click was looked at; what was not clicked was looked at with this probability (Bayes' rule).
  const double ignored_weight = examined * (1 - predicted) / (1 - examined * predicted);
  double weight = 1;
  double surprise = 1 - predicted;
  if (impression.feedback == Feedback::kIgnored) {
    weight = ignored_weight;
    surprise = -ignored_weight * predicted;
  } else if (impression.feedback == Feedback::kClickedLater) {
    weight = 1 - ignored_weight;  // The rest was counted when it passed for ignored; so was its disappointment.
    surprise = 1 - predicted + ignored_weight * predicted;
  }

  const double precision_before = (1 - numbers.At(0, 0) / own_prior) / own_prior;
  const double information_before = numbers.mean[0] / own_prior;
  const auto information = static_cast<float>(slope * slope * weight * predicted * (1 - predicted));
  const float scale = 1 / (1 + information * own_variance);
  const float step = scale * (static_cast<float>(slope * surprise) + information * shared_weight * shared.mean);
  for (std::size_t i = 0; i < n; ++i) numbers.mean[i] += gain[i] * step;
  for (std::size_t row = 0; row < n; ++row) {
    for (std::size_t column = 0; column <= row; ++column) {
      numbers.At(row, column) -= gain[row] * gain[column] * information * scale;
    }
  }

  const std::uint32_t version = item.version.load(std::memory_order_relaxed);
  item.version.store(version + 1, std::memory_order_relaxed);
  Store(item, numbers);
  const float ignored = item.ignored.load(std::memory_order_relaxed);
  if (impression.feedback == Feedback::kIgnored) {
    item.ignored.store(ignored + static_cast<float>(ignored_weight), std::memory_order_release);
  } else {
    item.clicked.store(item.clicked.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    const float undone = impression.feedback == Feedback::kClickedLater ? static_cast<float>(ignored_weight) : 0;
    item.ignored.store(std::max(0.0F, ignored - undone), std::memory_order_release);
  }
  StateReach(impression.item);
  item.version.store(version + 2, std::memory_order_release);

  LearnEffects(item, (1 - numbers.At(0, 0) / own_prior) / own_prior - precision_before,
               numbers.mean[0] / own_prior - information_before);
  LearnClicks(impression, score + mean, variance, weight, predicted);
}

/// What a showing of one item newly tells of its attributes' effects: the likelihood of their sum, own part integrated
/// out, gained `precision` and `information` (precision times value).
void Posterior::LearnEffects(const Item& item, double precision, double information) {
  if (precision <= 0) return;
  const std::size_t count = item.attribute_count.load(std::memory_order_relaxed);
  const float scale = AttributeScale(count);
  const Effect shared = SharedEffect(item);
  const double surprise = information - precision * shared.mean;
  const double denominator = 1 + precision * shared.deviation * shared.deviation;
  for (std::size_t i = 0; i < count; ++i) {
    std::atomic<std::uint64_t>& effect = effects_[item.attributes[i].load(std::memory_order_relaxed)];
    const std::uint64_t packed = effect.load(std::memory_order_relaxed);
    const double weight = i == 0 ? 1 : scale;
    const double gain = VarianceOf(packed) * weight / denominator;
    const double variance = VarianceOf(packed) * (1 - gain * weight * precision);
    const std::uint64_t learned = Pack(static_cast<float>(MeanOf(packed) + gain * surprise),
                                       std::max(static_cast<float>(variance), kVarianceMin));
    RaiseEffectReach(learned);
    effect.store(learned, std::memory_order_release);
  }
}

/// What it tells of clicks in general: the calibration and the curve of examination.
void Posterior::LearnClicks(const Impression& impression, double corrected, double variance, double weight,
                            double predicted) {
  if (impression.feedback == Feedback::kClickedLater) {
    examination_estimator_.AddLateClick(impression.rank);
    calibration_.LearnLateClick(corrected, variance, 1 - weight);
    return;
  }
  const bool clicked = impression.feedback == Feedback::kClicked;
  examination_estimator_.Add(impression.rank, predicted, clicked);
  calibration_.Learn(corrected, variance, weight, clicked);
  if (++impressions_since_estimate_ < kImpressionsPerEstimate) return;
  impressions_since_estimate_ = 0;
  examination_ = examination_estimator_.Estimate();
  const auto sums = examination_estimator_.state();
  estimated_from_.assign(sums.begin(), sums.end());
}

/// Of what the item's own showings tell: x . mean, the variance of its own part, and (covariance . x)[0].
Posterior::Projection Posterior::Project(const Item& item, std::span<const float> x) const {
  Projection projection;
  const std::atomic<float>* numbers = item.numbers.load(std::memory_order_acquire);
  projection.own_prior = item.prior_variance.load(std::memory_order_acquire);
  projection.first = projection.own_variance = projection.own_prior;
  if (numbers == nullptr || item.shown.load(std::memory_order_acquire) == 0) return projection;
  const std::size_t n = dimensions();
  for (std::size_t i = 0; i < n; ++i) projection.mean += numbers[i].load(std::memory_order_acquire) * x[i];
  const std::atomic<float>* entry = numbers + n;
  projection.own_variance = entry->load(std::memory_order_acquire);
  projection.first = 0;
  for (std::size_t row = 0; row < n; ++row) {
    projection.first += entry->load(std::memory_order_acquire) * x[row];
    entry += row + 1;
  }
  return projection;
}

Belief Posterior::Believe(std::uint32_t index, std::span<const float> factors) const {
  std::array<float, kDimensionsMax> x;
  FillInput(factors, dimensions(), x);
  Belief belief;
  Projection projection;
  float unmet_deviation = 0;
  const Item* item = Find(index);
  if (item == nullptr) {
    projection.own_prior = static_cast<float>(options_.item_deviation * options_.item_deviation);
    projection.first = projection.own_variance = projection.own_prior;
    belief.attribute_count = 1;
  }
  while (item != nullptr) {
    const std::uint32_t version = item->version.load(std::memory_order_acquire);
    if (version % 2 != 0) {  // Being written, for less than a microsecond unless the writer lost its core.
      std::this_thread::yield();
      continue;
    }
    projection = Project(*item, x);
    unmet_deviation = item->unmet_deviation.load(std::memory_order_acquire);
    belief.clicked = item->clicked.load(std::memory_order_acquire);
    belief.ignored = item->ignored.load(std::memory_order_acquire);
    belief.attribute_count = item->attribute_count.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < belief.attribute_count; ++i) {
      belief.attributes[i] = item->attributes[i].load(std::memory_order_acquire);
    }
    if (item->version.load(std::memory_order_relaxed) == version) break;
  }
  belief.mean = projection.mean;
  const float unmet = unmet_deviation / (1 + belief.ignored + static_cast<float>(belief.clicked));
  belief.deviation = std::sqrt(std::max(projection.own_variance + unmet * unmet, kVarianceMin));
  belief.shared_weight = projection.first / projection.own_prior;
  belief.attribute_scale = AttributeScale(belief.attribute_count);
  return belief;
}

void Posterior::Relax(double keep) {
  const MutexLock lock(mutex_);
  const auto kept = static_cast<float>(keep);
  for (std::uint32_t index = 0; index < options_.items_max; ++index) {
    if (Find(index) == nullptr) {
      index = static_cast<std::uint32_t>((index / kChunkItems + 1) * kChunkItems - 1);
      continue;
    }
    Item& item = *FindOrMake(index);
    if (item.shown.load(std::memory_order_relaxed) == 0) continue;
    Numbers numbers;
    Numbers prior;
    Load(item, numbers);
    LoadPrior(item.prior_variance.load(std::memory_order_relaxed), prior);
    for (std::size_t i = 0; i < numbers.n; ++i) numbers.mean[i] *= kept;
    for (std::size_t i = 0; i < numbers.covariance.size(); ++i) {
      numbers.covariance[i] = kept * numbers.covariance[i] + (1 - kept) * prior.covariance[i];
    }
    const std::uint32_t version = item.version.load(std::memory_order_relaxed);
    item.version.store(version + 1, std::memory_order_relaxed);
    Store(item, numbers);
    StateReach(index);
    item.version.store(version + 2, std::memory_order_release);
  }
  const auto effect_prior = static_cast<float>(options_.attribute_deviation * options_.attribute_deviation);
  for (std::size_t i = 0; i < kEffectsMax; ++i) {
    const std::uint64_t packed = effects_[i].load(std::memory_order_relaxed);
    effects_[i].store(Pack(kept * MeanOf(packed), kept * VarianceOf(packed) + (1 - kept) * effect_prior),
                      std::memory_order_release);
  }
  calibration_ = ClickCalibration(options_.scores_are_click_logits);
}

}  // namespace attune
