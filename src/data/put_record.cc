#include "data/put_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/bytes.h"
#include "base/json.h"
#include "data/clean_text.h"
#include "data/moments.h"

namespace attune {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

// The first byte says which record and in which layout.
constexpr std::uint8_t kEventLayout = 1;
constexpr std::uint8_t kEntityLayout = 2;
constexpr std::uint8_t kServedEventLayout = 3;  // An event, then what was served.
constexpr std::uint32_t kListMax = 10'000;      // Of what a record may hold; larger counts are corrupt.

enum class ValueTag : std::uint8_t { kNull, kText, kInteger, kReal, kBoolean };

void WriteValue(ByteWriter& writer, const Value& value) {
  writer.Number(static_cast<std::uint8_t>(value.index()));
  if (const auto* text = std::get_if<std::string>(&value)) writer.String(*text);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) writer.Number(*integer);
  if (const auto* real = std::get_if<double>(&value)) writer.Number(*real);
  if (const auto* boolean = std::get_if<bool>(&value)) writer.Number(static_cast<std::uint8_t>(*boolean));
}

Result<Value> ReadValue(ByteReader& reader) {
  switch (static_cast<ValueTag>(reader.Number<std::uint8_t>())) {
    case ValueTag::kNull: return Value();
    case ValueTag::kText: return Value(std::string(reader.String()));
    case ValueTag::kInteger: return Value(reader.Number<std::int64_t>());
    case ValueTag::kReal: return Value(reader.Number<double>());
    case ValueTag::kBoolean: return Value(reader.Number<std::uint8_t>() != 0);
  }
  return Corrupt("a stored value has an unknown kind");
}

Result<std::uint32_t> ReadCount(ByteReader& reader) {
  const auto count = reader.Number<std::uint32_t>();
  if (count > kListMax) return Corrupt(fmt::format("a stored record says it holds {} values", count));
  return count;
}

void WriteServed(ByteWriter& writer, const ServedImpression& served) {
  writer.Number(static_cast<std::uint8_t>(served.is_late));
  writer.String(served.model);
  writer.Number(static_cast<std::uint32_t>(served.factors.size()));
  for (const float factor : served.factors) writer.Number(factor);
  writer.Number(static_cast<std::uint32_t>(served.items.size()));
  for (const ServedItem& item : served.items) {
    writer.String(item.item_id);
    writer.Number(item.rank);
    writer.Number(item.score);
  }
}

Result<ServedImpression> ReadServed(ByteReader& reader) {
  ServedImpression served{.is_late = reader.Number<std::uint8_t>() != 0};
  served.model = reader.String();
  ATTUNE_TRY(const auto factor_count, ReadCount(reader));
  for (std::uint32_t i = 0; i < factor_count && reader.ok(); ++i) served.factors.push_back(reader.Number<float>());
  ATTUNE_TRY(const auto item_count, ReadCount(reader));
  for (std::uint32_t i = 0; i < item_count && reader.ok(); ++i) {
    ServedItem item{.item_id = std::string(reader.String())};
    item.rank = reader.Number<std::uint32_t>();
    item.score = reader.Number<float>();
    served.items.push_back(std::move(item));
  }
  return served;
}

template <class Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// The beginning of a value, without half a character at its end.
std::string Short(std::string text) {
  constexpr std::size_t kBytesMax = 80;
  if (text.size() <= kBytesMax) return text;
  std::size_t end = kBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  return text + "…";
}

Status WrongType(const Field& field, std::string_view wanted, std::string_view found) {
  return InvalidArgument(fmt::format("The property {} must be {}, not {}.", PropertyName(field.name), wanted, found));
}

Result<Value> ReadText(const Field& field, element source) {
  std::string_view text;
  std::string number;
  if (source.get(text) != simdjson::SUCCESS) {
    // Clients send numbers and truth values for categories; their text is what was meant.
    if (!source.is_bool() && !source.is_number()) return WrongType(field, "a string", "a list or an object");
    number = simdjson::minify(source);
    text = number;
  }
  if (field.textual) return Value(CleanText(text));
  if (Characters(text) > kCategoricalCharactersMax) {
    return InvalidArgument(fmt::format("The property {} has {} characters; the limit is {}.", PropertyName(field.name),
                                       Characters(text), kCategoricalCharactersMax));
  }
  return Value(std::string(text));
}

/// A whole number as JSON has it, 5 or 5.0, or as text, "5".
std::optional<std::int64_t> WholeNumber(element source) {
  std::int64_t integer = 0;
  if (source.get(integer) == simdjson::SUCCESS) return integer;
  double real = 0;
  if (source.get(real) == simdjson::SUCCESS && real == std::trunc(real) && std::abs(real) < 0x1p53) {
    return static_cast<std::int64_t>(real);
  }
  std::string_view text;
  if (source.get(text) == simdjson::SUCCESS) return ParseNumber<std::int64_t>(text);
  return std::nullopt;
}

Result<Value> ReadInteger(const Field& field, element source) {
  const auto integer = WholeNumber(source);
  if (!integer) return WrongType(field, "a whole number", Short(std::string(simdjson::minify(source))));
  const std::int64_t limit = field.type == FieldType::kInt ? std::numeric_limits<std::int32_t>::max()
                                                           : std::numeric_limits<std::int64_t>::max();
  if (*integer > limit || *integer < -limit) {
    return InvalidArgument(
        fmt::format("The property {} is {}; the limit is {}.", PropertyName(field.name), *integer, limit));
  }
  return Value(*integer);
}

Result<Value> ReadReal(const Field& field, element source) {
  double real = 0;
  std::string_view text;
  if (source.get(real) == simdjson::SUCCESS) return Value(real);
  if (source.get(text) == simdjson::SUCCESS) {
    if (const auto parsed = ParseNumber<double>(text); parsed && std::isfinite(*parsed)) return Value(*parsed);
  }
  return WrongType(field, "a number", Short(std::string(simdjson::minify(source))));
}

Result<Value> ReadBoolean(const Field& field, element source) {
  bool boolean = false;
  std::string_view text;
  if (source.get(boolean) == simdjson::SUCCESS) return Value(boolean);
  if (source.get(text) == simdjson::SUCCESS && (text == "true" || text == "false")) return Value(text == "true");
  return WrongType(field, "true or false", Short(std::string(simdjson::minify(source))));
}

/// Moments come in seconds, as in CSV files, and are kept in milliseconds.
Result<Value> ReadMoment(const Field& field, element source) {
  if (field.type == FieldType::kFloat || field.type == FieldType::kDouble) {
    ATTUNE_TRY(const Value real, ReadReal(field, source));
    const double moment = std::get<double>(real);
    return Value(std::abs(moment) <= static_cast<double>(kSecondsMax) ? moment * 1000 : moment);
  }
  ATTUNE_TRY(const Value integer, ReadInteger(field, source));
  return Value(ToMilliseconds(std::get<std::int64_t>(integer)));
}

Result<Value> ReadProperty(const Field& field, element source) {
  // As an empty cell of a CSV file, an empty string is null where null may stand.
  std::string_view text;
  const bool is_empty = source.get(text) == simdjson::SUCCESS && text.empty();
  if (source.is_null() || (is_empty && field.nullable)) return Value();
  const bool is_number = field.type != FieldType::kString && field.type != FieldType::kBoolean;
  if (is_number && IsTimeColumn(field.name)) return ReadMoment(field, source);
  switch (field.type) {
    case FieldType::kString: return ReadText(field, source);
    case FieldType::kInt:
    case FieldType::kLong: return ReadInteger(field, source);
    case FieldType::kFloat:
    case FieldType::kDouble: return ReadReal(field, source);
    case FieldType::kBoolean: return ReadBoolean(field, source);
  }
  return Internal("a field has an unknown type");
}

Result<JsonDocument> ParseProperties(std::string_view properties) {
  auto document = JsonDocument::Parse(properties.empty() ? "{}" : properties);
  if (!document.ok())
    return InvalidArgument("Error parsing properties json: it is " + document.status().message() + ".");
  // A client that encodes twice sends a string that holds the object.
  if (!document->root().is_object()) return InvalidArgument("Error parsing properties json: it is not an object.");
  return document;
}

// What an event says outside of its properties; each may stand in the schema and is never missing there.
constexpr std::array<std::string_view, 9> kCarriedOutside{
    "userid",     "itemid",     "timestamp",        "eventtype",
    "eventvalue", "impression", "recommendationid", "eventattributionsource",
    "sessionid"};
constexpr std::array<std::string_view, 6> kForbiddenKeys{"userid",    "sessionid",        "eventtype",
                                                         "timestamp", "recommendationid", "impression"};

Status TakeItemId(element source, Event* event) {
  if (source.is_null()) return {};
  std::string_view text;
  std::string number;
  if (source.get(text) != simdjson::SUCCESS) {
    if (!source.is_number()) return InvalidArgument("The property itemId must be a string.");
    number = simdjson::minify(source);
    text = number;
  }
  if (text.empty() || Characters(text) > kIdBytesMax) {
    return InvalidArgument(
        fmt::format("The property itemId has {} characters; there must be 1 to {}.", Characters(text), kIdBytesMax));
  }
  if (event->item_id.empty()) event->item_id = text;
  return {};
}

Status TakeEventValue(element source, Event* event) {
  ATTUNE_TRY(const Value value, ReadReal(Field{.name = "EVENT_VALUE"}, source));
  if (!event->event_value) event->event_value = static_cast<float>(std::get<double>(value));
  return {};
}

}  // namespace

std::string EncodeEvent(const Event& event) {
  std::string bytes;
  ByteWriter writer(&bytes);
  writer.Number(event.served ? kServedEventLayout : kEventLayout);
  for (const std::string* text : {&event.user_id, &event.session_id, &event.item_id, &event.event_type, &event.event_id,
                                  &event.recommendation_id, &event.attribution_source}) {
    writer.String(*text);
  }
  writer.Number(event.timestamp_ms);
  writer.Number(static_cast<std::uint8_t>(event.event_value.has_value()));
  writer.Number(event.event_value.value_or(0));
  writer.Number(static_cast<std::uint32_t>(event.impression.size()));
  for (const auto& item : event.impression) writer.String(item);
  writer.Number(static_cast<std::uint32_t>(event.columns.size()));
  for (const auto& [column, value] : event.columns) {
    writer.Number(column);
    WriteValue(writer, value);
  }
  if (event.served) WriteServed(writer, *event.served);
  return bytes;
}

Result<Event> DecodeEvent(std::string_view bytes) {
  ByteReader reader(bytes);
  const auto layout = reader.Number<std::uint8_t>();
  if (layout != kEventLayout && layout != kServedEventLayout) return Corrupt("a stored event has an unknown layout");
  Event event;
  for (std::string* text : {&event.user_id, &event.session_id, &event.item_id, &event.event_type, &event.event_id,
                            &event.recommendation_id, &event.attribution_source}) {
    *text = reader.String();
  }
  event.timestamp_ms = reader.Number<std::int64_t>();
  const bool has_value = reader.Number<std::uint8_t>() != 0;
  const auto event_value = reader.Number<float>();
  if (has_value) event.event_value = event_value;
  ATTUNE_TRY(const auto impression_count, ReadCount(reader));
  for (std::uint32_t i = 0; i < impression_count && reader.ok(); ++i) event.impression.emplace_back(reader.String());
  ATTUNE_TRY(const auto column_count, ReadCount(reader));
  for (std::uint32_t i = 0; i < column_count && reader.ok(); ++i) {
    const auto column = reader.Number<std::uint32_t>();
    ATTUNE_TRY(auto value, ReadValue(reader));
    event.columns.emplace_back(column, std::move(value));
  }
  if (layout == kServedEventLayout) {
    ATTUNE_TRY(event.served, ReadServed(reader));
  }
  ATTUNE_RETURN_IF_ERROR(reader.Finish("a stored event"));
  return event;
}

std::string EncodeEntityPut(const EntityPut& put) {
  std::string bytes;
  ByteWriter writer(&bytes);
  writer.Number(kEntityLayout);
  writer.String(put.id);
  writer.Number(put.received_ms);
  writer.Number(static_cast<std::uint32_t>(put.values.size()));
  for (const Value& value : put.values) WriteValue(writer, value);
  return bytes;
}

Result<EntityPut> DecodeEntityPut(std::string_view bytes) {
  ByteReader reader(bytes);
  if (reader.Number<std::uint8_t>() != kEntityLayout) return Corrupt("a stored record has an unknown layout");
  EntityPut put;
  put.id = reader.String();
  put.received_ms = reader.Number<std::int64_t>();
  ATTUNE_TRY(const auto count, ReadCount(reader));
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    ATTUNE_TRY(auto value, ReadValue(reader));
    put.values.push_back(std::move(value));
  }
  ATTUNE_RETURN_IF_ERROR(reader.Finish("a stored record"));
  return put;
}

Status ReadEventProperties(const Schema& schema, std::string_view properties, Event* event) {
  ATTUNE_TRY(const auto document, ParseProperties(properties));
  std::vector<bool> given(schema.fields().size(), false);
  for (const auto [key, source] : simdjson::dom::object(document.root())) {
    const std::string folded = FoldName(key);
    if (std::ranges::find(kForbiddenKeys, folded) != kForbiddenKeys.end()) {
      return InvalidArgument(fmt::format("The properties may not hold the key '{}'.", key));
    }
    if (folded == "itemid") {
      ATTUNE_RETURN_IF_ERROR(TakeItemId(source, event));
    } else if (folded == "eventvalue") {
      if (!source.is_null()) ATTUNE_RETURN_IF_ERROR(TakeEventValue(source, event));
    } else if (const auto column = schema.FindProperty(key)) {
      ATTUNE_TRY(auto value, ReadProperty(schema.fields()[*column], source));
      given[*column] = !std::holds_alternative<std::monostate>(value);
      if (given[*column]) event->columns.emplace_back(static_cast<std::uint32_t>(*column), std::move(value));
    }
  }
  for (std::size_t i = 0; i < given.size(); ++i) {
    const Field& field = schema.fields()[i];
    const bool is_outside = std::ranges::find(kCarriedOutside, FoldName(field.name)) != kCarriedOutside.end();
    if (given[i] || field.nullable || is_outside) continue;
    return InvalidArgument(fmt::format("The properties lack {}, which the schema requires.", PropertyName(field.name)));
  }
  return {};
}

Result<EntityPut> ReadEntityProperties(const Schema& schema, std::string_view id, std::string_view properties,
                                       std::int64_t received_ms) {
  ATTUNE_TRY(const auto document, ParseProperties(properties));
  EntityPut put{
      .id = std::string(id), .received_ms = received_ms, .values = std::vector<Value>(schema.fields().size())};
  for (const auto [key, source] : simdjson::dom::object(document.root())) {
    if (const auto column = schema.FindProperty(key)) {
      ATTUNE_TRY(put.values[*column], ReadProperty(schema.fields()[*column], source));
    }
  }
  for (std::size_t i = 0; i < put.values.size(); ++i) {
    const Field& field = schema.fields()[i];
    const std::string folded = FoldName(field.name);
    if (folded == "itemid" || folded == "userid" || folded == "actionid") put.values[i] = std::string(id);
    if (field.nullable || !std::holds_alternative<std::monostate>(put.values[i])) continue;
    return InvalidArgument(
        fmt::format("The properties of '{}' lack {}, which the schema requires.", id, PropertyName(field.name)));
  }
  return put;
}

}  // namespace attune
