#include "explore/slate_contest.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "explore/normal.h"

namespace attune {
namespace {

constexpr float kNothing = -std::numeric_limits<float>::infinity();
constexpr float kReach = 4.8F;      // Standard deviations; beyond it lies less than one draw in a million.
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
  const std::size_t count = request.scores.size();
  std::vector<Belief> beliefs(count);
  std::vector<float> bases(request.scores.begin(), request.scores.end());
  std::vector<float> reaches(count, 0.0F);
  for (std::size_t i = 0; i < count; ++i) {
    if (request.eligible[i] == 0 || bases[i] == kNothing) continue;
    Belief& belief = beliefs[i];
    belief = request.posterior->Believe(request.items[i], request.factors);
    float shared_mean = 0;
    float shared_reach = 0;
    for (std::size_t a = 0; a < belief.attribute_count; ++a) {
      const Posterior::Effect effect = request.posterior->AttributeEffect(belief.attributes[a]);
      const float weight = a == 0 ? 1 : belief.attribute_scale;
      shared_mean += weight * effect.mean;
      shared_reach += weight * effect.deviation;
    }
    bases[i] += static_cast<float>(options_.mean_scale) * (belief.mean + belief.shared_weight * shared_mean);
    reaches[i] = kReach * (belief.deviation + belief.shared_weight * shared_reach);
  }
  bar_ = options_.optimistic ? LargestAt(bases, slate_size_) : kNothing;
  AddContestants(request, beliefs, bases, reaches);
}

void SlateContest::AddContestants(const SlateRequest& request, std::span<const Belief> beliefs,
                                  std::span<const float> bases, std::span<const float> reaches) {
  std::vector<std::uint32_t> number_of;  // Of each effect among those that matter here, from 1.
  for (std::uint32_t i = 0; i < bases.size(); ++i) {
    if (bases[i] == kNothing || bases[i] + reaches[i] < bar_) continue;
    Contestant contestant{.index = i, .base = bases[i], .shares_begin = static_cast<std::uint32_t>(shares_.size())};
    if (request.eligible[i] != 0) {
      const Belief& belief = beliefs[i];
      float variance = belief.deviation * belief.deviation;
      float shared_reach = 0;
      for (std::size_t a = 0; a < belief.attribute_count; ++a) {
        const Posterior::Effect effect = request.posterior->AttributeEffect(belief.attributes[a]);
        const float scale = belief.shared_weight * (a == 0 ? 1 : belief.attribute_scale) * effect.deviation;
        if (std::abs(scale) < kShareMin) {
          variance += scale * scale;
          continue;
        }
        if (number_of.empty()) number_of.resize(Posterior::kEffectsMax);
        std::uint32_t& number = number_of[belief.attributes[a]];
        if (number == 0) number = ++attribute_count_;
        shares_.push_back({.attribute = number - 1, .scale = scale});
        shared_reach += kSharedReach * std::abs(scale);
      }
      contestant.own = std::sqrt(variance);
      const float needed = bar_ - contestant.base - shared_reach;
      contestant.reach = needed <= 0 ? 1 : static_cast<float>(NormalTail(needed / contestant.own));
    }
    contestant.shares_end = static_cast<std::uint32_t>(shares_.size());
    contestants_.push_back(contestant);
  }
  own_draws_.resize(contestants_.size());
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

  heap_.clear();
  for (std::uint32_t c = 0; c < contestants_.size(); ++c) {
    const Contestant& contestant = contestants_[c];
    own_draws_[c] = kNothing;
    if (contestant.own > 0) {
      // Inversion from the tail: a chance beyond `reach` could not carry it past the bar.
      const double chance = (random.Uniform() + 0x1.0p-54) / weight_;
      if (chance < contestant.reach) {
        own_draws_[c] = contestant.own * static_cast<float>(NormalTailInverse(chance));
      }
    }
    const float value = ValueAt(contestant, own_draws_[c], 0, drawn);
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
    drawn.places.push_back({.contestant = c, .value = value});
    Spend(c, place, drawn);
  }
}

double SlateContest::Inclusion(std::uint32_t c, const Drawn& drawn) const {
  const Contestant& contestant = contestants_[c];
  std::size_t own_place = drawn.places.size();
  for (std::size_t i = 0; i < drawn.places.size(); ++i) {
    if (drawn.places[i].contestant == c) own_place = i;
  }

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
