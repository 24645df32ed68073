#include "serve/imported_history.h"

#include <algorithm>
#include <limits>

#include "data/interaction_rows.h"
#include "data/training_data.h"

namespace attune {
namespace {

/// One segment's columns, its codes mapped to vocabularies that all segments share.
struct MappedSegment {
  std::span<const std::uint32_t> user_codes;
  std::span<const std::uint32_t> item_codes;
  std::span<const std::uint32_t> type_codes;  ///< Empty where there is no such column.
  std::span<const std::int64_t> times;
  std::vector<std::uint32_t> user_of;
  std::vector<std::uint32_t> item_of;
  std::vector<std::uint32_t> type_of;
};

template <class Text>
std::vector<std::uint32_t> MapDictionary(const Segment& segment, std::size_t column, Vocabulary& vocabulary,
                                         Text text_of) {
  std::vector<std::uint32_t> map(segment.dictionary_size(column));
  for (std::uint32_t code = 0; code < map.size(); ++code) {
    map[code] = vocabulary.Add(text_of(segment.DictionaryText(column, code)));
  }
  return map;
}

Result<MappedSegment> MapSegment(const Segment& segment, Vocabulary& users, Vocabulary& items, Vocabulary& types) {
  const auto user = segment.FindColumn("USER_ID");
  auto item = segment.FindColumn("ITEM_ID");
  if (!item) item = segment.FindColumn("ACTION_ID");
  const auto time = segment.FindColumn("TIMESTAMP");
  if (!user || !item || !time) return Corrupt("a segment of interactions lacks USER_ID, ITEM_ID or TIMESTAMP");
  const auto as_it_is = [](std::string_view text) { return text; };
  MappedSegment mapped{.user_codes = segment.Codes(*user),
                       .item_codes = segment.Codes(*item),
                       .type_codes = {},
                       .times = segment.Integers(*time),
                       .user_of = MapDictionary(segment, *user, users, as_it_is),
                       .item_of = MapDictionary(segment, *item, items, as_it_is),
                       .type_of = {}};
  if (const auto type = segment.FindColumn("EVENT_TYPE")) {
    mapped.type_codes = segment.Codes(*type);
    mapped.type_of = MapDictionary(segment, *type, types, &FoldEventType);
  }
  return mapped;
}

}  // namespace

Result<std::shared_ptr<const ImportedHistory>> ImportedHistory::Build(std::span<const ImportedSegment> segments,
                                                                      std::size_t events_per_type_max) {
  std::shared_ptr<ImportedHistory> history(new ImportedHistory());
  ATTUNE_RETURN_IF_ERROR(history->Read(segments));
  history->KeepNewest(events_per_type_max);
  return std::shared_ptr<const ImportedHistory>(std::move(history));
}

std::span<const ImportedHistory::Event> ImportedHistory::Find(std::string_view user_id) const {
  const auto user = users_.Find(user_id);
  if (!user) return {};
  return std::span(events_).subspan(offsets_[*user], offsets_[*user + 1] - offsets_[*user]);
}

Status ImportedHistory::Read(std::span<const ImportedSegment> segments) {
  const std::uint32_t no_type = event_types_.Add("");
  std::vector<MappedSegment> mapped;
  std::size_t rows = 0;
  for (const auto& imported : segments) {
    ATTUNE_TRY(auto segment, MapSegment(*imported.segment, users_, items_, event_types_));
    rows += segment.times.size();
    mapped.push_back(std::move(segment));
  }
  if (rows > std::numeric_limits<std::uint32_t>::max()) {
    return LimitExceeded("the imports have more than 2^32 interactions");
  }
  // By user: first how many each has, then each to its place.
  offsets_.assign(users_.size() + 1, 0);
  for (const auto& segment : mapped) {
    for (const std::uint32_t code : segment.user_codes) {
      if (code != kNoIndex) ++offsets_[segment.user_of[code] + 1];
    }
  }
  for (std::size_t user = 0; user < users_.size(); ++user) offsets_[user + 1] += offsets_[user];
  events_.resize(offsets_.back());
  std::vector<std::uint32_t> next(offsets_.begin(), offsets_.end() - 1);
  for (const auto& segment : mapped) {
    for (std::size_t row = 0; row < segment.times.size(); ++row) {
      const std::uint32_t user_code = segment.user_codes[row];
      const std::uint32_t item_code = segment.item_codes[row];
      if (user_code == kNoIndex || item_code == kNoIndex) continue;
      const std::uint32_t type_code = segment.type_codes.empty() ? kNoIndex : segment.type_codes[row];
      events_[next[segment.user_of[user_code]]++] = {
          .item = segment.item_of[item_code],
          .event_type = type_code == kNoIndex ? no_type : segment.type_of[type_code],
          .timestamp_ms = segment.times[row]};
    }
  }
  return {};
}

void ImportedHistory::KeepNewest(std::size_t events_per_type_max) {
  std::size_t kept = 0;
  for (std::size_t user = 0; user < users_.size(); ++user) {
    const auto begin = events_.begin() + offsets_[user];
    const auto end = events_.begin() + offsets_[user + 1];
    std::sort(begin, end, [](const Event& a, const Event& b) {
      if (a.event_type != b.event_type) return a.event_type < b.event_type;
      if (a.timestamp_ms != b.timestamp_ms) return a.timestamp_ms > b.timestamp_ms;
      return a.item < b.item;
    });
    offsets_[user] = static_cast<std::uint32_t>(kept);
    std::size_t of_type = 0;
    for (auto event = begin; event != end; ++event) {
      const bool is_first = event == begin || (event - 1)->event_type != event->event_type;
      if (!is_first && *event == *(event - 1)) continue;
      of_type = is_first ? 1 : of_type + 1;
      // A write never passes the event that is looked at, so the one before it still is what it was.
      if (of_type <= events_per_type_max) events_[kept++] = *event;
    }
  }
  offsets_[users_.size()] = static_cast<std::uint32_t>(kept);
  events_.resize(kept);
  events_.shrink_to_fit();
}

}  // namespace attune
