#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "data/training_data_builder.h"
#include "data/vocabulary.h"

namespace attune {

/// Of each user the newest interactions of each event type that imports brought. Immutable. Takes 16 bytes an
/// interaction that is kept, and twice that of all while it is made.
class ImportedHistory {
 public:
  struct Event {
    std::uint32_t item = 0;
    std::uint32_t event_type = 0;
    std::int64_t timestamp_ms = 0;

    friend bool operator==(const Event&, const Event&) = default;
  };

  /// At most `events_per_type_max` for each user and event type; equal ones once. Corrupt where a segment lacks a
  /// column; LimitExceeded above 2^32 interactions.
  static Result<std::shared_ptr<const ImportedHistory>> Build(std::span<const ImportedSegment> segments,
                                                              std::size_t events_per_type_max);

  /// Those of a user by event type, newest first; none of an unknown one.
  std::span<const Event> Find(std::string_view user_id) const;
  std::string_view item_id(const Event& event) const { return items_.id(event.item); }
  /// Lower case; "" where the import had none.
  std::string_view event_type(const Event& event) const { return event_types_.id(event.event_type); }

 private:
  ImportedHistory() = default;
  Status Read(std::span<const ImportedSegment> segments);
  void KeepNewest(std::size_t events_per_type_max);

  Vocabulary users_;
  Vocabulary items_;
  Vocabulary event_types_;
  std::vector<std::uint32_t> offsets_;  ///< [users + 1]
  std::vector<Event> events_;
};

}  // namespace attune
