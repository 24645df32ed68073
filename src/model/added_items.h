#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "model/content_model.h"

namespace attune {

/// An item that joined after the artifact was written, or whose attributes were replaced since.
struct AddedItem {
  std::string id;
  std::int64_t created_ms = 0;
  std::uint32_t interactions = 0;
  std::uint64_t events_since = 0;
  ItemContent content;
  /// Of an item that the members know under other attributes: what the change adds to what they say of it.
  std::optional<ItemContent> change;
};

/// The items that a model knows beyond its artifact. A copy shares everything, and the first change of a part of it
/// copies that part: with N items beyond the artifact, about N / kShards entries of an index and kChunkItems pointers.
/// What was copied from must not be changed again. One thread at a time while it is changed, thread-safe afterwards.
class AddedItems {
 public:
  AddedItems() = default;
  AddedItems(const AddedItems& other) : size_(other.size_), chunks_(other.chunks_), index_(other.index_) {}
  AddedItems& operator=(const AddedItems&) = delete;

  std::size_t size() const { return size_; }
  /// The position of an id, in the order of Add.
  std::optional<std::uint32_t> Find(std::string_view id) const;
  /// Requires position < size().
  const AddedItem& operator[](std::size_t position) const {
    return *(*chunks_[position / kChunkItems])[position % kChunkItems];
  }
  /// Requires an id that is not here.
  void Add(std::shared_ptr<const AddedItem> item);
  /// Requires an item of the same id at that position.
  void Replace(std::size_t position, std::shared_ptr<const AddedItem> item);

 private:
  static constexpr std::size_t kChunkItems = 256;
  static constexpr std::size_t kShards = 256;
  struct Hasher {
    using is_transparent = void;
    std::size_t operator()(std::string_view id) const { return Hash64(id); }
  };
  using Chunk = std::array<std::shared_ptr<const AddedItem>, kChunkItems>;
  using Index = std::unordered_map<std::string, std::uint32_t, Hasher, std::equal_to<>>;

  static std::size_t ShardOf(std::string_view id) { return Hash64(id, 1) % kShards; }
  Chunk& OwnChunk(std::size_t chunk);
  Index& OwnIndex(std::size_t shard);

  std::size_t size_ = 0;
  std::vector<std::shared_ptr<Chunk>> chunks_;
  std::vector<std::shared_ptr<Index>> index_;  ///< [kShards], or empty while there is nothing.
  std::set<std::size_t> own_chunks_;           ///< Not shared with what this was copied from.
  std::set<std::size_t> own_index_;
};

}  // namespace attune
