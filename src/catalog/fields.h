#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "catalog/resources.h"

namespace attune {

/// Writes the Fields() of a resource as JSON and reads them back. Absent optionals, empty strings and empty lists are
/// left out, and what is absent reads as the member's default, so a member can be added without a migration.
/// One thread at a time.
class FieldWriter {
 public:
  explicit FieldWriter(JsonWriter& json) : json_(json) {}

  template <class T>
  void operator()(std::string_view name, T& value) {
    if (IsEmpty(value)) return;
    json_.Key(name);
    Write(value);
  }

 private:
  template <class T>
  static bool IsEmpty(const std::optional<T>& value) {
    return !value.has_value();
  }
  template <class T>
  static bool IsEmpty(const T& value) {
    if constexpr (requires { value.empty(); }) return value.empty();
    return false;
  }

  void Write(const std::string& text) { json_.String(text); }
  void Write(bool value) { json_.Bool(value); }
  void Write(std::int64_t value) { json_.Int(value); }
  void Write(double value) { json_.Double(value); }
  void Write(ResourceStatus status) { json_.Int(static_cast<int>(status)); }
  template <class T>
  void Write(std::optional<T>& value) {
    Write(*value);
  }
  template <class T>
  void Write(std::vector<T>& values) {
    json_.BeginArray();
    for (auto& value : values) Write(value);
    json_.EndArray();
  }
  template <class T>
  void Write(std::map<std::string, T>& values) {
    json_.BeginObject();
    for (auto& [key, value] : values) {
      json_.Key(key);
      Write(value);
    }
    json_.EndObject();
  }
  template <class T>
  requires requires(T& value, FieldWriter& writer) { value.Fields(writer); }
  void Write(T& value) {
    json_.BeginObject();
    if constexpr (std::is_base_of_v<Resource, T>) WriteHeader(value);
    value.Fields(*this);
    json_.EndObject();
  }
  void WriteHeader(Resource& resource) {
    (*this)("arn", resource.arn);
    (*this)("name", resource.name);
    (*this)("parent_arn", resource.parent_arn);
  }

  JsonWriter& json_;
};

class FieldReader {
 public:
  explicit FieldReader(simdjson::dom::object object) : object_(object) {}

  template <class T>
  void operator()(std::string_view name, T& value) {
    simdjson::dom::element element;
    if (object_.at_key(name).get(element) != simdjson::SUCCESS) return;
    ok_ = Read(element, value) && ok_;
  }

  /// False once a member had the wrong type.
  bool ok() const { return ok_; }

 private:
  static bool Read(simdjson::dom::element element, std::string& text) {
    std::string_view view;
    if (element.get(view) != simdjson::SUCCESS) return false;
    text = view;
    return true;
  }
  static bool Read(simdjson::dom::element element, bool& value) { return element.get(value) == simdjson::SUCCESS; }
  static bool Read(simdjson::dom::element element, std::int64_t& value) {
    return element.get(value) == simdjson::SUCCESS;
  }
  static bool Read(simdjson::dom::element element, double& value) { return element.get(value) == simdjson::SUCCESS; }
  static bool Read(simdjson::dom::element element, ResourceStatus& status) {
    std::int64_t number = 0;
    if (element.get(number) != simdjson::SUCCESS) return false;
    status = static_cast<ResourceStatus>(number);
    return true;
  }
  template <class T>
  static bool Read(simdjson::dom::element element, std::optional<T>& value) {
    return Read(element, value.emplace());
  }
  template <class T>
  static bool Read(simdjson::dom::element element, std::vector<T>& values) {
    simdjson::dom::array array;
    if (element.get(array) != simdjson::SUCCESS) return false;
    for (const auto child : array) {
      if (!Read(child, values.emplace_back())) return false;
    }
    return true;
  }
  template <class T>
  static bool Read(simdjson::dom::element element, std::map<std::string, T>& values) {
    simdjson::dom::object object;
    if (element.get(object) != simdjson::SUCCESS) return false;
    for (const auto [key, child] : object) {
      if (!Read(child, values[std::string(key)])) return false;
    }
    return true;
  }
  template <class T>
  requires requires(T& value, FieldReader& reader) { value.Fields(reader); }
  static bool Read(simdjson::dom::element element, T& value) {
    simdjson::dom::object object;
    if (element.get(object) != simdjson::SUCCESS) return false;
    FieldReader reader(object);
    if constexpr (std::is_base_of_v<Resource, T>) {
      reader("arn", value.arn);
      reader("name", value.name);
      reader("parent_arn", value.parent_arn);
    }
    value.Fields(reader);
    return reader.ok();
  }

  simdjson::dom::object object_;
  bool ok_ = true;
};

/// The stored body of a resource: a JSON object of its Fields().
template <class R>
std::string EncodeFields(R resource) {
  std::string body;
  JsonWriter json(&body);
  json.BeginObject();
  FieldWriter writer(json);
  resource.Fields(writer);
  json.EndObject();
  return body;
}

/// Corrupt where `body` is not what EncodeFields wrote.
template <class R>
Status DecodeFields(std::string_view body, R* resource) {
  auto document = JsonDocument::Parse(body);
  simdjson::dom::object object;
  if (!document.ok() || document->root().get(object) != simdjson::SUCCESS) {
    return Corrupt("the catalog's body of " + resource->arn + " is not a JSON object");
  }
  FieldReader reader(object);
  resource->Fields(reader);
  if (!reader.ok()) return Corrupt("the catalog's body of " + resource->arn + " has a member of the wrong type");
  return {};
}

}  // namespace attune
