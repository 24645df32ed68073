#include "data/attribute_builder.h"

namespace attune {

AttributeBuilder::AttributeBuilder(const std::vector<Field>& fields, const std::vector<std::size_t>& columns) {
  for (const std::size_t column : columns) {
    const Field& field = fields[column];
    switch (field.type) {
      case FieldType::kString:
        if (field.categorical) {
          slots_.push_back({column, Kind::kCategorical, attributes_.categorical.size()});
          auto& target = attributes_.categorical.emplace_back();
          target.name = field.name;
          target.offsets.push_back(0);
        } else if (field.textual) {
          slots_.push_back({column, Kind::kText, attributes_.text.size()});
          attributes_.text.push_back({.name = field.name, .values = {}});
        }
        break;
      case FieldType::kInt:
      case FieldType::kLong:
      case FieldType::kFloat:
      case FieldType::kDouble:
        slots_.push_back({column, Kind::kNumeric, attributes_.numeric.size()});
        attributes_.numeric.push_back({.name = field.name, .values = {}});
        break;
      case FieldType::kBoolean: break;
    }
  }
}

void AttributeBuilder::Set(std::size_t column, const Value& value) {
  for (const Slot& slot : slots_) {
    if (slot.column != column) continue;
    if (slot.kind == Kind::kNumeric) {
      auto& values = attributes_.numeric[slot.index].values;
      if (const auto* integer = std::get_if<std::int64_t>(&value)) values.push_back(static_cast<float>(*integer));
      if (const auto* real = std::get_if<double>(&value)) values.push_back(static_cast<float>(*real));
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      if (slot.kind == Kind::kText) {
        attributes_.text[slot.index].values.push_back(*text);
      } else {
        auto& target = attributes_.categorical[slot.index];
        SplitValues(*text, [&](std::string_view part) { target.values.push_back(target.categories.Add(part)); });
      }
    }
    return;
  }
}

void AttributeBuilder::EndRow() {
  ++row_count_;
  for (auto& column : attributes_.categorical)
    column.offsets.push_back(static_cast<std::uint32_t>(column.values.size()));
  for (auto& column : attributes_.numeric) column.values.resize(row_count_, kMissing);
  for (auto& column : attributes_.text) column.values.resize(row_count_);
}

}  // namespace attune
