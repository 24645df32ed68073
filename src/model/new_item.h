#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace attune {

/// What is known of one item or user outside the training data, by the schema's names of columns.
struct AttributeValues {
  std::vector<std::pair<std::string, std::vector<std::string>>> categorical;
  std::vector<std::pair<std::string, float>> numeric;
  std::vector<std::pair<std::string, std::string>> text;
};

/// An item that joins a trained model.
struct NewItem {
  std::string id;
  std::int64_t created_ms = 0;
  AttributeValues attributes;      ///< May be empty: an item that only events name.
  std::uint32_t interactions = 0;  ///< Known so far.
  std::uint64_t events_since = 0;  ///< Interactions of the whole dataset since it was created.
};

}  // namespace attune
