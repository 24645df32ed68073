#include "server/named_arns.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/json.h"

namespace attune {
namespace {

constexpr std::string_view kKey = "kmsKeyArn";
constexpr std::string_view kRole = "roleArn";
constexpr std::array<std::string_view, 3> kEverybodys = {"recipeArn", "featureTransformationArn", "algorithmArn"};

struct Collected {
  NamedArns named;
  std::vector<std::string> everybodys;
};

void AddOnce(std::string_view arn, std::vector<std::string>& arns) {
  if (std::ranges::find(arns, arn) == arns.end()) arns.emplace_back(arn);
}

void Collect(simdjson::dom::element value, std::string_view member, Collected& found) {
  if (value.is_object()) {
    for (const auto [key, inner] : simdjson::dom::object(value)) Collect(inner, key, found);
  } else if (value.is_array()) {
    for (const auto inner : simdjson::dom::array(value)) Collect(inner, member, found);
  } else if (value.is_string() && member.ends_with("Arn") && member != kKey) {
    const std::string_view text = value.get_string().value_unsafe();
    if (text.empty()) return;
    const bool is_everybodys = std::ranges::find(kEverybodys, member) != kEverybodys.end();
    AddOnce(text, member == kRole ? found.named.roles : is_everybodys ? found.everybodys : found.named.resources);
  }
}

}  // namespace

NamedArns FindNamedArns(std::string_view body) {
  Collected found;
  if (const auto document = JsonDocument::Parse(body); document.ok()) Collect(document->root(), "", found);
  if (found.named.resources.empty()) found.named.resources = std::move(found.everybodys);
  return std::move(found.named);
}

}  // namespace attune
