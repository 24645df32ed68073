#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace attune {

enum class DatasetType { kInteractions, kItems, kUsers, kActions, kActionInteractions };

/// "INTERACTIONS", "ITEMS", "USERS", "ACTIONS", "ACTION_INTERACTIONS".
std::string_view DatasetTypeText(DatasetType type);
/// Compares without case.
std::optional<DatasetType> ParseDatasetType(std::string_view text);

enum class Domain { kNone, kEcommerce, kVideoOnDemand };

enum class FieldType { kString, kInt, kLong, kFloat, kDouble, kBoolean };

struct Field {
  std::string name;  ///< As the schema spells it.
  FieldType type = FieldType::kString;
  bool nullable = false;
  bool categorical = false;  ///< Several values may stand in one cell, separated by '|'.
  bool textual = false;
  bool item_name = false;
};

/// The columns of a dataset, from the Avro JSON that CreateSchema takes (Amazon Personalize guide, "Creating schema
/// JSON files"). Immutable.
class Schema {
 public:
  /// InvalidArgument with a sentence for everything the guide forbids: what is not JSON or not a flat record, unknown
  /// types, missing, mistyped or nullable required fields, mistyped reserved fields, names that clash (underscores and
  /// case do not tell names apart), too many or too few metadata fields. A record name of no dataset type is checked
  /// for form alone; CheckFits then finds what is missing.
  static Result<Schema> Parse(std::string_view json, Domain domain = Domain::kNone);

  /// Whether a dataset of this type may use the schema.
  Status CheckFits(DatasetType type, Domain domain = Domain::kNone) const;

  /// InvalidArgument unless `next` could replace this one (UpdateDataset): first every field of this, in its order,
  /// with the same type and attributes, then what is new, nullable.
  Status CheckReplaceableBy(const Schema& next) const;

  const std::string& record_name() const { return record_name_; }
  /// The type that the record's name says, if it is the name of one.
  std::optional<DatasetType> type() const;
  const std::vector<Field>& fields() const { return fields_; }

  /// Position of a field by name without regard to case, as CSV headers and filters name columns.
  std::optional<std::size_t> FindColumn(std::string_view name) const;
  /// Position of a field by the name of a property: camelCase or as it stands; case and underscores do not matter.
  std::optional<std::size_t> FindProperty(std::string_view key) const;

  static constexpr std::size_t kItemFieldsMax = 100;
  static constexpr std::size_t kUserFieldsMax = 25;
  static constexpr std::size_t kInteractionFieldsMax = 5;
  static constexpr std::size_t kActionFieldsMax = 10;
  static constexpr std::size_t kFieldNameBytesMax = 150;

 private:
  Schema() = default;

  std::string record_name_;
  std::vector<Field> fields_;
};

/// "deviceType" for DEVICE_TYPE: how a column is spelled as a property.
std::string PropertyName(std::string_view column);
/// Lower case, without underscores: equal for all spellings of one column.
std::string FoldName(std::string_view name);

}  // namespace attune
