#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/put_record.h"
#include "data/schema.h"
#include "data/training_data.h"

namespace attune {

/// Builds Attributes row by row from the columns of a schema that training uses: categorical and textual strings, and
/// numbers. One thread at a time.
class AttributeBuilder {
 public:
  /// `columns` are positions in `fields`; those that training does not use are passed over.
  AttributeBuilder(const std::vector<Field>& fields, const std::vector<std::size_t>& columns);

  /// Sets one cell of the row that EndRow will end. `column` is a position in `fields`. A null or a column that is not
  /// used changes nothing.
  void Set(std::size_t column, const Value& value);
  void EndRow();

  Attributes Finish() { return std::move(attributes_); }
  bool empty() const { return slots_.empty(); }

 private:
  enum class Kind { kCategorical, kNumeric, kText };
  struct Slot {
    std::size_t column;  ///< In the schema.
    Kind kind;
    std::size_t index;  ///< In the list of its kind.
  };

  std::vector<Slot> slots_;
  Attributes attributes_;
  std::size_t row_count_ = 0;
};

/// Calls `each` with every part of "a|b|c" that is not empty.
template <class Each>
void SplitValues(std::string_view text, Each each) {
  while (!text.empty()) {
    const std::size_t bar = text.find('|');
    if (const std::string_view part = text.substr(0, bar); !part.empty()) each(part);
    if (bar == std::string_view::npos) return;
    text.remove_prefix(bar + 1);
  }
}

}  // namespace attune
