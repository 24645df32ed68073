#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "model/added_items.h"

namespace attune {

/// Items of an artifact whose attributes were replaced since it was written. A copy shares everything, and the first
/// change of a part of it copies that part: with items up to N, N / kChunkItems pointers and what was replaced among
/// kChunkItems neighbours. What was copied from must not be changed again. One thread at a time while it is changed,
/// thread-safe afterwards.
class ReplacedItems {
 public:
  ReplacedItems() = default;
  ReplacedItems(const ReplacedItems& other) : size_(other.size_), chunks_(other.chunks_) {}
  ReplacedItems& operator=(const ReplacedItems&) = delete;

  std::size_t size() const { return size_; }
  /// Null where the artifact's own entry holds.
  const AddedItem* Find(std::uint32_t item) const;
  void Set(std::uint32_t item, std::shared_ptr<const AddedItem> replacement);

  /// Calls `visit` with every item and its replacement, ascending.
  template <class Visit>
  void ForEach(Visit visit) const {
    for (const auto& chunk : chunks_) {
      if (!chunk) continue;
      for (const auto& [item, replacement] : *chunk) visit(item, *replacement);
    }
  }

 private:
  static constexpr std::size_t kChunkItems = 256;
  using Chunk = std::vector<std::pair<std::uint32_t, std::shared_ptr<const AddedItem>>>;  ///< Ascending.

  std::size_t size_ = 0;
  std::vector<std::shared_ptr<Chunk>> chunks_;  ///< [up to the last that is not empty]
  std::set<std::size_t> own_chunks_;            ///< Not shared with what this was copied from.
};

}  // namespace attune
