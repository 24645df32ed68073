#include "protocol/request_decoder.h"

#include <fmt/format.h>

#include <cmath>

namespace attune {
namespace {

using ElementType = simdjson::dom::element_type;

/// The last moment that a reply can still write: the end of the year 9999.
constexpr double kEpochSecondsMax = 253402300799.0;

std::string_view TypeName(ElementType type) {
  switch (type) {
    case ElementType::ARRAY: return "a list";
    case ElementType::OBJECT: return "a structure";
    case ElementType::INT64:
    case ElementType::UINT64:
    case ElementType::DOUBLE: return "a number";
    case ElementType::STRING: return "a string";
    case ElementType::BOOL: return "a boolean";
    case ElementType::NULL_VALUE: return "null";
  }
  return "nothing";
}

/// Cut to what a message may show, between two characters.
std::string_view Cut(std::string_view text) {
  std::size_t size = RequestDecoder::kValueShownMax;
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return text.substr(0, size);
}

/// As AWS shows values: a string as it is, [a, b] and {a=b}. Stops soon after kValueShownMax characters.
void AppendShown(JsonElement element, std::string* out) {
  if (out->size() > RequestDecoder::kValueShownMax) return;
  switch (element.type()) {
    case ElementType::ARRAY: {
      out->push_back('[');
      bool first = true;
      for (const JsonElement member : simdjson::dom::array(element)) {
        if (!std::exchange(first, false)) out->append(", ");
        AppendShown(member, out);
        if (out->size() > RequestDecoder::kValueShownMax) return;
      }
      out->push_back(']');
      return;
    }
    case ElementType::OBJECT: {
      out->push_back('{');
      bool first = true;
      for (const auto& [key, value] : JsonObject(element)) {
        if (!std::exchange(first, false)) out->append(", ");
        out->append(Cut(key)).push_back('=');
        AppendShown(value, out);
        if (out->size() > RequestDecoder::kValueShownMax) return;
      }
      out->push_back('}');
      return;
    }
    case ElementType::STRING: out->append(Cut(std::string_view(element))); return;
    default: out->append(simdjson::minify(element)); return;
  }
}

std::string Join(const std::vector<std::string>& parts) {
  std::string joined;
  for (const std::string& part : parts) joined.append(joined.empty() ? "" : ", ").append(part);
  return joined;
}

std::string LengthAtMost(std::size_t max) {
  return fmt::format("Member must have length less than or equal to {}", max);
}
std::string LengthAtLeast(std::size_t min) {
  return fmt::format("Member must have length greater than or equal to {}", min);
}
std::string ValueAtMost(double max) { return fmt::format("Member must have value less than or equal to {}", max); }
std::string ValueAtLeast(double min) { return fmt::format("Member must have value greater than or equal to {}", min); }
std::string MatchPattern(const Pattern& pattern) {
  return fmt::format("Member must satisfy regular expression pattern: {}", pattern.text);
}
std::string OneOf(std::span<const std::string_view> values) {
  return fmt::format("Member must satisfy enum value set: [{}]", fmt::join(values, ", "));
}

}  // namespace

std::optional<JsonObject> RequestDecoder::ParseRoot(std::string_view body) {
  const auto parsed = Parse(body.empty() ? "{}" : body);
  if (!parsed.ok()) {
    failed_ = true;
    serialization_error_ = parsed.status().message();
    return std::nullopt;
  }
  JsonObject object;
  if (!ReadObject(*parsed, &object)) return std::nullopt;
  return object;
}

Result<JsonElement> RequestDecoder::Parse(std::string_view body) {
  if (body.size() > kReusedParserBytesMax) {
    ATTUNE_TRY(document_, JsonDocument::Parse(body));
    return document_->root();
  }
  // One parser a thread: its memory is used again.
  thread_local JsonParser parser;
  return parser.Parse(body);
}

std::optional<AwsError> RequestDecoder::TakeError() {
  if (failed_) return AwsError(aws_error::kSerializationException, std::move(serialization_error_));
  if (violation_count_ == 0) return std::nullopt;
  std::string message = fmt::format("{} validation error{} detected: {}", violation_count_,
                                    violation_count_ == 1 ? "" : "s", fmt::join(violations_, "; "));
  return AwsError(aws_error::kInvalidInputException, std::move(message));
}

std::optional<JsonElement> RequestDecoder::Find(const JsonObject& object, std::string_view name) {
  JsonElement element;
  if (object.at_key(name).get(element) || element.is_null()) return std::nullopt;
  return element;
}

bool RequestDecoder::ReadObject(JsonElement element, JsonObject* out) {
  if (failed_) return false;
  if (!element.get(*out)) return true;
  FailType(element, "a structure");
  return false;
}

bool RequestDecoder::ReadArray(JsonElement element, simdjson::dom::array* out) {
  if (failed_) return false;
  if (!element.get(*out)) return true;
  FailType(element, "a list");
  return false;
}

void RequestDecoder::FailType(JsonElement element, std::string_view wanted) {
  if (failed_) return;
  failed_ = true;
  const std::string path = Path();
  serialization_error_ = fmt::format("{} is {}; {} was expected", path.empty() ? "The request" : "'" + path + "'",
                                     TypeName(element.type()), wanted);
}

void RequestDecoder::Read(JsonElement element, const StringRule& rule, std::string* out) {
  if (failed_) return;
  std::string_view text;
  if (element.get(text)) return FailType(element, "a string");
  CheckString(rule, text);
  out->assign(text);
}

void RequestDecoder::Read(JsonElement element, const StringRule& rule, JsonText* out) {
  if (failed_) return;
  if (element.is_object()) {
    // Hand-written clients send the object itself instead of its text.
    out->text = simdjson::minify(element);
    CheckString(rule, out->text);
    return;
  }
  Read(element, rule, &out->text);
}

bool RequestDecoder::ReadNumber(JsonElement element, const NumberRule& rule, double* out) {
  if (failed_) return false;
  std::string_view text;
  if (!element.get(text)) {
    // The protocol lets these three be strings; no model has a use for them.
    if (text != "NaN" && text != "Infinity" && text != "-Infinity") {
      FailType(element, "a number");
      return false;
    }
    AddViolation(text, Shown::kValue, "Member must be a finite number");
    return false;
  }
  if (element.get(*out)) {
    FailType(element, "a number");
    return false;
  }
  if (*out > rule.max) AddViolation(element, Shown::kValue, ValueAtMost(rule.max));
  if (*out < rule.min) AddViolation(element, Shown::kValue, ValueAtLeast(rule.min));
  return true;
}

void RequestDecoder::Read(JsonElement element, const NumberRule& rule, std::int32_t* out) {
  double value = 0;
  if (failed_) return;
  if (element.is_string()) return FailType(element, "an integer");
  if (!ReadNumber(element, rule, &value)) return;
  constexpr double kMin = std::numeric_limits<std::int32_t>::min();
  constexpr double kMax = std::numeric_limits<std::int32_t>::max();
  if (!(value >= kMin && value <= kMax) || value != std::trunc(value)) return FailType(element, "a 32-bit integer");
  *out = static_cast<std::int32_t>(value);
}

void RequestDecoder::Read(JsonElement element, const NumberRule& rule, double* out) { ReadNumber(element, rule, out); }

void RequestDecoder::Read(JsonElement element, const NumberRule& rule, float* out) {
  double value = 0;
  if (!ReadNumber(element, rule, &value)) return;
  if (std::abs(value) > std::numeric_limits<float>::max()) {
    return AddViolation(element, Shown::kValue, "Member must be a finite number");
  }
  *out = static_cast<float>(value);
}

void RequestDecoder::Read(JsonElement element, const BooleanRule&, bool* out) {
  if (failed_) return;
  if (element.get(*out)) FailType(element, "a boolean");
}

void RequestDecoder::Read(JsonElement element, const TimestampRule&, Timestamp* out) {
  double seconds = 0;
  if (failed_) return;
  if (element.get(seconds)) return FailType(element, "a number of seconds since 1970");
  if (std::abs(seconds) > kEpochSecondsMax) {
    return AddViolation(element, Shown::kValue, "Member must be a timestamp in seconds since 1970");
  }
  out->unix_ms = std::llround(seconds * 1000);
}

bool RequestDecoder::CheckString(const StringRule& rule, std::string_view text) {
  const Shown shown = ShownOf(rule);
  const std::size_t counted = violation_count_;
  const bool was_broken = std::exchange(member_broken_, false);
  if (text.size() > rule.length_max || rule.length_min > 0) {
    const std::size_t length = CountCodePoints(text);
    if (length > rule.length_max) AddViolation(text, shown, LengthAtMost(rule.length_max));
    if (length < rule.length_min) AddViolation(text, shown, LengthAtLeast(rule.length_min));
  }
  if (rule.pattern != nullptr && !rule.pattern->Matches(text)) AddViolation(text, shown, MatchPattern(*rule.pattern));
  if (!rule.values.empty() && std::ranges::find(rule.values, text) == rule.values.end()) {
    AddViolation(text, shown, OneOf(rule.values));
  }
  const bool kept = violation_count_ == counted && !member_broken_;
  member_broken_ |= was_broken;
  return kept;
}

bool RequestDecoder::CheckCount(JsonElement element, std::size_t count, std::size_t min, std::size_t max, Shown shown) {
  if (count > max) AddViolation(element, shown, LengthAtMost(max));
  if (count < min) AddViolation(element, shown, LengthAtLeast(min));
  return count <= max;
}

void RequestDecoder::AddNullViolation() {
  if (failed_) return;
  if (collecting_members_) {
    member_broken_ = true;
    return;
  }
  ++violation_count_;
  if (violations_.size() == kViolationsListedMax) return;
  violations_.push_back(
      fmt::format("Value null at '{}' failed to satisfy constraint: Member must not be null", Path()));
}

void RequestDecoder::AddViolation(std::string_view value, Shown shown, std::string_view constraint) {
  if (collecting_members_) {
    member_broken_ = true;
    return;
  }
  ++violation_count_;
  if (violations_.size() == kViolationsListedMax) return;
  const std::string shown_value =
      shown == Shown::kNothing || sensitive_depth_ > 0
          ? "Value"
          : fmt::format("Value '{}{}'", Cut(value), value.size() > kValueShownMax ? "..." : "");
  violations_.push_back(fmt::format("{} at '{}' failed to satisfy constraint: {}", shown_value, Path(), constraint));
}

void RequestDecoder::AddViolation(JsonElement value, Shown shown, std::string_view constraint) {
  std::string text;
  if (shown == Shown::kValue && !collecting_members_) AppendShown(value, &text);
  AddViolation(std::string_view(text), shown, constraint);
}

std::string RequestDecoder::Path() const {
  std::string path;
  for (const PathPart& part : path_) {
    if (!path.empty()) path.push_back('.');
    if (part.position > 0) {
      path.append(fmt::format("{}.member", part.position));
    } else {
      path.append(Cut(part.name));
    }
  }
  return path;
}

std::string RequestDecoder::Describe(const StringRule& rule) {
  std::vector<std::string> parts;
  if (rule.length_max != kNoCountMax) parts.push_back(LengthAtMost(rule.length_max));
  if (rule.length_min > 0) parts.push_back(LengthAtLeast(rule.length_min));
  if (rule.pattern != nullptr) parts.push_back(MatchPattern(*rule.pattern));
  if (!rule.values.empty()) parts.push_back(OneOf(rule.values));
  return Join(parts);
}

std::string RequestDecoder::Describe(const NumberRule& rule) {
  std::vector<std::string> parts;
  if (std::isfinite(rule.max)) parts.push_back(ValueAtMost(rule.max));
  if (std::isfinite(rule.min)) parts.push_back(ValueAtLeast(rule.min));
  return Join(parts);
}

std::string RequestDecoder::DescribeCount(std::size_t min, std::size_t max) {
  std::string text;
  if (max != kNoCountMax) text.append(LengthAtMost(max)).append(", ");
  if (min > 0) text.append(LengthAtLeast(min)).append(", ");
  return text;
}

}  // namespace attune
