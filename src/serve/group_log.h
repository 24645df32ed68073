#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "base/status.h"
#include "data/put_record.h"
#include "data/schema.h"
#include "storage/event_log.h"

namespace attune {

/// The streams of the event log that tell what happens in one dataset group.
struct GroupDatasets {
  std::string interactions_stream;            ///< "" where the group has no such dataset.
  std::string items_stream;                   ///< Likewise.
  std::shared_ptr<const Schema> item_schema;  ///< Of what stands in items_stream.
};

/// One entry of a group's streams.
struct GroupRecord {
  std::uint64_t sequence = 0;
  std::variant<Event, EntityPut> content;  ///< EntityPut: an item.
};

/// Calls `visit` with every record of both streams whose sequence is in [from_sequence, to_sequence], by rising
/// sequence. Memory: what some ten thousand records take. Corrupt for what cannot be read.
Status ReadGroupLog(const EventLog& log, const GroupDatasets& datasets, std::uint64_t from_sequence,
                    std::uint64_t to_sequence, const std::function<void(const GroupRecord&)>& visit);

}  // namespace attune
