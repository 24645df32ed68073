#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace attune {

/// A subset of the indexes [0, size()), a bit for each. One thread at a time while it changes.
class ItemSet {
 public:
  ItemSet() = default;
  /// All of [0, size), or none.
  explicit ItemSet(std::size_t size, bool all = false) { Resize(size, all); }

  std::size_t size() const { return size_; }
  /// Requires index < size(), as Set.
  bool Has(std::size_t index) const { return (words_[index / kBits] >> (index % kBits) & 1) != 0; }
  void Set(std::size_t index, bool value) {
    const std::uint64_t bit = std::uint64_t{1} << (index % kBits);
    words_[index / kBits] = value ? words_[index / kBits] | bit : words_[index / kBits] & ~bit;
  }

  /// New indexes at the end are in the set if `value` says so.
  void Resize(std::size_t size, bool value) {
    if (value && size_ % kBits != 0 && size > size_) words_.back() |= ~std::uint64_t{0} << (size_ % kBits);
    words_.resize((size + kBits - 1) / kBits, value ? ~std::uint64_t{0} : 0);
    size_ = size;
    ClearTail();
  }

  // Both require sets of one size.
  void Unite(const ItemSet& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
  }
  void Subtract(const ItemSet& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= ~other.words_[i];
  }

  std::size_t Count() const {
    std::size_t count = 0;
    for (const std::uint64_t word : words_) count += static_cast<std::size_t>(std::popcount(word));
    return count;
  }

  /// Bit i % 64 of word i / 64; bits beyond size() are 0.
  std::span<const std::uint64_t> words() const { return words_; }

  friend bool operator==(const ItemSet&, const ItemSet&) = default;

  static constexpr std::size_t kBits = 64;

 private:
  void ClearTail() {
    if (size_ % kBits != 0) words_.back() &= ~(~std::uint64_t{0} << (size_ % kBits));
  }

  std::size_t size_ = 0;
  std::vector<std::uint64_t> words_;
};

/// Calls `visit` with every item of the set, ascending.
template <class Visit>
void ForEachItem(const ItemSet& set, Visit visit) {
  std::uint32_t first = 0;
  for (std::uint64_t word : set.words()) {
    for (; word != 0; word &= word - 1) visit(first + static_cast<std::uint32_t>(std::countr_zero(word)));
    first += ItemSet::kBits;
  }
}

}  // namespace attune
