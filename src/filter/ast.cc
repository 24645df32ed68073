#include "filter/ast.h"

#include <charconv>
#include <cmath>

namespace attune {

std::string_view FilterDatasetText(FilterDataset dataset) {
  switch (dataset) {
    case FilterDataset::kInteractions: return "Interactions";
    case FilterDataset::kItems: return "Items";
    case FilterDataset::kUsers: return "Users";
    case FilterDataset::kActions: return "Actions";
    case FilterDataset::kActionInteractions: return "Action_Interactions";
    case FilterDataset::kCurrentUser: return "CurrentUser";
    case FilterDataset::kCurrentItem: return "CurrentItem";
  }
  return "";
}

std::string FilterFieldText(const FilterField& field) {
  return std::string(FilterDatasetText(field.dataset)) + "." + field.column;
}

std::optional<FilterNumber> FilterNumber::Parse(std::string_view text) {
  const bool has_plus = text.starts_with('+');
  if (has_plus) text.remove_prefix(1);
  // What from_chars reads beyond decimal numbers, "inf" and "nan", begins with a letter.
  const std::size_t first = text.find_first_not_of(has_plus ? "" : "-");
  if (first == std::string_view::npos || first > 1) return std::nullopt;
  if (text[first] != '.' && (text[first] < '0' || text[first] > '9')) return std::nullopt;
  FilterNumber number;
  const char* const end = text.data() + text.size();
  const auto real = std::from_chars(text.data(), end, number.real);
  if (real.ec != std::errc() || real.ptr != end || !std::isfinite(number.real)) return std::nullopt;
  std::int64_t whole = 0;
  const auto integer = std::from_chars(text.data(), end, whole);
  if (integer.ec == std::errc() && integer.ptr == end) number.whole = whole;
  return number;
}

}  // namespace attune
