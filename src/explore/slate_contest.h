#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "explore/policy.h"

namespace attune {

/// The draw of Gaussian Thompson sampling for one request: candidates that can reach the slate, and what may lift them.
/// Of many candidates most cannot, and cost one comparison a draw. One thread at a time.
class SlateContest {
 public:
  struct Options {
    bool optimistic = true;        ///< Draws lift and never lower.
    bool spend_attributes = true;  ///< An attribute's effect lifts one place of a slate at most.
    double mean_scale = 1;         ///< How much of the expected corrections counts.
  };

  /// Requires Explores(request).
  SlateContest(const SlateRequest& request, const Options& options);

  /// What one draw chose, and what an absent item would have had to beat.
  struct Drawn {
    struct Place {
      std::uint32_t contestant = 0;
      float value = 0;
    };
    std::vector<Place> places;            ///< Up to K + 1, best first: who would move up if one left is the last.
    std::vector<float> effects;           ///< Of each attribute, in standard deviations.
    std::vector<std::uint32_t> spent_at;  ///< Of each attribute: the place it lifted; kNever.
    std::vector<std::uint32_t> spent_by;  ///< The contestant there.
    std::vector<std::uint32_t> place_of;  ///< Of each contestant among `places`; kNever.
  };
  static constexpr std::uint32_t kNever = 0xffffffff;

  void Draw(Random& random, Drawn& drawn);
  /// The chance of a contestant's own draw to bring it into the slate, given all else that `drawn` drew. Exact where
  /// no attribute was spent; otherwise those behind it are taken to keep their order.
  double Inclusion(std::uint32_t contestant, const Drawn& drawn) const;

  std::uint32_t index(std::uint32_t contestant) const { return contestants_[contestant].index; }
  std::size_t contestant_count() const { return contestants_.size(); }
  std::size_t slate_size() const { return slate_size_; }
  /// Of memory, about.
  std::size_t bytes() const;

 private:
  struct Contestant {
    std::uint32_t index = 0;
    float base = 0;   ///< Score and expected correction.
    float own = 0;    ///< Standard deviation of the own part; 0 for those not eligible.
    float reach = 0;  ///< The chance that a draw must be looked at at all.
    std::uint32_t shares_begin = 0;
    std::uint32_t shares_end = 0;
  };
  /// An attribute that may lift a contestant by `scale` for each standard deviation of its effect.
  struct Share {
    std::uint32_t attribute = 0;
    float scale = 0;
  };

  void AddEligible(std::uint32_t index, const SlateRequest& request);
  void RaiseBar();
  void DrawEffects(Random& random, Drawn& drawn) const;
  void DrawOwnParts(Random& random, const Drawn& drawn);
  std::span<const Share> SharesOf(const Contestant& contestant) const {
    return std::span(shares_).subspan(contestant.shares_begin, contestant.shares_end - contestant.shares_begin);
  }
  /// Value of a contestant, whose own part drew `own`, at a place.
  float ValueAt(const Contestant& contestant, float own, std::uint32_t place, const Drawn& drawn) const;
  void Spend(std::uint32_t contestant, std::uint32_t place, Drawn& drawn) const;

  const Options options_;
  const std::size_t slate_size_;
  const double weight_;
  float bar_ = 0;                        ///< Nobody below it comes into the first K + 1.
  std::vector<Contestant> contestants_;  ///< Best base first, ties by index.
  std::vector<std::uint64_t> reach_;     ///< Of 2^53 equal chances, those in which its draw must be looked at.
  std::vector<std::uint32_t> open_;      ///< The contestants whose reach is not 0.
  std::vector<Share> shares_;
  std::vector<std::uint16_t> number_of_;  ///< Of each effect among those that matter here, from 1.
  std::uint32_t attribute_count_ = 0;
  // Between draws, to keep memory.
  struct Entry {
    float value = 0;
    std::uint32_t contestant = 0;
  };
  std::vector<Entry> heap_;
  std::vector<std::uint32_t> drawing_;  ///< The contestants with an own draw.
  std::vector<float> own_draws_;        ///< [contestants], -infinity: none.
};

}  // namespace attune
