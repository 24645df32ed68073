#include "access/policy_variables.h"

#include "access/wildcard.h"

namespace attune {

std::optional<std::string> ReplaceVariables(std::string_view pattern, const AccessRequest& request,
                                            std::string_view version) {
  if (version != PolicyDocument::kCurrentVersion) return std::string(pattern);
  std::string replaced;
  while (true) {
    const auto begin = pattern.find("${");
    const auto end = begin == std::string_view::npos ? begin : pattern.find('}', begin);
    if (end == std::string_view::npos) {
      replaced.append(pattern);
      return replaced;
    }
    replaced.append(pattern.substr(0, begin));
    const auto inside = pattern.substr(begin + 2, end - begin - 2);
    pattern.remove_prefix(end + 1);
    if (inside == "*" || inside == "?" || inside == "$") {
      replaced.append(inside);
      continue;
    }
    const auto comma = inside.find(',');
    const auto values = ContextValues(request, LowerCase(inside.substr(0, comma)));
    if (values.size() == 1) {
      replaced.append(values.front());
      continue;
    }
    const auto open = comma == std::string_view::npos ? comma : inside.find('\'', comma);
    const auto close = open == std::string_view::npos ? open : inside.find('\'', open + 1);
    if (close == std::string_view::npos) return std::nullopt;
    replaced.append(inside.substr(open + 1, close - open - 1));
  }
}

}  // namespace attune
