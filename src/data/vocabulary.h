#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"

namespace attune {

/// External ids to dense indexes 0, 1, 2 … in the order of first sight. One thread at a time while ids are added,
/// any number of readers afterwards. Movable; views into it survive a move.
class Vocabulary {
 public:
  /// The index of `id`, which is added if it is new.
  std::uint32_t Add(std::string_view id);
  std::optional<std::uint32_t> Find(std::string_view id) const;
  /// Requires index < size().
  std::string_view id(std::uint32_t index) const { return ids_[index]; }
  std::size_t size() const { return ids_.size(); }

 private:
  struct Hasher {
    std::size_t operator()(std::string_view id) const { return Hash64(id); }
  };

  std::deque<std::string> ids_;  // A deque, so that the views used as keys stay valid.
  std::unordered_map<std::string_view, std::uint32_t, Hasher> index_;
};

}  // namespace attune
