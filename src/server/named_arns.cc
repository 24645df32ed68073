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

/// "tags" and "tagKeys" of the request itself, each time that they are there.
void CollectTags(simdjson::dom::element root, NamedArns& named) {
  if (!root.is_object()) return;
  for (const auto [member, value] : simdjson::dom::object(root)) {
    if (!value.is_array()) continue;
    for (const auto each : simdjson::dom::array(value)) {
      std::string_view key, text;
      if (member == "tagKeys" && each.get(key) == simdjson::SUCCESS) named.tag_keys.emplace_back(key);
      if (member != "tags" || !each.is_object() || each["tagKey"].get(key) != simdjson::SUCCESS) continue;
      if (each["tagValue"].get(text) == simdjson::SUCCESS) named.tags.emplace_back(key, text);
    }
  }
}

}  // namespace

NamedArns FindNamedArns(std::string_view body) {
  Collected found;
  if (const auto document = JsonDocument::Parse(body); document.ok()) {
    Collect(document->root(), "", found);
    CollectTags(document->root(), found.named);
  }
  if (found.named.resources.empty()) found.named.resources = std::move(found.everybodys);
  return std::move(found.named);
}

}  // namespace attune
