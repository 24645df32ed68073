#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/random.h"
#include "explore/gaussian_thompson.h"
#include "explore/policy.h"
#include "explore/slate_contest.h"

namespace attune {

/// What GaussianThompson chooses from for one request, to be drawn from more than once while its candidates and what is
/// believed of them stay as they are: who competes is found once, and every slate makes the probabilities of the next
/// more exact. One thread at a time.
class GaussianDraws {
 public:
  /// Reads the request now and never again.
  GaussianDraws(const SlateRequest& request, const GaussianThompson::Options& options);

  /// The slate of GaussianThompson::Choose: the same from the same state of `random`, whatever was drawn before. So are
  /// the probabilities of the first slate. From the second on they are estimated from all draws so far.
  std::vector<Choice> Choose(Random& random);

  /// Of memory, about.
  std::size_t bytes() const;

 private:
  /// Adds up the chances that draws leave to contestants; see GaussianThompson.
  struct Estimate {
    std::vector<double> sums;
    std::vector<double> squares;
    double draws = 0;

    explicit Estimate(std::size_t count) : sums(count), squares(count) {}
    void Add(std::size_t i, double chance) {
      sums[i] += chance;
      squares[i] += chance * chance;
    }
    void Write(std::size_t i, Choice& choice) const;
  };

  void EstimatePlaces(Random& random, std::vector<Choice>& choices);
  void EstimateAll(Random& random, std::vector<Choice>& choices);

  std::vector<Choice> plain_;  ///< Where nothing can be explored.
  std::optional<SlateContest> contest_;
  std::size_t slate_size_ = 0;
  std::size_t draw_count_ = 0;          ///< For the probabilities of a slate.
  std::vector<std::uint8_t> is_plain_;  ///< [contestants], 1: the plain ranking shows it.
  SlateContest::Drawn drawn_;           ///< Between draws, to keep memory.
  std::vector<std::uint32_t> places_;   ///< The contestants of the slate, likewise.
  bool was_drawn_ = false;
  std::optional<Estimate> estimate_;  ///< [contestants], from the second slate on.
};

}  // namespace attune
