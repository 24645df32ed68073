#include "model/replaced_items.h"

#include <algorithm>

namespace attune {

const AddedItem* ReplacedItems::Find(std::uint32_t item) const {
  const std::size_t place = item / kChunkItems;
  if (place >= chunks_.size() || !chunks_[place]) return nullptr;
  const Chunk& chunk = *chunks_[place];
  const auto found = std::ranges::lower_bound(chunk, item, {}, &Chunk::value_type::first);
  return found != chunk.end() && found->first == item ? found->second.get() : nullptr;
}

void ReplacedItems::Set(std::uint32_t item, std::shared_ptr<const AddedItem> replacement) {
  const std::size_t place = item / kChunkItems;
  if (place >= chunks_.size()) chunks_.resize(place + 1);
  auto& shared = chunks_[place];
  if (own_chunks_.insert(place).second) shared = shared ? std::make_shared<Chunk>(*shared) : std::make_shared<Chunk>();
  const auto found = std::ranges::lower_bound(*shared, item, {}, &Chunk::value_type::first);
  if (found != shared->end() && found->first == item) {
    found->second = std::move(replacement);
  } else {
    shared->emplace(found, item, std::move(replacement));
    ++size_;
  }
}

}  // namespace attune
