#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace attune::exploration_bench {

/// People, items and the truth about who likes what: what does not change between the seeds of a run. Immutable.
/// Shapes: U users, I items, F features.
struct Population {
  std::size_t user_count = 0;
  std::size_t item_count = 0;
  std::size_t feature_count = 0;
  std::vector<float> affinity;                         ///< [U, I], per user of mean 0 and deviation 1, within [-2, 4].
  std::vector<float> features;                         ///< [I, F]: what the content model sees.
  std::vector<std::uint32_t> popularity;               ///< [I], how many users met the item.
  std::vector<std::vector<std::uint32_t>> attributes;  ///< [I], the categories among the features.

  float Affinity(std::size_t user, std::size_t item) const { return affinity[user * item_count + item]; }
};

/// A rank-24 factorisation of interactions.csv.gz in `folder` (columns USER_ID, ITEM_ID, both from 1) with the genres
/// and years of items.csv.gz: the world of the published reference figures.
Result<Population> LoadMovieLens(const std::string& folder);

struct GeneratedPopulation {
  std::size_t user_count = 300;
  std::size_t item_count = 400;
  std::size_t genre_count = 12;
  std::uint64_t seed = 1;
};
/// Users and items with latent tastes of which genres tell a part. Needs no data.
Population GeneratePopulation(const GeneratedPopulation& options);

}  // namespace attune::exploration_bench
