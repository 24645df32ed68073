#include "explore/slate_contest.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "explore/normal.h"

namespace attune {
namespace {

constexpr float kNothing = -std::numeric_limits<float>::infinity();
constexpr float kReach = 4.8F;  // Standard deviations; beyond it lies less than one draw in a million.
constexpr std::uint64_t kNumbers = std::uint64_t{1} << 53;
constexpr float kSharedReach = 3;   // Effects of attributes are drawn within it.
constexpr float kShareMin = 0.05F;  // Effects that move a score less are part of the item's own deviation.
constexpr float kSpentMin = 0.02F;

/// The rank-th largest (from 0) of what is finite; -infinity where there are fewer.
float LargestAt(std::span<const float> values, std::size_t rank) {
  std::vector<float> finite;
  finite.reserve(values.size());
  std::copy_if(values.begin(), values.end(), std::back_inserter(finite), [](float v) { return v > kNothing; });
  if (finite.size() <= rank) return kNothing;
  std::nth_element(finite.begin(), finite.begin() + static_cast<std::ptrdiff_t>(rank), finite.end(), std::greater<>());
  return finite[rank];
}

}  // namespace

SlateContest::SlateContest(const SlateRequest& request, const Options& options)
    : options_(options), slate_size_(request.slate_size), weight_(std::min(1.0, request.weight)) {
  // The bar that candidates without a lift set is a first one; it rises when the others' expected scores are known.
  std::vector<float> plain;
  for (std::size_t i = 0; i < request.scores.size(); ++i) {
    if (request.eligible[i] == 0) plain.push_back(request.scores[i]);
  }
  bar_ = options_.optimistic ? LargestAt(plain, slate_size_) : kNothing;
  contestants_.reserve(request.scores.size());
  for (std::uint32_t i = 0; i < request.scores.size(); ++i) {
    if (request.scores[i] == kNothing) continue;
    if (request.eligible[i] != 0) {
      AddEligible(i, request);
    } else if (request.scores[i] >= bar_) {
      contestants_.push_back({.index = i, .base = request.scores[i]});
    }
  }
  if (options_.optimistic) RaiseBar();

  for (const Contestant& contestant : contestants_) {
    float shared_reach = 0;
    for (const Share& share : SharesOf(contestant)) shared_reach += kSharedReach * std::abs(share.scale);
    const float needed = bar_ - contestant.base - shared_reach;
    const double chance = needed <= 0 ? 1 : NormalTail(needed / contestant.own);
    reach_.push_back(
        contestant.own == 0 ? 0 : static_cast<std::uint64_t>(weight_ * chance * static_cast<double>(kNumbers)));
  }
  own_draws_.resize(contestants_.size());
}

void SlateContest::AddEligible(std::uint32_t index, const SlateRequest& request) {
  const Belief& belief = request.beliefs->candidates[index];
  std::array<Share, Posterior::kAttributesPerItemMax + 1> shares;
  std::size_t share_count = 0;
  float mean = belief.mean;
  float variance = belief.deviation * belief.deviation;
  float reach = 0;
  for (std::size_t a = 0; a < belief.attribute_count; ++a) {
    const Posterior::Effect& effect = request.beliefs->effects[belief.attributes[a]];
    const float weight = belief.shared_weight * (a == 0 ? 1 : belief.attribute_scale);
    const float scale = weight * effect.deviation;
    mean += weight * effect.mean;
    if (std::abs(scale) < kShareMin) {
      variance += scale * scale;
    } else {
      shares[share_count++] = {.attribute = belief.attributes[a], .scale = scale};
      reach += kSharedReach * std::abs(scale);
    }
  }
  Contestant contestant{.index = index,
                        .base = request.scores[index] + static_cast<float>(options_.mean_scale) * mean,
                        .own = std::sqrt(variance),
                        .shares_begin = static_cast<std::uint32_t>(shares_.size())};
  if (contestant.base + kReach * contestant.own + reach < bar_) return;
  for (std::size_t i = 0; i < share_count; ++i) {
    if (number_of_.empty()) number_of_.resize(request.beliefs->effects.size());
    std::uint16_t& number = number_of_[shares[i].attribute];
    if (number == 0) number = static_cast<std::uint16_t>(++attribute_count_);
    shares_.push_back({.attribute = number - 1U, .scale = shares[i].scale});
  }
  contestant.shares_end = static_cast<std::uint32_t>(shares_.size());
  contestants_.push_back(contestant);
}

/// To the K + 1st expected score: whoever cannot reach it is out.
void SlateContest::RaiseBar() {
  std::vector<float> bases;
  bases.reserve(contestants_.size());
  for (const Contestant& contestant : contestants_) bases.push_back(contestant.base);
  bar_ = LargestAt(bases, slate_size_);
  std::erase_if(contestants_, [&](const Contestant& contestant) {
    float reach = kReach * contestant.own;
    for (const Share& share : SharesOf(contestant)) reach += kSharedReach * std::abs(share.scale);
    return contestant.base + reach < bar_;
  });
}

float SlateContest::ValueAt(const Contestant& contestant, float own, std::uint32_t place, const Drawn& drawn) const {
  if (own == kNothing) return contestant.base;
  float lift = own;
  for (const Share& share : SharesOf(contestant)) {
    if (drawn.spent_at[share.attribute] >= place) lift += share.scale * drawn.effects[share.attribute];
  }
  return contestant.base + (options_.optimistic ? std::max(0.0F, lift) : lift);
}

/// What lifted the contestant at its place lifts nobody behind it.
void SlateContest::Spend(std::uint32_t contestant, std::uint32_t place, Drawn& drawn) const {
  if (!options_.spend_attributes || own_draws_[contestant] == kNothing) return;
  for (const Share& share : SharesOf(contestants_[contestant])) {
    const bool lifts = share.scale * drawn.effects[share.attribute] > kSpentMin;
    if (!lifts || drawn.spent_at[share.attribute] != SlateContest::kNever) continue;
    drawn.spent_at[share.attribute] = place;
    drawn.spent_by[share.attribute] = contestant;
  }
}

void SlateContest::Draw(Random& random, Drawn& drawn) {
  drawn.places.clear();
  drawn.effects.resize(attribute_count_);
  for (float& effect : drawn.effects) {
    effect = std::clamp(static_cast<float>(random.Normal()), -kSharedReach, kSharedReach);
  }
  drawn.spent_at.assign(attribute_count_, SlateContest::kNever);
  drawn.spent_by.assign(attribute_count_, SlateContest::kNever);
  drawn.place_of.assign(contestants_.size(), SlateContest::kNever);

  heap_.clear();
  for (std::uint32_t c = 0; c < contestants_.size(); ++c) {
    // Inversion from the tail: a number beyond `reach` could not carry the item past the bar.
    const std::uint64_t number = reach_[c] == 0 ? kNumbers : random.Next() >> 11;
    own_draws_[c] = kNothing;
    if (number < reach_[c]) {
      const double chance = (static_cast<double>(number) + 0.5) * 0x1.0p-53 / weight_;
      own_draws_[c] = contestants_[c].own * static_cast<float>(NormalTailInverse(chance));
    } else if (contestants_[c].base < bar_) {
      continue;
    }
    const float value = ValueAt(contestants_[c], own_draws_[c], 0, drawn);
    if (value >= bar_) heap_.push_back({.value = value, .contestant = c});
  }

  const auto behind = [](const Entry& a, const Entry& b) {
    return a.value != b.value ? a.value < b.value : a.contestant > b.contestant;
  };
  std::make_heap(heap_.begin(), heap_.end(), behind);
  while (drawn.places.size() <= slate_size_ && !heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), behind);
    const auto place = static_cast<std::uint32_t>(drawn.places.size());
    const std::uint32_t c = heap_.back().contestant;
    const float value = ValueAt(contestants_[c], own_draws_[c], place, drawn);
    if (value != heap_.back().value) {  // What lifted it was spent meanwhile: back into the queue.
      heap_.back().value = value;
      std::push_heap(heap_.begin(), heap_.end(), behind);
      continue;
    }
    heap_.pop_back();
    drawn.place_of[c] = place;
    drawn.places.push_back({.contestant = c, .value = value});
    Spend(c, place, drawn);
  }
}

double SlateContest::Inclusion(std::uint32_t c, const Drawn& drawn) const {
  const Contestant& contestant = contestants_[c];
  const std::uint32_t own_place = drawn.place_of[c];
  // The chance to win place `place` against who stands there when c is away.
  const auto chance_at = [&](std::uint32_t place) {
    const std::size_t rival = place >= own_place ? place + 1 : place;
    if (rival >= drawn.places.size()) return 1.0;
    const Drawn::Place& other = drawn.places[rival];
    const bool ahead = contestant.base > other.value || (contestant.base == other.value && c < other.contestant);
    if (contestant.own == 0) return ahead ? 1.0 : 0.0;
    float shared = 0;
    for (const Share& share : SharesOf(contestant)) {
      const bool open = drawn.spent_at[share.attribute] >= place || drawn.spent_by[share.attribute] == c;
      if (open) shared += share.scale * drawn.effects[share.attribute];
    }
    const double drawn_chance = weight_ * NormalTail((other.value - contestant.base - shared) / contestant.own);
    if (options_.optimistic) return ahead ? 1.0 : drawn_chance;
    return drawn_chance + (ahead ? 1 - weight_ : 0);
  };

  const auto last = static_cast<std::uint32_t>(slate_size_ - 1);
  double chance = chance_at(last);
  for (const Share& share : SharesOf(contestant)) {
    const std::uint32_t place = drawn.spent_at[share.attribute];
    if (place < last) chance = std::max(chance, chance_at(place));  // Before it was spent, it could carry further.
  }
  return chance;
}

}  // namespace attune
