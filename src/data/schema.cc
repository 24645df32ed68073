#include "data/schema.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <span>

#include "base/json.h"

namespace attune {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

std::string_view TypeText(FieldType type) {
  switch (type) {
    case FieldType::kString: return "string";
    case FieldType::kInt: return "int";
    case FieldType::kLong: return "long";
    case FieldType::kFloat: return "float";
    case FieldType::kDouble: return "double";
    case FieldType::kBoolean: return "boolean";
  }
  return "";
}

std::optional<FieldType> ParseFieldType(std::string_view text) {
  for (const auto type : {FieldType::kString, FieldType::kInt, FieldType::kLong, FieldType::kFloat, FieldType::kDouble,
                          FieldType::kBoolean}) {
    if (TypeText(type) == text) return type;
  }
  return std::nullopt;
}

/// What a dataset type says of a field that it knows by name.
struct FieldRule {
  std::string_view name;
  std::vector<FieldType> types;  ///< Any of them.
  bool required = false;
  bool may_be_categorical = false;
  bool counts_as_metadata = false;
};

std::vector<FieldRule> RulesOf(DatasetType type, Domain domain) {
  using enum FieldType;
  const bool in_domain = domain != Domain::kNone;
  switch (type) {
    case DatasetType::kInteractions:
      return {{"USER_ID", {kString}, true},       {"ITEM_ID", {kString}, true},
              {"TIMESTAMP", {kLong}, true},       {"EVENT_TYPE", {kString}, in_domain},
              {"EVENT_VALUE", {kFloat, kDouble}}, {"IMPRESSION", {kString}},
              {"RECOMMENDATION_ID", {kString}},   {"EVENT_ATTRIBUTION_SOURCE", {kString}}};
    case DatasetType::kItems:
      if (domain == Domain::kEcommerce) {
        return {{"ITEM_ID", {kString}, true},
                {"PRICE", {kFloat}, true, false, true},
                {"CATEGORY_L1", {kString}, true, true, true},
                {"CREATION_TIMESTAMP", {kLong, kFloat}},
                {"CATEGORY_L2", {kString}, false, true, true},
                {"CATEGORY_L3", {kString}, false, true, true},
                {"PRODUCT_DESCRIPTION", {kString}, false, false, true},
                {"AGE_GROUP", {kString}, false, true, true},
                {"ADULT", {kString}, false, true, true},
                {"GENDER", {kString}, false, true, true}};
      }
      if (domain == Domain::kVideoOnDemand) {
        return {{"ITEM_ID", {kString}, true},
                {"CREATION_TIMESTAMP", {kLong}, true},
                {"PRICE", {kFloat}, false, false, true},
                {"DURATION", {kFloat}, false, false, true},
                {"AVERAGE_RATING", {kFloat}, false, false, true},
                {"GENRE_L2", {kString}, false, true, true},
                {"GENRE_L3", {kString}, false, true, true},
                {"PRODUCT_DESCRIPTION", {kString}, false, false, true},
                {"CONTENT_OWNER", {kString}, false, true, true},
                {"CONTENT_CLASSIFICATION", {kString}, false, true, true}};
      }
      return {{"ITEM_ID", {kString}, true}, {"CREATION_TIMESTAMP", {kLong}}};
    case DatasetType::kUsers:
      if (domain == Domain::kVideoOnDemand) {
        return {{"USER_ID", {kString}, true}, {"SUBSCRIPTION_MODEL", {kString}, false, true, true}};
      }
      return {{"USER_ID", {kString}, true}};
    case DatasetType::kActions:
      return {
          {"ACTION_ID", {kString}, true},           {"CREATION_TIMESTAMP", {kLong}},   {"VALUE", {kLong}},
          {"ACTION_EXPIRATION_TIMESTAMP", {kLong}}, {"EXPIRATION_TIMESTAMP", {kLong}}, {"REPEAT_FREQUENCY", {kLong}}};
    case DatasetType::kActionInteractions:
      return {{"USER_ID", {kString}, true}, {"ACTION_ID", {kString}, true}, {"EVENT_TYPE", {kString}, true},
              {"TIMESTAMP", {kLong}, true}, {"IMPRESSION", {kString}},      {"RECOMMENDATION_ID", {kString}}};
  }
  return {};
}

struct MetadataBounds {
  std::size_t min = 0;
  std::size_t max = 0;
};

MetadataBounds MetadataBoundsOf(DatasetType type) {
  switch (type) {
    case DatasetType::kInteractions: return {0, Schema::kInteractionFieldsMax};
    case DatasetType::kItems: return {1, Schema::kItemFieldsMax};
    case DatasetType::kUsers: return {1, Schema::kUserFieldsMax};
    case DatasetType::kActions: return {1, Schema::kActionFieldsMax};
    case DatasetType::kActionInteractions: return {0, Schema::kInteractionFieldsMax};
  }
  return {};
}

std::optional<DatasetType> TypeOfRecordName(std::string_view record_name) {
  const std::string folded = FoldName(record_name);
  for (const auto type : {DatasetType::kInteractions, DatasetType::kItems, DatasetType::kUsers, DatasetType::kActions,
                          DatasetType::kActionInteractions}) {
    if (folded == FoldName(DatasetTypeText(type))) return type;
  }
  return std::nullopt;
}

Status ReadType(element type, Field* field) {
  std::string_view text;
  if (type.get(text) == simdjson::SUCCESS) {
    const auto parsed = ParseFieldType(text);
    if (!parsed) return InvalidArgument(fmt::format("The field {} has the unknown type '{}'.", field->name, text));
    field->type = *parsed;
    return {};
  }
  array alternatives;
  if (type.get(alternatives) != simdjson::SUCCESS || alternatives.size() == 0) {
    return InvalidArgument(
        fmt::format("The type of the field {} must be a name or a list of names: records are flat.", field->name));
  }
  bool has_type = false;
  for (const element alternative : alternatives) {
    if (alternative.get(text) != simdjson::SUCCESS) {
      return InvalidArgument(fmt::format("The type of the field {} may not be nested.", field->name));
    }
    if (text == "null") {
      field->nullable = true;
      continue;
    }
    const auto parsed = ParseFieldType(text);
    if (!parsed) return InvalidArgument(fmt::format("The field {} has the unknown type '{}'.", field->name, text));
    if (has_type) return InvalidArgument(fmt::format("The field {} has more than one type beside null.", field->name));
    field->type = *parsed;
    has_type = true;
  }
  if (!has_type) return InvalidArgument(fmt::format("The field {} has no type beside null.", field->name));
  return {};
}

Status ReadFlag(object definition, const char* name, const Field& field, bool* flag) {
  element value;
  if (definition.at_key(name).get(value) != simdjson::SUCCESS) return {};
  if (value.get(*flag) != simdjson::SUCCESS) {
    return InvalidArgument(fmt::format("'{}' of the field {} must be true or false.", name, field.name));
  }
  return {};
}

Status CheckFieldName(std::string_view name) {
  const bool is_plain =
      std::ranges::all_of(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; });
  if (name.empty() || !is_plain) {
    return InvalidArgument(fmt::format("The field name '{}' may have letters, digits and underscores only.", name));
  }
  if (name.size() > Schema::kFieldNameBytesMax) {
    return InvalidArgument(fmt::format("The field name '{}' has {} characters; the limit is {}.", name, name.size(),
                                       Schema::kFieldNameBytesMax));
  }
  return {};
}

Result<Field> ReadField(element source) {
  object definition;
  std::string_view name;
  if (source.get(definition) != simdjson::SUCCESS || definition.at_key("name").get(name) != simdjson::SUCCESS) {
    return InvalidArgument("Each of the schema's fields must be an object with a name and a type.");
  }
  ATTUNE_RETURN_IF_ERROR(CheckFieldName(name));
  Field field{.name = std::string(name)};
  element type;
  if (definition.at_key("type").get(type) != simdjson::SUCCESS) {
    return InvalidArgument(fmt::format("The field {} has no type.", name));
  }
  ATTUNE_RETURN_IF_ERROR(ReadType(type, &field));
  ATTUNE_RETURN_IF_ERROR(ReadFlag(definition, "categorical", field, &field.categorical));
  ATTUNE_RETURN_IF_ERROR(ReadFlag(definition, "textual", field, &field.textual));
  ATTUNE_RETURN_IF_ERROR(ReadFlag(definition, "itemName", field, &field.item_name));
  if ((field.categorical || field.textual || field.item_name) && field.type != FieldType::kString) {
    return InvalidArgument(fmt::format("The field {} is {}; only a string may be categorical, textual or an item name.",
                                       name, TypeText(field.type)));
  }
  if (field.categorical && field.textual) {
    return InvalidArgument(fmt::format("The field {} may not be both categorical and textual.", name));
  }
  return field;
}

Status CheckHead(object root) {
  std::string_view text;
  if (root.at_key("type").get(text) != simdjson::SUCCESS || text != "record") {
    return InvalidArgument("The schema's type must be 'record'.");
  }
  if (root.at_key("name").get(text) != simdjson::SUCCESS || text.empty()) {
    return InvalidArgument("The schema must have a name, such as 'Interactions'.");
  }
  element ignored;
  if (root.at_key("namespace").get(ignored) == simdjson::SUCCESS &&
      (ignored.get(text) != simdjson::SUCCESS || text != "com.amazonaws.personalize.schema")) {
    return InvalidArgument("The schema's namespace must be 'com.amazonaws.personalize.schema'.");
  }
  // The guide says "1.0"; the service takes a number too.
  double number = 0;
  element version;
  if (root.at_key("version").get(version) == simdjson::SUCCESS &&
      (version.get(number) != simdjson::SUCCESS || number != 1) &&
      (version.get(text) != simdjson::SUCCESS || (text != "1.0" && text != "1"))) {
    return InvalidArgument(fmt::format("The schema's version must be '1.0', not {}.",
                                       std::string(simdjson::minify(version)).substr(0, 80)));
  }
  return {};
}

Status CheckNamesDiffer(std::span<const Field> fields) {
  std::vector<std::pair<std::string, std::string_view>> folded;
  for (const Field& field : fields) folded.emplace_back(FoldName(field.name), field.name);
  std::ranges::sort(folded);
  const auto clash = std::ranges::adjacent_find(folded, {}, [](const auto& each) { return each.first; });
  if (clash == folded.end()) return {};
  return InvalidArgument(
      fmt::format("The fields {} and {} have the same name: underscores and case do not tell them apart.",
                  clash->second, std::next(clash)->second));
}

Status CheckKnownField(const Field& field, const FieldRule& rule) {
  if (std::ranges::find(rule.types, field.type) == rule.types.end()) {
    return InvalidArgument(fmt::format("The field {} must be of type {}, not {}.", rule.name, TypeText(rule.types[0]),
                                       TypeText(field.type)));
  }
  if (rule.required && field.nullable) {
    return InvalidArgument(fmt::format("The required field {} may not be null.", rule.name));
  }
  if (field.categorical && !rule.may_be_categorical) {
    return InvalidArgument(fmt::format("The field {} may not be categorical.", rule.name));
  }
  return {};
}

Status CheckVideoGenres(std::span<const Field> fields) {
  // The guide's text says GENRES and its default schema GENRES_L1; both are taken.
  constexpr std::array<std::string_view, 4> kNames{"genres", "genre", "genresl1", "genrel1"};
  const bool has_genres = std::ranges::any_of(fields, [&](const Field& field) {
    return field.categorical && std::ranges::find(kNames, FoldName(field.name)) != kNames.end();
  });
  return has_genres ? Status()
                    : InvalidArgument("An Items schema of VIDEO_ON_DEMAND needs a categorical field GENRES.");
}

}  // namespace

std::string_view DatasetTypeText(DatasetType type) {
  switch (type) {
    case DatasetType::kInteractions: return "INTERACTIONS";
    case DatasetType::kItems: return "ITEMS";
    case DatasetType::kUsers: return "USERS";
    case DatasetType::kActions: return "ACTIONS";
    case DatasetType::kActionInteractions: return "ACTION_INTERACTIONS";
  }
  return "";
}

std::optional<DatasetType> ParseDatasetType(std::string_view text) {
  for (const auto type : {DatasetType::kInteractions, DatasetType::kItems, DatasetType::kUsers, DatasetType::kActions,
                          DatasetType::kActionInteractions}) {
    if (Lower(text) == Lower(DatasetTypeText(type))) return type;
  }
  return std::nullopt;
}

Result<Schema> Schema::Parse(std::string_view json, Domain domain) {
  auto document = JsonDocument::Parse(json);
  if (!document.ok()) return InvalidArgument("The schema is " + document.status().message() + ".");
  object root;
  if (document->root().get(root) != simdjson::SUCCESS) return InvalidArgument("The schema must be a JSON object.");
  ATTUNE_RETURN_IF_ERROR(CheckHead(root));
  array fields;
  if (root.at_key("fields").get(fields) != simdjson::SUCCESS || fields.size() == 0) {
    return InvalidArgument("The schema must have a list of fields.");
  }
  Schema schema;
  schema.record_name_ = std::string_view(root["name"]);
  for (const element source : fields) {
    ATTUNE_TRY(auto field, ReadField(source));
    schema.fields_.push_back(std::move(field));
  }
  ATTUNE_RETURN_IF_ERROR(CheckNamesDiffer(schema.fields_));
  if (const auto type = schema.type()) ATTUNE_RETURN_IF_ERROR(schema.CheckFits(*type, domain));
  return schema;
}

Status Schema::CheckFits(DatasetType dataset_type, Domain domain) const {
  if (const auto named = type(); named && *named != dataset_type) {
    return InvalidArgument(fmt::format("The schema's record is named {}; a dataset of type {} cannot use it.",
                                       record_name_, DatasetTypeText(dataset_type)));
  }
  std::size_t metadata = fields_.size();
  for (const FieldRule& rule : RulesOf(dataset_type, domain)) {
    const auto field = FindColumn(rule.name);
    if (!field) {
      if (!rule.required) continue;
      return InvalidArgument(fmt::format("The schema of type {} is missing the required field {}.",
                                         DatasetTypeText(dataset_type), rule.name));
    }
    ATTUNE_RETURN_IF_ERROR(CheckKnownField(fields_[*field], rule));
    if (!rule.counts_as_metadata) --metadata;
  }
  if (dataset_type == DatasetType::kItems && domain == Domain::kVideoOnDemand) {
    ATTUNE_RETURN_IF_ERROR(CheckVideoGenres(fields_));
  }
  const auto [min, max] = MetadataBoundsOf(dataset_type);
  if (metadata < min || metadata > max) {
    return InvalidArgument(fmt::format("The schema of type {} has {} metadata fields; there must be {} to {}.",
                                       DatasetTypeText(dataset_type), metadata, min, max));
  }
  if (std::ranges::count_if(fields_, &Field::textual) > 1) {
    return InvalidArgument("A schema may have only one textual field.");
  }
  return {};
}

Status Schema::CheckReplaceableBy(const Schema& next) const {
  for (const Field& old : fields_) {
    const auto found = std::ranges::find(next.fields_, old.name, &Field::name);
    if (found == next.fields_.end()) {
      return InvalidArgument(fmt::format("The new schema is missing the field {} of the old one.", old.name));
    }
    if (found->type != old.type || found->nullable != old.nullable || found->categorical != old.categorical ||
        found->textual != old.textual || found->item_name != old.item_name) {
      return InvalidArgument(fmt::format("The field {} must keep its type and attributes.", old.name));
    }
  }
  // Records that were put one by one lie in the order of the columns.
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (next.fields_[i].name != fields_[i].name) {
      return InvalidArgument(fmt::format(
          "The new schema has {} where the old one has {}: it must begin with the fields of the old one, in "
          "their order, and new ones follow.",
          next.fields_[i].name, fields_[i].name));
    }
  }
  for (const Field& field : next.fields_) {
    const bool is_old = std::ranges::find(fields_, field.name, &Field::name) != fields_.end();
    if (!is_old && !field.nullable) {
      return InvalidArgument(fmt::format("The new field {} must allow null.", field.name));
    }
  }
  return {};
}

std::optional<DatasetType> Schema::type() const { return TypeOfRecordName(record_name_); }

std::optional<std::size_t> Schema::FindColumn(std::string_view name) const {
  const std::string lower = Lower(name);
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (Lower(fields_[i].name) == lower) return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> Schema::FindProperty(std::string_view key) const {
  const std::string folded = FoldName(key);
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (FoldName(fields_[i].name) == folded) return i;
  }
  return std::nullopt;
}

std::string PropertyName(std::string_view column) {
  std::string name;
  bool upper_next = false;
  for (const char c : column) {
    if (c == '_') {
      upper_next = !name.empty();
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    name.push_back(static_cast<char>(upper_next ? std::toupper(byte) : std::tolower(byte)));
    upper_next = false;
  }
  return name;
}

std::string FoldName(std::string_view name) {
  std::string folded = Lower(name);
  std::erase(folded, '_');
  return folded;
}

}  // namespace attune
