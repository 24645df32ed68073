#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bounded_cache.h"
#include "serve/exploration.h"
#include "serve/prepared_slate.h"
#include "serve/score_cache.h"

namespace attune {

/// What lists are drawn from, for people who ask again before anybody did anything: then a list costs one draw. One
/// record that a group takes makes all that its campaigns kept worthless, for it may have changed what is believed of
/// any item. Thread-safe.
class SlateCache {
 public:
  /// Of whom and of what a list is asked. The scores are of ScoreCache, which keeps them apart: they are worth more.
  struct Request {
    std::shared_ptr<const Exploration> exploration;
    ScoreCache::Scores scores;
    Exploration::Slate slate;
    bool tells_drawn_from = false;  ///< PreparedSlate::drawn_from is wanted.
  };
  using Prepared = std::shared_ptr<const PreparedSlate>;

  /// 0: keeps nothing.
  explicit SlateCache(std::uint64_t bytes_max = kBytesMaxDefault) : cache_(bytes_max) {}

  /// Null where nothing is kept, or the exploration has another revision by now.
  Prepared Find(const Request& request, std::uint64_t revision);
  /// `revision` is that of the exploration before the slate was prepared.
  void Keep(const Request& request, std::uint64_t revision, Prepared prepared);

  auto figures() const { return cache_.figures(); }

  static constexpr std::uint64_t kBytesMaxDefault = std::uint64_t{64} << 20;

 private:
  struct Kept {
    // Others may stand at the same addresses later.
    std::weak_ptr<const Exploration> exploration;
    std::weak_ptr<const std::vector<float>> scores;
    std::uint64_t revision = 0;
    Prepared prepared;
  };

  static std::string KeyOf(const Request& request);

  BoundedCache<Kept> cache_;  // Synchronises itself.
};

}  // namespace attune
