#include "serve/group_log.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace attune {
namespace {

/// Sequences that are read at a time, so that two streams can be merged.
constexpr std::uint64_t kWindow = 16'384;

template <class Record>
Status ReadStream(const EventLog& log, const std::string& stream, std::uint64_t from, std::uint64_t to,
                  Result<Record> (*decode)(std::string_view), std::vector<GroupRecord>& records) {
  if (stream.empty()) return {};
  const Status read = log.Read(stream, from, [&](std::uint64_t sequence, std::string_view payload) -> Status {
    if (sequence > to) return Cancelled("past the end");
    ATTUNE_TRY(auto record, decode(payload));
    records.push_back({.sequence = sequence, .content = std::move(record)});
    return {};
  });
  return read.code() == Code::kCancelled ? Status() : read;
}

}  // namespace

Status ReadGroupLog(const EventLog& log, const GroupDatasets& datasets, std::uint64_t from_sequence,
                    std::uint64_t to_sequence, const std::function<void(const GroupRecord&)>& visit) {
  std::vector<GroupRecord> records;
  while (from_sequence <= to_sequence) {
    const std::uint64_t to = std::min(to_sequence, from_sequence + kWindow - 1);
    records.clear();
    ATTUNE_RETURN_IF_ERROR(
        ReadStream<Event>(log, datasets.interactions_stream, from_sequence, to, &DecodeEvent, records));
    const auto middle = static_cast<std::ptrdiff_t>(records.size());
    ATTUNE_RETURN_IF_ERROR(
        ReadStream<EntityPut>(log, datasets.items_stream, from_sequence, to, &DecodeEntityPut, records));
    std::ranges::inplace_merge(records, records.begin() + middle, {}, &GroupRecord::sequence);
    for (const GroupRecord& record : records) visit(record);
    from_sequence = to + 1;
  }
  return {};
}

}  // namespace attune
