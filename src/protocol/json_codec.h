#pragma once

#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/json.h"
#include "protocol/request_decoder.h"
#include "protocol/value.h"

// Between the generated structs and JSON text. Each struct T has, found through its namespace,
//   void DecodeMembers(const JsonObject& object, RequestDecoder& decoder, T* out);
//   void EncodeMembers(const T& value, JsonWriter& json);
namespace attune {

inline void EncodeValue(const std::string& value, JsonWriter& json) { json.String(value); }
inline void EncodeValue(const JsonText& value, JsonWriter& json) { json.String(value.text); }
inline void EncodeValue(bool value, JsonWriter& json) { json.Bool(value); }
inline void EncodeValue(std::int32_t value, JsonWriter& json) { json.Int(value); }
inline void EncodeValue(double value, JsonWriter& json) { json.Double(value); }
inline void EncodeValue(float value, JsonWriter& json) { json.Float(value); }
/// Epoch seconds with three decimals.
void EncodeValue(Timestamp value, JsonWriter& json);

template <class T>
void EncodeValue(const std::vector<T>& values, JsonWriter& json);
template <class T>
void EncodeValue(const StringMap<T>& values, JsonWriter& json);
template <class T>
void EncodeMember(std::string_view name, const T& value, JsonWriter& json);

template <class T>
requires std::is_class_v<T>
void EncodeValue(const T& value, JsonWriter& json) {
  json.BeginObject();
  EncodeMembers(value, json);
  json.EndObject();
}

template <class T>
void EncodeValue(const std::vector<T>& values, JsonWriter& json) {
  json.BeginArray();
  for (const T& value : values) EncodeValue(value, json);
  json.EndArray();
}

template <class T>
void EncodeValue(const StringMap<T>& values, JsonWriter& json) {
  json.BeginObject();
  for (const auto& [key, value] : values) EncodeMember(key, value, json);
  json.EndObject();
}

/// A number that is not finite is left out: JSON has only null for it.
template <class T>
void EncodeMember(std::string_view name, const T& value, JsonWriter& json) {
  if constexpr (std::is_floating_point_v<T>) {
    if (!std::isfinite(value)) return;
  }
  json.Key(name);
  EncodeValue(value, json);
}

/// An absent member is not written at all: clients do not expect null.
template <class T>
void EncodeMember(std::string_view name, const std::optional<T>& value, JsonWriter& json) {
  if (value) EncodeMember(name, *value, json);
}

/// The struct as JSON text.
template <class T>
std::string ToJson(const T& value) {
  std::string text;
  JsonWriter json(&text);
  EncodeValue(value, json);
  return text;
}

/// A request's struct from its body, every constraint of the model checked; an empty body reads as {}.
/// Else SerializationException (not JSON, wrong types) or InvalidInputException (constraints, all of them listed).
template <class T>
std::optional<AwsError> DecodeRequest(std::string_view body, T* out) {
  RequestDecoder decoder;
  if (const auto object = decoder.ParseRoot(body)) DecodeMembers(*object, decoder, out);
  return decoder.TakeError();
}

/// What ToJson wrote. InvalidArgument where the text is not JSON or breaks a constraint of T.
template <class T>
Result<T> FromJson(std::string_view text) {
  T value;
  if (const auto error = DecodeRequest(text, &value)) return InvalidArgument(error->message);
  return value;
}

}  // namespace attune
