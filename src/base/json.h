#pragma once

#include <simdjson.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace attune {

/// A parsed JSON text. `root()` and what hangs from it live as long as this does. Immutable once made.
class JsonDocument {
 public:
  /// InvalidArgument for what is not JSON, or nests deeper than `depth_max`; the message says what and where.
  /// Memory is bounded by about 12 times the text.
  static Result<JsonDocument> Parse(std::string_view text, std::size_t depth_max = kDepthMax);

  simdjson::dom::element root() const { return root_; }

  static constexpr std::size_t kDepthMax = 64;

 private:
  JsonDocument() = default;

  std::unique_ptr<simdjson::dom::parser> parser_;
  simdjson::dom::element root_;
};

/// Parses again and again into the same memory. The element is valid until the next call. One thread at a time.
class JsonParser {
 public:
  explicit JsonParser(std::size_t depth_max = JsonDocument::kDepthMax) : depth_max_(depth_max) {}

  Result<simdjson::dom::element> Parse(std::string_view text);

 private:
  const std::size_t depth_max_;
  simdjson::dom::parser parser_;
};

/// Appends JSON text to a string: commas and escapes are its business, nesting is the caller's. One thread at a time.
///   JsonWriter json(&out);  json.BeginObject();  json.Key("status");  json.String("ACTIVE");  json.EndObject();
class JsonWriter {
 public:
  explicit JsonWriter(std::string* out) : out_(out) {}

  void BeginObject();
  void EndObject();
  void BeginArray();
  void EndArray();
  void Key(std::string_view key);
  void String(std::string_view text);
  void Int(std::int64_t value);
  /// The shortest text that reads back as the same number; null where it is not finite.
  void Double(double value);
  /// Shortest for a float, so that 0.1f is written 0.1.
  void Float(float value);
  /// With exactly `decimals` digits after the point, as epoch seconds want.
  void Fixed(double value, int decimals);
  void Bool(bool value);
  void Null();
  /// JSON text that is already right.
  void Raw(std::string_view json);

 private:
  void BeforeValue();

  std::string* out_;
  bool needs_comma_ = false;
};

}  // namespace attune
