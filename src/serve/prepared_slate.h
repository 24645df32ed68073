#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/random.h"
#include "explore/gaussian_draws.h"

namespace attune {

/// Everything that one user's lists are drawn from, until somebody is told something. Thread-safe: one draws at a time.
class PreparedSlate {
 public:
  /// `items` are the model's, of the candidates of `draws`.
  PreparedSlate(std::vector<std::uint32_t> items, GaussianDraws draws)
      : items_(std::move(items)), draws_(std::move(draws)) {}

  /// Chosen places, best first; Choice::index is an item of the model. See GaussianDraws.
  std::vector<Choice> Choose(Random& random) const EXCLUDES(mutex_);

  /// What the recommendation log says of those that could have been drawn; "" where that was not asked for. Set before
  /// others see it.
  const std::string& drawn_from() const { return drawn_from_; }
  void set_drawn_from(std::string text) { drawn_from_ = std::move(text); }

  /// Of memory, about.
  std::size_t bytes() const EXCLUDES(mutex_);

 private:
  // Constant once others see it.
  const std::vector<std::uint32_t> items_;
  std::string drawn_from_;
  // Guarded by mutex_.
  mutable Mutex mutex_;
  mutable GaussianDraws draws_ GUARDED_BY(mutex_);
};

}  // namespace attune
