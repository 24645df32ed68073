#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/status.h"
#include "data/clean_text.h"
#include "data/schema.h"

namespace attune {

/// One cell: nothing where null. Integers of either width, and floats of either, share a kind.
using Value = std::variant<std::monostate, std::string, std::int64_t, double, bool>;

/// An item of a list that the service made.
struct ServedItem {
  std::string item_id;
  std::uint32_t rank = 1;  ///< Its place in the list, from 1.
  float score = 0;         ///< Natural log of its probability, as the model that made the list saw it.

  friend bool operator==(const ServedItem&, const ServedItem&) = default;
};

/// What an event's recommendationId stands for, written down with the event so that it tells by itself what was shown.
struct ServedImpression {
  /// An earlier event has told that the list was shown: this one tells of its own item alone.
  bool is_late = false;
  std::string model;           ///< Names the model that made the list.
  std::vector<float> factors;  ///< Of the user, by that model's own measure; may be empty.
  /// The list, in order: its own item alone where it is late, else only those of its explicit impression, if it has
  /// one.
  std::vector<ServedItem> items;

  friend bool operator==(const ServedImpression&, const ServedImpression&) = default;
};

/// One interaction put by itself.
struct Event {
  std::string user_id;  ///< Empty while nobody knows who it is.
  std::string session_id;
  std::string item_id;
  std::string event_type;
  std::int64_t timestamp_ms = 0;  ///< Since 1970 UTC, by the client's clock.
  std::optional<float> event_value;
  std::string event_id;  ///< Empty where the client gave none.
  std::string recommendation_id;
  std::string attribution_source;
  std::vector<std::string> impression;     ///< As the client tells it.
  std::optional<ServedImpression> served;  ///< Where the recommendation id was one of ours.
  /// The further columns of the schema, by the schema's position.
  std::vector<std::pair<std::uint32_t, Value>> columns;
};

/// One item or user put by itself: the whole record, which replaces an older one.
struct EntityPut {
  std::string id;
  std::int64_t received_ms = 0;  ///< When it came; the newer of a put and an import wins.
  std::vector<Value> values;     ///< By the schema's position, the id's own included.
};

// Both as bytes for the event log: docs/formats/put_record.md. Decoding gives Corrupt for anything else.
std::string EncodeEvent(const Event& event);
Result<Event> DecodeEvent(std::string_view bytes);
std::string EncodeEntityPut(const EntityPut& put);
Result<EntityPut> DecodeEntityPut(std::string_view bytes);

/// Fills from `properties` (JSON text of an object, or "") what an event may carry there: item id, value and the
/// further columns of the schema. Keys match columns without regard to case and underscores; keys that match none are
/// ignored. InvalidArgument for what is not an object, a key that may not stand there (userId, sessionId, eventType,
/// timestamp, recommendationId, impression), a value of the wrong type, or a required column that is missing. The
/// columns that an event carries outside of its properties, IMPRESSION among them, are never missing.
Status ReadEventProperties(const Schema& schema, std::string_view properties, Event* event);

/// The record of an item or user from its id and properties. InvalidArgument as above; every column that may not be
/// null must be there.
Result<EntityPut> ReadEntityProperties(const Schema& schema, std::string_view id, std::string_view properties,
                                       std::int64_t received_ms);

inline constexpr std::size_t kIdBytesMax = 256;
inline constexpr std::size_t kCategoricalCharactersMax = 1000;

}  // namespace attune
