#include "protocol/query.h"

#include <fmt/format.h>

namespace attune {

Result<QueryForm> QueryForm::Parse(std::string_view body) {
  auto parameters = ParseQueryString(body, PlusMeans::kSpace, kParametersMax);
  if (!parameters) {
    return InvalidArgument(
        fmt::format("the form has a wrong percent escape or more than {} parameters", kParametersMax));
  }
  QueryForm form;
  form.parameters_ = std::move(*parameters);
  return form;
}

std::optional<std::string_view> QueryForm::Find(std::string_view name) const {
  for (const auto& [key, value] : parameters_) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::vector<std::string> QueryForm::List(std::string_view name) const {
  std::vector<std::string> values;
  while (const auto value = Find(fmt::format("{}.member.{}", name, values.size() + 1))) values.emplace_back(*value);
  return values;
}

std::vector<QueryForm> QueryForm::StructureList(std::string_view name) const {
  std::vector<QueryForm> structures;
  while (true) {
    const std::string prefix = fmt::format("{}.member.{}.", name, structures.size() + 1);
    QueryForm structure;
    for (const auto& [key, value] : parameters_) {
      if (key.starts_with(prefix)) structure.parameters_.emplace_back(key.substr(prefix.size()), value);
    }
    if (structure.parameters_.empty()) return structures;
    structures.push_back(std::move(structure));
  }
}

}  // namespace attune
