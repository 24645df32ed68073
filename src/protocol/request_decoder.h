#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "protocol/error.h"
#include "protocol/pattern.h"
#include "protocol/value.h"

namespace attune {

using JsonElement = simdjson::dom::element;
using JsonObject = simdjson::dom::object;

inline constexpr std::size_t kNoCountMax = std::numeric_limits<std::size_t>::max();

// What a model says about a value. Lengths count Unicode code points, counts count members.
struct StringRule {
  std::size_t length_min = 0;
  std::size_t length_max = kNoCountMax;
  const Pattern* pattern = nullptr;
  std::span<const std::string_view> values = {};  ///< An enum's; empty where any text will do.
  bool sensitive = false;                         ///< Must not appear in messages.
};
struct NumberRule {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
};
struct BooleanRule {};
struct TimestampRule {};
struct StructureRule {
  bool sensitive = false;
};
template <class Element>
struct ListRule {
  Element element;
  std::size_t count_min = 0;
  std::size_t count_max = kNoCountMax;
  bool sensitive = false;
};
template <class Value>
struct MapRule {
  StringRule key;
  Value value;
  std::size_t count_min = 0;
  std::size_t count_max = kNoCountMax;
  bool sensitive = false;
};

/// A list or map that holds structures is reported member by member, others as one value.
template <class Rule>
inline constexpr bool kHoldsStructures = false;
template <>
inline constexpr bool kHoldsStructures<StructureRule> = true;
template <class Element>
inline constexpr bool kHoldsStructures<ListRule<Element>> = kHoldsStructures<Element>;

/// Reads a JSON body into a generated struct and keeps book of every broken constraint. A value of the wrong JSON type
/// ends the reading (SerializationException); constraints are collected, and reported together in the words of AWS:
///   1 validation error detected: Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy regular …
/// Members that the model does not know are ignored, and null is the same as absent. One thread at a time.
class RequestDecoder {
 public:
  /// More violations than this are counted, not listed.
  static constexpr std::size_t kViolationsListedMax = 32;
  /// Longer values are cut in messages.
  static constexpr std::size_t kValueShownMax = 1024;
  /// Threads keep the memory that bodies up to this size need; larger ones are given memory of their own.
  static constexpr std::size_t kReusedParserBytesMax = 256 << 10;

  /// The object that `body` holds; an empty body is {}. Nothing where there is none: TakeError() says why. Valid until
  /// the next ParseRoot on this thread.
  std::optional<JsonObject> ParseRoot(std::string_view body);

  /// SerializationException or InvalidInputException, if anything was wrong.
  std::optional<AwsError> TakeError();

  template <class Rule, class T>
  void Required(const JsonObject& object, std::string_view name, const Rule& rule, T* out) {
    const auto element = Find(object, name);
    path_.push_back({name, 0});
    if (element) {
      Read(*element, rule, out);
    } else {
      AddNullViolation();
    }
    path_.pop_back();
  }

  template <class Rule, class T>
  void Optional(const JsonObject& object, std::string_view name, const Rule& rule, std::optional<T>* out) {
    const auto element = Find(object, name);
    if (!element) return;
    path_.push_back({name, 0});
    Read(*element, rule, &out->emplace());
    path_.pop_back();
  }

  // Called by the generated code and by the templates below.
  void Read(JsonElement element, const StringRule& rule, std::string* out);
  void Read(JsonElement element, const StringRule& rule, JsonText* out);
  void Read(JsonElement element, const NumberRule& rule, std::int32_t* out);
  void Read(JsonElement element, const NumberRule& rule, double* out);
  void Read(JsonElement element, const NumberRule& rule, float* out);
  void Read(JsonElement element, const BooleanRule& rule, bool* out);
  void Read(JsonElement element, const TimestampRule& rule, Timestamp* out);
  template <class T>
  void Read(JsonElement element, const StructureRule& rule, T* out);
  template <class Rule, class T>
  void Read(JsonElement element, const ListRule<Rule>& rule, std::vector<T>* out);
  template <class Rule, class T>
  void Read(JsonElement element, const MapRule<Rule>& rule, StringMap<T>* out);

 private:
  struct PathPart {
    std::string_view name;  ///< Empty for a member of a list.
    std::size_t position;   ///< From 1.
  };
  enum class Shown { kValue, kNothing };

  static std::optional<JsonElement> Find(const JsonObject& object, std::string_view name);

  Result<JsonElement> Parse(std::string_view body);
  bool ReadObject(JsonElement element, JsonObject* out);
  bool ReadArray(JsonElement element, simdjson::dom::array* out);
  bool ReadNumber(JsonElement element, const NumberRule& rule, double* out);
  void FailType(JsonElement element, std::string_view wanted);
  /// False, with a violation on record, if the text breaks the rule.
  bool CheckString(const StringRule& rule, std::string_view text);
  bool CheckCount(JsonElement element, std::size_t count, std::size_t min, std::size_t max, Shown shown);
  void AddNullViolation();
  void AddViolation(std::string_view value, Shown shown, std::string_view constraint);
  void AddViolation(JsonElement value, Shown shown, std::string_view constraint);
  std::string Path() const;

  // All the constraints of a rule, as they stand in the message about a list or map of scalars.
  static std::string Describe(const StringRule& rule);
  static std::string Describe(const NumberRule& rule);
  static std::string Describe(const BooleanRule&) { return {}; }
  static std::string Describe(const TimestampRule&) { return {}; }
  static std::string Describe(const StructureRule&) { return {}; }
  static std::string DescribeCount(std::size_t min, std::size_t max);
  template <class Rule>
  static std::string Describe(const ListRule<Rule>& rule) {
    return DescribeCount(rule.count_min, rule.count_max) + "Member must satisfy constraint: [" +
           Describe(rule.element) + "]";
  }

  template <class Rule>
  static Shown ShownOf(const Rule&) {
    return Shown::kNothing;
  }
  static Shown ShownOf(const StringRule& rule) { return rule.sensitive ? Shown::kNothing : Shown::kValue; }
  static Shown ShownOf(const NumberRule&) { return Shown::kValue; }
  template <class Rule>
  static Shown ShownOf(const ListRule<Rule>& rule) {
    return rule.sensitive ? Shown::kNothing : ShownOf(rule.element);
  }
  template <class Rule>
  static Shown ShownOf(const MapRule<Rule>& rule) {
    return rule.sensitive || rule.key.sensitive ? Shown::kNothing : ShownOf(rule.value);
  }

  std::optional<JsonDocument> document_;  ///< Of a large body.
  std::vector<PathPart> path_;
  std::vector<std::string> violations_;
  std::size_t violation_count_ = 0;
  std::string serialization_error_;
  bool failed_ = false;  ///< serialization_error_ holds, nothing more is read.
  int sensitive_depth_ = 0;
  /// Inside a list or map of scalars: violations only set member_broken_, and the list or map is reported.
  bool collecting_members_ = false;
  bool member_broken_ = false;
};

template <class T>
void RequestDecoder::Read(JsonElement element, const StructureRule& rule, T* out) {
  JsonObject object;
  if (!ReadObject(element, &object)) return;
  sensitive_depth_ += rule.sensitive;
  DecodeMembers(object, *this, out);
  sensitive_depth_ -= rule.sensitive;
}

template <class Rule, class T>
void RequestDecoder::Read(JsonElement element, const ListRule<Rule>& rule, std::vector<T>* out) {
  simdjson::dom::array array;
  if (!ReadArray(element, &array)) return;
  if (!CheckCount(element, array.size(), rule.count_min, rule.count_max, ShownOf(rule))) return;
  const bool outermost = !collecting_members_;
  if (!kHoldsStructures<Rule> && outermost) {
    collecting_members_ = true;
    member_broken_ = false;
  }
  out->reserve(array.size());
  std::size_t position = 0;
  for (const JsonElement member : array) {
    if (failed_) return;
    path_.push_back({{}, ++position});
    if (member.is_null()) {
      AddNullViolation();
    } else {
      Read(member, rule.element, &out->emplace_back());
    }
    path_.pop_back();
  }
  if (!kHoldsStructures<Rule> && outermost) {
    collecting_members_ = false;
    if (member_broken_) {
      AddViolation(element, ShownOf(rule), "Member must satisfy constraint: [" + Describe(rule.element) + "]");
    }
  }
}

template <class Rule, class T>
void RequestDecoder::Read(JsonElement element, const MapRule<Rule>& rule, StringMap<T>* out) {
  static_assert(!kHoldsStructures<Rule>, "no model has a map of structures");
  JsonObject object;
  if (!ReadObject(element, &object)) return;
  if (!CheckCount(element, object.size(), rule.count_min, rule.count_max, ShownOf(rule))) return;
  const bool outermost = !collecting_members_;
  collecting_members_ = true;
  bool key_broken = false;
  bool value_broken = false;
  for (const auto& [key, value] : object) {
    if (failed_) return;
    if (value.is_null()) continue;
    path_.push_back({key, 0});
    key_broken |= !CheckString(rule.key, key);
    member_broken_ = false;
    Read(value, rule.value, &(*out)[std::string(key)]);
    value_broken |= member_broken_;
    path_.pop_back();
  }
  collecting_members_ = !outermost;
  if (!outermost) {
    member_broken_ = key_broken || value_broken;
    return;
  }
  if (key_broken) {
    AddViolation(element, ShownOf(rule), "Map keys must satisfy constraint: [" + Describe(rule.key) + "]");
  }
  if (value_broken) {
    AddViolation(element, ShownOf(rule), "Map value must satisfy constraint: [" + Describe(rule.value) + "]");
  }
}

}  // namespace attune
