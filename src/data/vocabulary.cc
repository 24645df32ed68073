#include "data/vocabulary.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/hash.h"

namespace attune {

Vocabulary::Vocabulary(const Vocabulary& other) {
  for (const std::string_view id : other.ids_) Add(id);
}

Vocabulary& Vocabulary::operator=(const Vocabulary& other) {
  if (this != &other) *this = Vocabulary(other);
  return *this;
}

Vocabulary::Vocabulary(Vocabulary&& other) noexcept { *this = std::move(other); }

Vocabulary& Vocabulary::operator=(Vocabulary&& other) noexcept {
  ids_ = std::exchange(other.ids_, {});
  slots_ = std::exchange(other.slots_, {});
  blocks_ = std::exchange(other.blocks_, {});
  block_next_ = std::exchange(other.block_next_, nullptr);
  block_left_ = std::exchange(other.block_left_, 0);
  block_bytes_ = std::exchange(other.block_bytes_, 0);
  return *this;
}

std::uint32_t Vocabulary::Add(std::string_view id) {
  if (ids_.size() * 2 >= slots_.size()) Grow();
  const std::uint64_t hash = Hash64(id);
  Slot& slot = slots_[FindSlot(id, hash)];
  if (slot.index != kEmpty) return slot.index;
  slot = {.hash = static_cast<std::uint32_t>(hash >> 32), .index = static_cast<std::uint32_t>(ids_.size())};
  ids_.push_back(Keep(id));
  return slot.index;
}

std::optional<std::uint32_t> Vocabulary::Find(std::string_view id) const {
  if (slots_.empty()) return std::nullopt;
  const Slot& slot = slots_[FindSlot(id, Hash64(id))];
  if (slot.index == kEmpty) return std::nullopt;
  return slot.index;
}

std::size_t Vocabulary::bytes() const {
  return ids_.capacity() * sizeof(std::string_view) + slots_.capacity() * sizeof(Slot) + block_bytes_;
}

std::size_t Vocabulary::FindSlot(std::string_view id, std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  const auto half = static_cast<std::uint32_t>(hash >> 32);
  for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.index == kEmpty || (slot.hash == half && ids_[slot.index] == id)) return at;
  }
}

void Vocabulary::Grow() {
  constexpr std::size_t kSlotsMin = 16;
  slots_.assign(std::max(kSlotsMin, slots_.size() * 2), Slot());
  const std::size_t mask = slots_.size() - 1;
  for (std::uint32_t index = 0; index < ids_.size(); ++index) {
    const std::uint64_t hash = Hash64(ids_[index]);
    std::size_t at = hash & mask;
    while (slots_[at].index != kEmpty) at = (at + 1) & mask;
    slots_[at] = {.hash = static_cast<std::uint32_t>(hash >> 32), .index = index};
  }
}

std::string_view Vocabulary::Keep(std::string_view id) {
  if (id.empty()) return {};
  if (id.size() > block_left_) {
    // Small vocabularies get small blocks.
    const std::size_t bytes = std::max(id.size(), std::min(kBlockBytes, std::max<std::size_t>(64, block_bytes_)));
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(bytes));
    block_next_ = blocks_.back().get();
    block_left_ = bytes;
    block_bytes_ += bytes;
  }
  std::memcpy(block_next_, id.data(), id.size());
  const std::string_view kept(block_next_, id.size());
  block_next_ += id.size();
  block_left_ -= id.size();
  return kept;
}

}  // namespace attune
