#pragma once

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/metadata_table.h"
#include "model/query.h"

namespace attune {

/// What the Users dataset says of one user now, as texts for Query::user_attributes. Owns them. Immutable.
class UserRecord {
 public:
  /// Of nobody.
  UserRecord() = default;
  /// Empty where the table is null or has no such user; nulls are left out.
  UserRecord(std::shared_ptr<const MetadataTable> table, std::string_view user_id);
  UserRecord(UserRecord&&) = default;

  std::span<const NamedValue> values() const { return values_; }

 private:
  std::shared_ptr<const MetadataTable> table_;  ///< Whose schema names the columns.
  std::deque<std::string> texts_;
  std::vector<NamedValue> values_;
};

}  // namespace attune
