#include "data/interaction_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <unordered_map>
#include <unordered_set>

#include "base/hash.h"
#include "base/random.h"

namespace attune {
namespace {

/// Hashes of a row's further properties are summed, so that the order of columns does not matter, and null adds
/// nothing.
std::uint64_t PropertyHash(std::uint64_t name_hash, std::uint64_t value_hash) { return MixSeed(name_hash, value_hash); }
std::uint64_t NumberHash(double value) { return MixSeed(std::bit_cast<std::uint64_t>(value), 1); }
std::uint64_t TextHash(std::string_view text) { return Hash64(text); }

std::uint64_t ValueHash(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return TextHash(*text);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return NumberHash(static_cast<double>(*integer));
  if (const auto* real = std::get_if<double>(&value)) return NumberHash(*real);
  return NumberHash(std::get<bool>(value) ? 1 : 0);
}

bool IsOwnColumn(std::string_view name) {
  const std::string folded = FoldName(name);
  return folded == "userid" || folded == "itemid" || folded == "timestamp";
}

/// Reads the rows of one segment.
class SegmentRows {
 public:
  SegmentRows(const Segment& segment, const TrainingSelection& selection) : segment_(segment), selection_(selection) {}

  Status Prepare(Vocabulary& users, Vocabulary& items) {
    const auto user_column = segment_.FindColumn("USER_ID");
    const auto item_column = segment_.FindColumn("ITEM_ID");
    const auto time_column = segment_.FindColumn("TIMESTAMP");
    if (!user_column || !item_column || !time_column) {
      return Corrupt("a segment of interactions lacks USER_ID, ITEM_ID or TIMESTAMP");
    }
    user_codes_ = segment_.Codes(*user_column);
    item_codes_ = segment_.Codes(*item_column);
    times_ = segment_.Integers(*time_column);
    user_of_ = MapDictionary(*user_column, users);
    item_of_ = MapDictionary(*item_column, items);
    event_type_column_ = segment_.FindColumn("EVENT_TYPE");
    event_value_column_ = segment_.FindColumn("EVENT_VALUE");
    PrepareEventTypes();
    PrepareHashes();
    return {};
  }

  bool IsSelected(std::size_t row) const {
    if (!selection_.event_type.empty()) {
      if (!event_type_column_) return false;
      const std::uint32_t code = segment_.Codes(*event_type_column_)[row];
      if (code == kNoIndex || !type_is_selected_[code]) return false;
    }
    if (selection_.event_value_threshold) {
      // A missing value is NaN, which is not above anything.
      return event_value_column_ && segment_.Reals(*event_value_column_)[row] >= *selection_.event_value_threshold;
    }
    return true;
  }

  InteractionRow Row(std::size_t row, std::uint32_t source) const {
    return {.user = user_of_[user_codes_[row]],
            .item = item_of_[item_codes_[row]],
            .timestamp_ms = times_[row],
            .properties_hash = Hash(row),
            .source = source,
            .index = static_cast<std::uint32_t>(row)};
  }

 private:
  struct HashedColumn {
    std::size_t column;
    std::uint64_t name_hash;
    std::vector<std::uint64_t> of_code;  ///< For dictionaries.
  };

  std::vector<std::uint32_t> MapDictionary(std::size_t column, Vocabulary& vocabulary) const {
    std::vector<std::uint32_t> map(segment_.dictionary_size(column));
    for (std::uint32_t code = 0; code < map.size(); ++code) {
      map[code] = vocabulary.Add(segment_.DictionaryText(column, code));
    }
    return map;
  }

  void PrepareEventTypes() {
    if (selection_.event_type.empty() || !event_type_column_) return;
    const std::string wanted = FoldEventType(selection_.event_type);
    for (std::uint32_t code = 0; code < segment_.dictionary_size(*event_type_column_); ++code) {
      type_is_selected_.push_back(FoldEventType(segment_.DictionaryText(*event_type_column_, code)) == wanted);
    }
  }

  void PrepareHashes() {
    for (std::size_t column = 0; column < segment_.fields().size(); ++column) {
      const std::string& name = segment_.fields()[column].name;
      if (IsOwnColumn(name)) continue;
      HashedColumn hashed{column, TextHash(FoldName(name)), {}};
      if (segment_.encoding(column) == ColumnEncoding::kDictionary) {
        for (std::uint32_t code = 0; code < segment_.dictionary_size(column); ++code) {
          hashed.of_code.push_back(PropertyHash(hashed.name_hash, TextHash(segment_.DictionaryText(column, code))));
        }
      }
      hashed_.push_back(std::move(hashed));
    }
  }

  std::uint64_t Hash(std::size_t row) const {
    std::uint64_t sum = 0;
    for (const HashedColumn& hashed : hashed_) {
      switch (segment_.encoding(hashed.column)) {
        case ColumnEncoding::kDictionary:
          if (const auto code = segment_.Codes(hashed.column)[row]; code != kNoIndex) sum += hashed.of_code[code];
          break;
        case ColumnEncoding::kText:
          if (const auto text = segment_.Text(hashed.column, row); !text.empty()) {
            sum += PropertyHash(hashed.name_hash, TextHash(text));
          }
          break;
        case ColumnEncoding::kInteger:
          if (const auto value = segment_.Integers(hashed.column)[row]; value != kNullInteger) {
            sum += PropertyHash(hashed.name_hash, NumberHash(static_cast<double>(value)));
          }
          break;
        case ColumnEncoding::kReal:
          if (const auto value = segment_.Reals(hashed.column)[row]; !std::isnan(value)) {
            sum += PropertyHash(hashed.name_hash, NumberHash(value));
          }
          break;
        case ColumnEncoding::kBoolean:
          if (const auto value = segment_.Booleans(hashed.column)[row]; value != kNullBoolean) {
            sum += PropertyHash(hashed.name_hash, NumberHash(value));
          }
          break;
      }
    }
    return sum;
  }

  const Segment& segment_;
  const TrainingSelection& selection_;
  std::span<const std::uint32_t> user_codes_;
  std::span<const std::uint32_t> item_codes_;
  std::span<const std::int64_t> times_;
  std::vector<std::uint32_t> user_of_;
  std::vector<std::uint32_t> item_of_;
  std::optional<std::size_t> event_type_column_;
  std::optional<std::size_t> event_value_column_;
  std::vector<bool> type_is_selected_;
  std::vector<HashedColumn> hashed_;
};

/// Which user each session is, from the events that name both; the newest wins.
std::unordered_map<std::string_view, std::string_view> LinkSessions(const std::vector<Event>& events) {
  std::unordered_map<std::string_view, std::string_view> user_of;
  for (const Event& event : events) {
    if (!event.user_id.empty() && !event.session_id.empty()) user_of[event.session_id] = event.user_id;
  }
  return user_of;
}

bool IsSelected(const Event& event, const TrainingSelection& selection) {
  if (!selection.event_type.empty() && FoldEventType(event.event_type) != FoldEventType(selection.event_type))
    return false;
  if (selection.event_value_threshold) {
    return event.event_value && static_cast<double>(*event.event_value) >= *selection.event_value_threshold;
  }
  return true;
}

std::uint64_t EventHash(const Event& event, const DatasetContents& contents) {
  std::uint64_t sum = 0;
  const auto add_text = [&](std::string_view name, std::string_view text) {
    if (!text.empty()) sum += PropertyHash(TextHash(name), TextHash(text));
  };
  // Columns the schema does not have would not stand in a bulk row either.
  const auto has = [&](std::string_view name) {
    return !contents.interaction_schema || contents.interaction_schema->FindProperty(name).has_value();
  };
  if (has("EVENT_TYPE")) add_text("eventtype", event.event_type);
  if (has("EVENT_VALUE") && event.event_value) {
    sum += PropertyHash(TextHash("eventvalue"), NumberHash(static_cast<double>(*event.event_value)));
  }
  if (has("IMPRESSION")) add_text("impression", fmt::format("{}", fmt::join(event.impression, "|")));
  for (const auto& [column, value] : event.columns) {
    if (!contents.interaction_schema || column >= contents.interaction_schema->fields().size()) continue;
    if (std::holds_alternative<std::monostate>(value)) continue;
    sum += PropertyHash(TextHash(FoldName(contents.interaction_schema->fields()[column].name)), ValueHash(value));
  }
  return sum;
}

void GatherEvents(const DatasetContents& contents, const TrainingSelection& selection, InteractionRows& gathered) {
  const auto user_of = LinkSessions(contents.events);
  std::unordered_set<std::string_view> met;
  for (std::size_t i = 0; i < contents.events.size(); ++i) {
    const Event& event = contents.events[i];
    // The first event of an id counts, selected or not.
    if (!event.event_id.empty() && !met.insert(event.event_id).second) continue;
    if (!IsSelected(event, selection) || event.item_id.empty()) continue;
    std::string_view user = event.user_id;
    if (user.empty()) {
      const auto linked = user_of.find(event.session_id);
      if (linked == user_of.end()) continue;
      user = linked->second;
    }
    gathered.rows.push_back({.user = gathered.users.Add(user),
                             .item = gathered.items.Add(event.item_id),
                             .timestamp_ms = event.timestamp_ms,
                             .properties_hash = EventHash(event, contents),
                             .source = static_cast<std::uint32_t>(contents.interaction_segments.size()),
                             .index = static_cast<std::uint32_t>(i)});
  }
}

/// Puts each user's rows together, oldest first, without duplicates.
void SortAndDeduplicate(InteractionRows& gathered) {
  std::vector<std::size_t> begin(gathered.users.size() + 1, 0);
  for (const auto& row : gathered.rows) ++begin[row.user + 1];
  for (std::size_t user = 0; user + 1 < begin.size(); ++user) begin[user + 1] += begin[user];
  std::vector<InteractionRow> sorted(gathered.rows.size());
  std::vector<std::size_t> next(begin.begin(), begin.end() - 1);
  for (const auto& row : gathered.rows) sorted[next[row.user]++] = row;

  gathered.rows.clear();
  gathered.user_offsets.assign(1, 0);
  std::unordered_set<std::uint64_t> met;  // Of one moment: only rows of the same moment can be the same.
  for (std::size_t user = 0; user + 1 < begin.size(); ++user) {
    const auto rows = std::span(sorted).subspan(begin[user], begin[user + 1] - begin[user]);
    std::ranges::stable_sort(rows, {}, &InteractionRow::timestamp_ms);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const bool follows = i > 0 && rows[i - 1].timestamp_ms == rows[i].timestamp_ms;
      const bool precedes = i + 1 < rows.size() && rows[i + 1].timestamp_ms == rows[i].timestamp_ms;
      if (!follows) met.clear();
      if ((follows || precedes) && !met.insert(MixSeed(rows[i].item, rows[i].properties_hash)).second) continue;
      gathered.rows.push_back(rows[i]);
    }
    gathered.user_offsets.push_back(static_cast<std::uint32_t>(gathered.rows.size()));
  }
}

}  // namespace

std::string FoldEventType(std::string_view event_type) {
  std::string folded(event_type);
  for (char& c : folded) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return folded;
}

Result<InteractionRows> GatherInteractionRows(const DatasetContents& contents, const TrainingSelection& selection) {
  InteractionRows gathered;
  for (std::uint32_t i = 0; i < contents.interaction_segments.size(); ++i) {
    const Segment& segment = *contents.interaction_segments[i].segment;
    SegmentRows reader(segment, selection);
    ATTUNE_RETURN_IF_ERROR(reader.Prepare(gathered.users, gathered.items));
    gathered.rows.reserve(gathered.rows.size() + segment.row_count());
    for (std::size_t row = 0; row < segment.row_count(); ++row) {
      if (reader.IsSelected(row)) gathered.rows.push_back(reader.Row(row, i));
    }
  }
  GatherEvents(contents, selection, gathered);
  if (gathered.rows.size() > std::numeric_limits<std::uint32_t>::max()) {
    return LimitExceeded(fmt::format("{} interactions; the limit is {}", gathered.rows.size(),
                                     std::numeric_limits<std::uint32_t>::max()));
  }
  SortAndDeduplicate(gathered);
  return gathered;
}

}  // namespace attune
