#include "explore/slate_contest.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "explore/normal.h"
#include "explore/ranking.h"

namespace attune {
namespace {

constexpr float kNothing = -std::numeric_limits<float>::infinity();
constexpr float kReach = Posterior::kReach;
constexpr std::uint64_t kNumbers = std::uint64_t{1} << 53;
constexpr double kOneNumber = 1.0 / static_cast<double>(kNumbers);
constexpr float kSharedReach = 3;   // Effects of attributes are drawn within it.
constexpr float kShareMin = 0.05F;  // Effects that move a score less are part of the item's own deviation.
constexpr float kSpentMin = 0.02F;

}  // namespace

SlateContest::SlateContest(const SlateRequest& request, const Options& options)
    : options_(options), slate_size_(request.slate_size), weight_(std::min(1.0, request.weight)) {
  // The bar that candidates without a lift set is a first one; it rises when the others' expected scores are known.
  std::vector<float> plain;
  plain.reserve(request.scores.size());
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
  std::ranges::sort(contestants_, [](const Contestant& a, const Contestant& b) {
    return a.base != b.base ? a.base > b.base : a.index < b.index;
  });

  for (const Contestant& contestant : contestants_) {
    float shared_reach = 0;
    for (const Share& share : SharesOf(contestant)) shared_reach += kSharedReach * std::abs(share.scale);
    const float needed = bar_ - contestant.base - shared_reach;
    const double chance = needed <= 0 ? 1 : NormalTail(needed / contestant.own);
    reach_.push_back(
        contestant.own == 0 ? 0 : static_cast<std::uint64_t>(weight_ * chance * static_cast<double>(kNumbers)));
    if (reach_.back() > 0) open_.push_back(static_cast<std::uint32_t>(reach_.size() - 1));
  }
  own_draws_.resize(contestants_.size(), kNothing);
}

std::size_t SlateContest::bytes() const {
  const std::size_t a_contestant = sizeof(Contestant) + sizeof(reach_[0]) + sizeof(open_[0]) + sizeof(Entry) +
                                   sizeof(drawing_[0]) + sizeof(own_draws_[0]);
  return contestants_.size() * a_contestant + shares_.size() * sizeof(Share) +
         number_of_.size() * sizeof(number_of_[0]);
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

void SlateContest::DrawEffects(Random& random, Drawn& drawn) const {
  drawn.effects.resize(attribute_count_);
  for (float& effect : drawn.effects) {
    const double chance = (static_cast<double>(random.Next() >> 11) + 0.5) * kOneNumber;
    effect = std::clamp(static_cast<float>(NormalTailInverse(chance)), -kSharedReach, kSharedReach);
  }
  drawn.spent_at.assign(attribute_count_, SlateContest::kNever);
  drawn.spent_by.assign(attribute_count_, SlateContest::kNever);
}

/// Draws the own parts that may matter, and gathers in `heap_` those that carry their contestant to the bar.
void SlateContest::DrawOwnParts(Random& random, const Drawn& drawn) {
  for (const std::uint32_t c : drawing_) own_draws_[c] = kNothing;
  drawing_.clear();
  heap_.clear();
  for (const std::uint32_t c : open_) {
    // Inversion from the tail: a number beyond `reach` could not carry the item past the bar.
    const std::uint64_t number = random.Next() >> 11;
    if (number >= reach_[c]) continue;
    const double chance = (static_cast<double>(number) + 0.5) * kOneNumber / weight_;
    own_draws_[c] = contestants_[c].own * static_cast<float>(NormalTailInverse(chance));
    drawing_.push_back(c);
    const float value = ValueAt(contestants_[c], own_draws_[c], 0, drawn);
    if (value >= bar_) heap_.push_back({.value = value, .contestant = c});
  }
}

void SlateContest::Draw(Random& random, Drawn& drawn) {
  drawn.places.clear();
  drawn.place_of.assign(contestants_.size(), SlateContest::kNever);
  DrawEffects(random, drawn);
  DrawOwnParts(random, drawn);

  const auto behind = [](const Entry& a, const Entry& b) {
    return a.value != b.value ? a.value < b.value : a.contestant > b.contestant;
  };
  std::make_heap(heap_.begin(), heap_.end(), behind);
  std::uint32_t plain = 0;  // The first of those that drew nothing and have no place yet: they stand in order already.
  while (drawn.places.size() <= slate_size_) {
    const auto place = static_cast<std::uint32_t>(drawn.places.size());
    while (plain < contestants_.size() && own_draws_[plain] != kNothing) ++plain;
    const bool has_plain = plain < contestants_.size() && contestants_[plain].base >= bar_;
    const Entry next_plain{.value = has_plain ? contestants_[plain].base : kNothing, .contestant = plain};
    if (heap_.empty() || (has_plain && behind(heap_.front(), next_plain))) {
      if (!has_plain) return;
      drawn.place_of[plain] = place;
      drawn.places.push_back({.contestant = plain++, .value = next_plain.value});
      continue;
    }
    std::pop_heap(heap_.begin(), heap_.end(), behind);
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
    if (ahead && options_.optimistic) return 1.0;
    float shared = 0;
    for (const Share& share : SharesOf(contestant)) {
      const bool open = drawn.spent_at[share.attribute] >= place || drawn.spent_by[share.attribute] == c;
      if (open) shared += share.scale * drawn.effects[share.attribute];
    }
    const double drawn_chance = weight_ * NormalTail((other.value - contestant.base - shared) / contestant.own);
    return drawn_chance + (ahead ? 1 - weight_ : 0);
  };

  const auto last = static_cast<std::uint32_t>(slate_size_ - 1);
  double chance = chance_at(last);
  if (chance == 1) return chance;
  for (const Share& share : SharesOf(contestant)) {
    const std::uint32_t place = drawn.spent_at[share.attribute];
    if (place < last) chance = std::max(chance, chance_at(place));  // Before it was spent, it could carry further.
  }
  return chance;
}

}  // namespace attune
