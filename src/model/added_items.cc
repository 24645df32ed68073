#include "model/added_items.h"

#include "base/check.h"

namespace attune {

std::optional<std::uint32_t> AddedItems::Find(std::string_view id) const {
  if (index_.empty()) return std::nullopt;
  const auto& shard = index_[ShardOf(id)];
  if (!shard) return std::nullopt;
  const auto found = shard->find(id);
  if (found == shard->end()) return std::nullopt;
  return found->second;
}

void AddedItems::Add(std::shared_ptr<const AddedItem> item) {
  if (index_.empty()) index_.resize(kShards);
  ATTUNE_CHECK(OwnIndex(ShardOf(item->id)).emplace(item->id, static_cast<std::uint32_t>(size_)).second);
  if (size_ % kChunkItems == 0) chunks_.emplace_back();
  OwnChunk(size_ / kChunkItems)[size_ % kChunkItems] = std::move(item);
  ++size_;
}

void AddedItems::Replace(std::size_t position, std::shared_ptr<const AddedItem> item) {
  ATTUNE_CHECK(position < size_ && (*this)[position].id == item->id);
  OwnChunk(position / kChunkItems)[position % kChunkItems] = std::move(item);
}

AddedItems::Chunk& AddedItems::OwnChunk(std::size_t chunk) {
  auto& shared = chunks_[chunk];
  if (own_chunks_.insert(chunk).second) shared = shared ? std::make_shared<Chunk>(*shared) : std::make_shared<Chunk>();
  return *shared;
}

AddedItems::Index& AddedItems::OwnIndex(std::size_t shard) {
  auto& shared = index_[shard];
  if (own_index_.insert(shard).second) shared = shared ? std::make_shared<Index>(*shared) : std::make_shared<Index>();
  return *shared;
}

}  // namespace attune
