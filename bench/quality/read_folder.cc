#include "read_folder.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <numeric>

namespace attune {
namespace {

using Rows = std::vector<std::vector<std::string>>;

Result<Rows> ReadCsv(const std::string& path) {
  gzFile file = gzopen((path + ".gz").c_str(), "rb");
  if (file == nullptr) file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return NotFound(fmt::format("neither {} nor {}.gz is there", path, path));
  std::string text;
  std::string block(1 << 20, '\0');
  for (int read = 0; (read = gzread(file, block.data(), static_cast<unsigned>(block.size()))) > 0;) {
    text.append(block, 0, static_cast<std::size_t>(read));
  }
  gzclose(file);
  Rows rows(1, std::vector<std::string>(1));
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      rows.back().emplace_back();
    } else if (c == '\n' && !quoted) {
      rows.emplace_back(1);
    } else if (c != '\r') {
      rows.back().back() += c;
    }
  }
  if (rows.back().size() == 1 && rows.back()[0].empty()) rows.pop_back();
  return rows;
}

bool ParseNumber(const std::string& text, double& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

void AddItemColumn(const std::string& name, const std::vector<std::string>& cells, Attributes& attributes) {
  double number = 0;
  if (name == "TITLE") {
    attributes.text.push_back({.name = name, .values = cells});
  } else if (std::all_of(cells.begin(), cells.end(),
                         [&](const std::string& cell) { return cell.empty() || ParseNumber(cell, number); }) &&
             std::count(cells.begin(), cells.end(), "") < static_cast<std::ptrdiff_t>(cells.size())) {
    NumericColumn column{.name = name, .values = {}};
    for (const std::string& cell : cells) {
      column.values.push_back(ParseNumber(cell, number) ? static_cast<float>(number) : kMissing);
    }
    attributes.numeric.push_back(std::move(column));
  } else {
    CategoricalColumn column{.name = name, .categories = {}, .offsets = {0}, .values = {}};
    for (const std::string& cell : cells) {
      for (std::size_t begin = 0; begin < cell.size();) {
        const std::size_t end = std::min(cell.find('|', begin), cell.size());
        column.values.push_back(column.categories.Add(cell.substr(begin, end - begin)));
        begin = end + 1;
      }
      column.offsets.push_back(static_cast<std::uint32_t>(column.values.size()));
    }
    attributes.categorical.push_back(std::move(column));
  }
}

void ReadItems(const Rows& rows, TrainingData& data) {
  std::map<std::string, std::size_t> place;
  const auto& header = rows[0];
  std::size_t id_column = static_cast<std::size_t>(std::find(header.begin(), header.end(), "ITEM_ID") - header.begin());
  std::vector<std::uint32_t> item_of;
  for (std::size_t row = 1; row < rows.size(); ++row) item_of.push_back(data.items.Add(rows[row][id_column]));
  for (std::size_t c = 0; c < header.size(); ++c) {
    if (c == id_column || header[c] == "CREATION_TIMESTAMP") continue;
    std::vector<std::string> cells(data.items.size());
    for (std::size_t row = 1; row < rows.size(); ++row) {
      if (c < rows[row].size()) cells[item_of[row - 1]] = rows[row][c];
    }
    AddItemColumn(header[c], cells, data.item_attributes);
  }
}

}  // namespace

Result<TrainingData> ReadFolder(const std::string& folder) {
  ATTUNE_TRY(const auto rows, ReadCsv(folder + "/interactions.csv"));
  std::map<std::string, std::size_t> place;
  for (std::size_t c = 0; c < rows[0].size(); ++c) place[rows[0][c]] = c;
  TrainingData data;
  struct Event {
    std::uint32_t user;
    std::uint32_t item;
    std::int64_t time;
    std::uint32_t type;
    float value;
  };
  std::vector<Event> events;
  for (std::size_t row = 1; row < rows.size(); ++row) {
    const auto& cells = rows[row];
    Event event{.user = data.users.Add(cells[place.at("USER_ID")]),
                .item = data.items.Add(cells[place.at("ITEM_ID")]),
                .time = std::strtoll(cells[place.at("TIMESTAMP")].c_str(), nullptr, 10) * 1000,
                .type = kNoIndex,
                .value = kMissing};
    if (place.contains("EVENT_TYPE")) event.type = data.interactions.event_types.Add(cells[place.at("EVENT_TYPE")]);
    double value = 0;
    if (place.contains("EVENT_VALUE") && ParseNumber(cells[place.at("EVENT_VALUE")], value)) {
      event.value = static_cast<float>(value);
    }
    events.push_back(event);
  }
  std::stable_sort(events.begin(), events.end(),
                   [](const Event& a, const Event& b) { return a.user != b.user ? a.user < b.user : a.time < b.time; });
  if (const auto items = ReadCsv(folder + "/items.csv"); items.ok()) ReadItems(*items, data);
  data.item_created_ms.assign(data.items.size(), INT64_MAX);
  data.interactions.user_offsets.assign(data.users.size() + 1, 0);
  for (const Event& event : events) {
    data.interactions.user.push_back(event.user);
    data.interactions.item.push_back(event.item);
    data.interactions.timestamp_ms.push_back(event.time);
    data.interactions.event_type.push_back(event.type);
    data.interactions.event_value.push_back(event.value);
    ++data.interactions.user_offsets[event.user + 1];
    data.newest_interaction_ms = std::max(data.newest_interaction_ms, event.time);
    data.item_created_ms[event.item] = std::min(data.item_created_ms[event.item], event.time);
  }
  auto& offsets = data.interactions.user_offsets;
  std::partial_sum(offsets.begin(), offsets.end(), offsets.begin());
  for (std::int64_t& created : data.item_created_ms) created = std::min(created, data.newest_interaction_ms);
  return data;
}

}  // namespace attune
