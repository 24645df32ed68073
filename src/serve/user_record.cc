#include "serve/user_record.h"

#include <fmt/format.h>

#include <utility>
#include <variant>

namespace attune {
namespace {

/// "" for null.
std::string TextOf(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *integer);
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("{}", *real);
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean ? "true" : "false";
  return "";
}

}  // namespace

UserRecord::UserRecord(std::shared_ptr<const MetadataTable> table, std::string_view user_id)
    : table_(std::move(table)) {
  const auto row = table_ ? table_->Find(user_id) : std::nullopt;
  if (!row) return;
  const auto& fields = table_->schema().fields();
  for (std::size_t column = 0; column < fields.size(); ++column) {
    std::string text = TextOf(table_->Cell(*row, column));
    if (!text.empty()) values_.push_back({fields[column].name, texts_.emplace_back(std::move(text))});
  }
}

}  // namespace attune
