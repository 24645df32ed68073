#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace attune {

/// External ids to dense indexes 0, 1, 2 … in the order of first sight. One thread at a time while ids are added,
/// any number of readers afterwards. Views into it stay valid while it lives and is not assigned to, also when ids are
/// added and when it is moved. Takes about 40 bytes and the id's own for each.
class Vocabulary {
 public:
  Vocabulary() = default;
  Vocabulary(const Vocabulary& other);
  Vocabulary& operator=(const Vocabulary& other);
  Vocabulary(Vocabulary&& other) noexcept;
  Vocabulary& operator=(Vocabulary&& other) noexcept;
  ~Vocabulary() = default;

  /// The index of `id`, which is added if it is new.
  std::uint32_t Add(std::string_view id);
  std::optional<std::uint32_t> Find(std::string_view id) const;
  /// Requires index < size().
  std::string_view id(std::uint32_t index) const { return ids_[index]; }
  std::size_t size() const { return ids_.size(); }
  /// About what it takes in memory.
  std::size_t bytes() const;

 private:
  /// A place of the hash table: half of the hash, so that most misses need no look at the id.
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t index = kEmpty;
  };
  static constexpr std::uint32_t kEmpty = 0xffffffff;
  static constexpr std::size_t kBlockBytes = std::size_t{1} << 16;

  /// The slot that holds `id`, or the empty one where it belongs. Requires a table.
  std::size_t FindSlot(std::string_view id, std::uint64_t hash) const;
  void Grow();
  std::string_view Keep(std::string_view id);

  std::vector<std::string_view> ids_;
  std::vector<Slot> slots_;                      ///< A power of two, at most half full; linear probing.
  std::vector<std::unique_ptr<char[]>> blocks_;  ///< What the ids point into; a block never moves.
  char* block_next_ = nullptr;
  std::size_t block_left_ = 0;
  std::size_t block_bytes_ = 0;  ///< Of all blocks.
};

}  // namespace attune
