#include "base/json.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace attune {
namespace {

void AppendEscaped(std::string* out, std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  out->push_back('"');
  std::size_t clean_from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out->append(text.substr(clean_from, i - clean_from));
    clean_from = i + 1;
    switch (c) {
      case '"': out->append("\\\""); break;
      case '\\': out->append("\\\\"); break;
      case '\n': out->append("\\n"); break;
      case '\r': out->append("\\r"); break;
      case '\t': out->append("\\t"); break;
      default:
        out->append("\\u00");
        out->push_back(kDigits[c >> 4]);
        out->push_back(kDigits[c & 15]);
    }
  }
  out->append(text.substr(clean_from));
  out->push_back('"');
}

template <class Number>
void AppendNumber(std::string* out, Number value) {
  std::array<char, 32> text;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  (void)error;  // 32 characters hold every shortest double.
  out->append(text.data(), end);
}

Result<simdjson::dom::element> ParseWith(simdjson::dom::parser& parser, std::string_view text, std::size_t depth_max) {
  if (const auto error = parser.allocate(std::max<std::size_t>(text.size(), 64), depth_max)) {
    return ResourceExhausted(fmt::format("no memory to parse {} bytes of JSON: {}", text.size(), error_message(error)));
  }
  simdjson::dom::element root;
  if (const auto error = parser.parse(text.data(), text.size()).get(root)) {
    if (error == simdjson::DEPTH_ERROR) {
      return InvalidArgument(fmt::format("JSON that nests deeper than {} levels", depth_max - 1));
    }
    return InvalidArgument(fmt::format("not valid JSON: {}", error_message(error)));
  }
  return root;
}

}  // namespace

Result<JsonDocument> JsonDocument::Parse(std::string_view text, std::size_t depth_max) {
  JsonDocument document;
  document.parser_ = std::make_unique<simdjson::dom::parser>();
  ATTUNE_TRY(document.root_, ParseWith(*document.parser_, text, depth_max));
  return document;
}

Result<simdjson::dom::element> JsonParser::Parse(std::string_view text) { return ParseWith(parser_, text, depth_max_); }

void JsonWriter::BeforeValue() {
  if (needs_comma_) out_->push_back(',');
  needs_comma_ = true;
}

void JsonWriter::BeginObject() {
  BeforeValue();
  out_->push_back('{');
  needs_comma_ = false;
}

void JsonWriter::EndObject() {
  out_->push_back('}');
  needs_comma_ = true;
}

void JsonWriter::BeginArray() {
  BeforeValue();
  out_->push_back('[');
  needs_comma_ = false;
}

void JsonWriter::EndArray() {
  out_->push_back(']');
  needs_comma_ = true;
}

void JsonWriter::Key(std::string_view key) {
  BeforeValue();
  AppendEscaped(out_, key);
  out_->push_back(':');
  needs_comma_ = false;
}

void JsonWriter::String(std::string_view text) {
  BeforeValue();
  AppendEscaped(out_, text);
}

void JsonWriter::Int(std::int64_t value) {
  BeforeValue();
  AppendNumber(out_, value);
}

void JsonWriter::Double(double value) {
  if (!std::isfinite(value)) return Null();
  BeforeValue();
  AppendNumber(out_, value);
}

void JsonWriter::Float(float value) {
  if (!std::isfinite(value)) return Null();
  BeforeValue();
  AppendNumber(out_, value);
}

void JsonWriter::Fixed(double value, int decimals) {
  if (!std::isfinite(value)) return Null();
  BeforeValue();
  fmt::format_to(std::back_inserter(*out_), "{:.{}f}", value, decimals);
}

void JsonWriter::Bool(bool value) {
  BeforeValue();
  out_->append(value ? "true" : "false");
}

void JsonWriter::Null() {
  BeforeValue();
  out_->append("null");
}

void JsonWriter::Raw(std::string_view json) {
  BeforeValue();
  out_->append(json);
}

}  // namespace attune
