#include "data/vocabulary.h"

namespace attune {

std::uint32_t Vocabulary::Add(std::string_view id) {
  if (const auto known = index_.find(id); known != index_.end()) return known->second;
  const auto index = static_cast<std::uint32_t>(ids_.size());
  index_.emplace(ids_.emplace_back(id), index);
  return index;
}

std::optional<std::uint32_t> Vocabulary::Find(std::string_view id) const {
  const auto known = index_.find(id);
  if (known == index_.end()) return std::nullopt;
  return known->second;
}

}  // namespace attune
