#include "catalog/arn.h"

#include <fmt/format.h>

#include <array>

namespace attune {

Result<Arn> Arn::Parse(std::string_view text) {
  std::array<std::string_view, 6> parts;
  std::string_view rest = text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool is_last = i + 1 == parts.size();
    const auto colon = is_last ? std::string_view::npos : rest.find(':');
    if (!is_last && colon == std::string_view::npos) {
      return InvalidArgument(fmt::format("'{}' is not an ARN: it has {} of 6 parts", text, i + 1));
    }
    parts[i] = rest.substr(0, colon);
    rest = is_last ? std::string_view() : rest.substr(colon + 1);
  }
  if (parts[0] != "arn" || parts[5].empty()) return InvalidArgument(fmt::format("'{}' is not an ARN", text));
  return Arn{parts[1], parts[2], parts[3], parts[4], parts[5]};
}

std::string MakeArn(std::string_view region, std::string_view account, std::string_view resource) {
  return fmt::format("arn:aws:personalize:{}:{}:{}", region, account, resource);
}

}  // namespace attune
