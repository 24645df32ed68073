#include "data/training_data_builder.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "data/attribute_builder.h"
#include "data/group_clock.h"
#include "data/interaction_rows.h"
#include "data/newest_records.h"

namespace attune {
namespace {

constexpr std::int64_t kNoTime = std::numeric_limits<std::int64_t>::max();

bool IsColumnSelected(const TrainingSelection& selection, const std::string& type, const std::string& name) {
  const auto holds = [&](const std::map<std::string, std::set<std::string>>& columns) {
    const auto found = columns.find(type);
    return found != columns.end() && std::ranges::any_of(found->second, [&](const std::string& column) {
             return FoldName(column) == FoldName(name);
           });
  };
  if (selection.included_columns.contains(type)) return holds(selection.included_columns);
  return !holds(selection.excluded_columns);
}

/// Positions of the selected columns that say something about a row; `own` are those with a meaning of their own.
std::vector<std::size_t> FurtherColumns(const Schema& schema, const TrainingSelection& selection,
                                        const std::string& type, const std::set<std::string>& own) {
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < schema.fields().size(); ++i) {
    const std::string& name = schema.fields()[i].name;
    if (!own.contains(FoldName(name)) && IsColumnSelected(selection, type, name)) columns.push_back(i);
  }
  return columns;
}

/// Items in the order in which they were first seen, those that were never seen last.
std::vector<std::uint32_t> OrderItems(const InteractionRows& gathered, std::vector<std::int64_t>* first_seen_ms) {
  first_seen_ms->assign(gathered.items.size(), kNoTime);
  for (const auto& row : gathered.rows) {
    (*first_seen_ms)[row.item] = std::min((*first_seen_ms)[row.item], row.timestamp_ms);
  }
  std::vector<std::uint32_t> order(gathered.items.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](std::uint32_t item) { return (*first_seen_ms)[item]; });
  return order;
}

/// The newest time of what was imported, and from there as the events' clock goes, in the order of the log. Events
/// alone start at the oldest of them, or there would be nothing to be ahead of.
std::int64_t NewestTime(const std::vector<InteractionRow>& rows, std::size_t segment_count) {
  std::int64_t imported_ms = 0;
  std::int64_t oldest_ms = kNoTime;
  std::vector<const InteractionRow*> events;
  for (const auto& row : rows) {
    oldest_ms = std::min(oldest_ms, row.timestamp_ms);
    if (row.source == segment_count) {
      events.push_back(&row);
    } else {
      imported_ms = std::max(imported_ms, row.timestamp_ms);
    }
  }
  if (rows.empty()) return 0;
  std::ranges::sort(events, {}, &InteractionRow::index);
  GroupClock clock(events.size() < rows.size() ? imported_ms : oldest_ms);
  for (const InteractionRow* event : events) clock.Observe(event->timestamp_ms, event->user);
  return clock.now_ms();
}

/// Fills everything of `data` that interactions tell.
class InteractionsWriter {
 public:
  InteractionsWriter(const DatasetContents& contents, const TrainingSelection& selection, TrainingData& data)
      : contents_(contents), selection_(selection), data_(data) {}

  void Write(InteractionRows gathered) {
    std::vector<std::int64_t> first_seen_ms;
    const auto order = OrderItems(gathered, &first_seen_ms);
    std::vector<std::uint32_t> index_of(order.size());
    for (const std::uint32_t item : order) {
      index_of[item] = data_.items.Add(gathered.items.id(item));
      data_.item_created_ms.push_back(first_seen_ms[item]);
    }
    data_.users = std::move(gathered.users);
    Interactions& interactions = data_.interactions;
    interactions.user_offsets = std::move(gathered.user_offsets);
    interactions.user.reserve(gathered.rows.size());
    interactions.item.reserve(gathered.rows.size());
    interactions.timestamp_ms.reserve(gathered.rows.size());
    for (const auto& row : gathered.rows) {
      interactions.user.push_back(row.user);
      interactions.item.push_back(index_of[row.item]);
      interactions.timestamp_ms.push_back(row.timestamp_ms);
    }
    data_.newest_interaction_ms = NewestTime(gathered.rows, contents_.interaction_segments.size());
    // Nobody met an item later than now, whatever a client's clock says.
    for (auto& created_ms : data_.item_created_ms) created_ms = std::min(created_ms, data_.newest_interaction_ms);
    WriteProperties(gathered.rows);
    WriteImpressions(gathered.rows);
    WriteContext(gathered.rows);
  }

 private:
  struct Source {
    const Segment* segment;
    std::optional<std::size_t> event_type;
    std::optional<std::size_t> event_value;
    std::optional<std::size_t> impression;
    std::vector<std::optional<std::size_t>> columns;  ///< By the schema's positions.
  };

  std::vector<Source> Sources() const {
    std::vector<Source> sources;
    for (const auto& imported : contents_.interaction_segments) {
      const Segment& segment = *imported.segment;
      sources.push_back({.segment = &segment,
                         .event_type = segment.FindColumn("EVENT_TYPE"),
                         .event_value = segment.FindColumn("EVENT_VALUE"),
                         .impression = segment.FindColumn("IMPRESSION"),
                         .columns = contents_.interaction_schema ? MatchColumns(*contents_.interaction_schema, segment)
                                                                 : std::vector<std::optional<std::size_t>>()});
    }
    return sources;
  }

  void WriteProperties(const std::vector<InteractionRow>& rows) {
    Interactions& out = data_.interactions;
    const auto sources = Sources();
    // The index of each dictionary's codes, so that no row's event type is looked up by its text.
    std::vector<std::vector<std::uint32_t>> type_of(sources.size());
    out.event_type.reserve(rows.size());
    out.event_value.reserve(rows.size());
    for (const auto& row : rows) {
      std::uint32_t type = kNoIndex;
      float value = kMissing;
      if (row.source == sources.size()) {
        const Event& event = contents_.events[row.index];
        type = out.event_types.Add(FoldEventType(event.event_type));
        value = event.event_value.value_or(kMissing);
      } else {
        const Source& source = sources[row.source];
        if (source.event_type)
          type = EventTypeIndex(*source.segment, *source.event_type, row.index, type_of[row.source]);
        if (source.event_value) value = static_cast<float>(source.segment->Reals(*source.event_value)[row.index]);
      }
      out.event_type.push_back(type);
      out.event_value.push_back(value);
    }
  }

  /// `type_of` keeps what was looked up, by code.
  std::uint32_t EventTypeIndex(const Segment& segment, std::size_t column, std::size_t row,
                               std::vector<std::uint32_t>& type_of) {
    const std::uint32_t code = segment.Codes(column)[row];
    if (code == kNoIndex) return kNoIndex;
    if (type_of.empty()) type_of.assign(segment.dictionary_size(column), kNoIndex);
    if (type_of[code] == kNoIndex) {
      type_of[code] = data_.interactions.event_types.Add(FoldEventType(segment.DictionaryText(column, code)));
    }
    return type_of[code];
  }

  void WriteImpressions(const std::vector<InteractionRow>& rows) {
    Interactions& out = data_.interactions;
    const auto sources = Sources();
    // Items that were shown but that nobody knows stay unknown.
    const std::size_t each_max = ImpressionItemsMax(rows.size());
    const auto add = [&](std::string_view item_id) {
      if (out.impressions.size() - out.impression_offsets.back() >= each_max) return;
      if (const auto item = data_.items.Find(item_id)) out.impressions.push_back(*item);
    };
    out.impression_offsets.push_back(0);
    for (const auto& row : rows) {
      if (row.source == sources.size()) {
        const Event& event = contents_.events[row.index];
        for (const auto& item_id : event.impression) add(item_id);
        if (event.impression.empty() && event.served && !event.served->is_late) {
          for (const ServedItem& item : event.served->items) add(item.item_id);
        }
      } else if (const Source& source = sources[row.source]; source.impression) {
        SplitValues(source.segment->Text(*source.impression, row.index), add);
      }
      out.impression_offsets.push_back(static_cast<std::uint32_t>(out.impressions.size()));
    }
    if (out.impressions.empty()) out.impression_offsets.clear();
  }

  void WriteContext(const std::vector<InteractionRow>& rows) {
    if (!contents_.interaction_schema) return;
    const Schema& schema = *contents_.interaction_schema;
    static const std::set<std::string> kOwn{"userid",     "itemid",     "timestamp",        "eventtype",
                                            "eventvalue", "impression", "recommendationid", "eventattributionsource"};
    const auto columns = FurtherColumns(schema, selection_, "INTERACTIONS", kOwn);
    AttributeBuilder builder(schema.fields(), columns);
    if (builder.empty()) return;
    const auto sources = Sources();
    for (const auto& row : rows) {
      if (row.source == sources.size()) {
        for (const auto& [column, value] : contents_.events[row.index].columns) builder.Set(column, value);
      } else {
        const Source& source = sources[row.source];
        for (const std::size_t column : columns) {
          if (!source.columns[column]) continue;
          builder.Set(column, source.segment->Cell(*source.columns[column], row.index));
        }
      }
      builder.EndRow();
    }
    data_.interactions.context = builder.Finish();
  }

  const DatasetContents& contents_;
  const TrainingSelection& selection_;
  TrainingData& data_;
};

Attributes BuildAttributes(const Schema& schema, const std::vector<std::size_t>& columns,
                           const std::vector<NewestRecord>& records) {
  AttributeBuilder builder(schema.fields(), columns);
  if (builder.empty()) return {};
  for (const NewestRecord& record : records) {
    for (const std::size_t column : columns) builder.Set(column, record.Cell(column));
    builder.EndRow();
  }
  return builder.Finish();
}

void WriteItems(const DatasetContents& contents, const TrainingSelection& selection, TrainingData& data) {
  if (contents.item_schema) {
    const Schema& schema = *contents.item_schema;
    const NewestRecords newest(schema, "ITEM_ID", contents.item_segments, contents.item_puts, data.items,
                               UnknownIds::kAdd);
    data.item_attributes = BuildAttributes(
        schema, FurtherColumns(schema, selection, "ITEMS", {"itemid", "creationtimestamp"}), newest.records());
    data.item_created_ms.resize(data.items.size(), kNoTime);
    if (const auto created = schema.FindColumn("CREATION_TIMESTAMP")) {
      for (std::size_t item = 0; item < data.items.size(); ++item) {
        const auto& record = newest.records()[item];
        const Value value = record.Cell(*created);
        // What is to come is as new as what has come: it ages from then on.
        const std::int64_t latest_ms = std::max(record.received_ms, data.newest_interaction_ms);
        const auto set = [&](std::int64_t ms) { data.item_created_ms[item] = std::min(ms, latest_ms); };
        if (const auto* moment = std::get_if<std::int64_t>(&value)) set(*moment);
        if (const auto* real = std::get_if<double>(&value)) set(std::llround(*real));
      }
    }
  }
  for (auto& created : data.item_created_ms) {
    if (created == kNoTime) created = data.newest_interaction_ms;  // Nobody met it: as new as can be.
  }
}

void WriteUsers(const DatasetContents& contents, const TrainingSelection& selection, TrainingData& data) {
  if (!contents.user_schema) return;
  const Schema& schema = *contents.user_schema;
  const NewestRecords newest(schema, "USER_ID", contents.user_segments, contents.user_puts, data.users,
                             UnknownIds::kPassOver);
  data.user_attributes =
      BuildAttributes(schema, FurtherColumns(schema, selection, "USERS", {"userid"}), newest.records());
}

}  // namespace

std::size_t ImpressionItemsMax(std::size_t interaction_count) {
  return std::min(kImpressionItemsMax, kImpressionsMax / std::max<std::size_t>(1, interaction_count));
}

Result<TrainingData> BuildTrainingData(const DatasetContents& contents, const TrainingSelection& selection) {
  TrainingData data;
  data.log_sequence = contents.log_sequence;
  ATTUNE_TRY(auto gathered, GatherInteractionRows(contents, selection));
  InteractionsWriter(contents, selection, data).Write(std::move(gathered));
  WriteItems(contents, selection, data);
  WriteUsers(contents, selection, data);
  return data;
}

}  // namespace attune
