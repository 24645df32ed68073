// The first line as a filter, the lines after it as values, "NAME=value": an error, or a filter that finds the same by
// chunks of a table as record by record, and that its own algebra keeps within the candidates.
#include <cstddef>
#include <cstdint>
#include <string>

#include "data/put_record.h"
#include "filter/evaluate.h"
#include "filter/parser.h"

namespace {

using attune::DatasetType;
using attune::Schema;

std::shared_ptr<const Schema> ParseSchema(std::string_view json) {
  auto schema = Schema::Parse(json);
  ATTUNE_CHECK(schema.ok());
  return std::make_shared<const Schema>(*std::move(schema));
}

struct World {
  World() {
    const std::pair<std::string_view, std::string_view> records[] = {
        {"a", R"({"genres":"Drama|War","price":9.5,"year":1999,"creationTimestamp":1000000000})"},
        {"b", R"({"genres":"Comedy","year":-3})"},
        {"c", R"({"price":0})"}};
    std::vector<attune::EntityPut> puts;
    for (const auto& [id, properties] : records) {
      auto put = attune::ReadEntityProperties(*schemas.at(DatasetType::kItems), id, properties, 1);
      ATTUNE_CHECK(put.ok());
      puts.push_back(*std::move(put));
    }
    items = attune::MetadataTable::Empty(*schemas.at(DatasetType::kItems))->With(puts);
  }

  const attune::FilterSchemas schemas{
      {DatasetType::kItems, ParseSchema(R"({"type":"record","name":"Items","version":"1.0","fields":[
           {"name":"ITEM_ID","type":"string"},{"name":"GENRES","type":["null","string"],"categorical":true},
           {"name":"PRICE","type":["null","float"]},{"name":"YEAR","type":["null","int"]},
           {"name":"CREATION_TIMESTAMP","type":["null","long"]}],"namespace":"com.amazonaws.personalize.schema"})")},
      {DatasetType::kUsers, ParseSchema(R"({"type":"record","name":"Users","version":"1.0","fields":[
           {"name":"USER_ID","type":"string"},{"name":"AGE","type":["null","int"]}],
           "namespace":"com.amazonaws.personalize.schema"})")},
      {DatasetType::kInteractions, ParseSchema(R"({"type":"record","name":"Interactions","version":"1.0","fields":[
           {"name":"USER_ID","type":"string"},{"name":"ITEM_ID","type":"string"},{"name":"TIMESTAMP","type":"long"},
           {"name":"EVENT_TYPE","type":"string"}],"namespace":"com.amazonaws.personalize.schema"})")}};
  std::shared_ptr<const attune::MetadataTable> items;
};

attune::FilterValues ReadValues(std::string_view lines) {
  attune::FilterValues values;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    const std::size_t equals = line.find('=');
    if (equals != std::string_view::npos) values[std::string(line.substr(0, equals))] = line.substr(equals + 1);
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
  }
  return values;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const World world;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view expression = text.substr(0, text.find('\n'));
  const auto filter = attune::ParseFilter(expression);
  if (!filter.ok() || filter->target != attune::FilterTarget::kItems) return 0;
  const auto values = ReadValues(text.substr(std::min(expression.size() + 1, text.size())));
  const auto compiled = attune::CompileFilter(*filter, world.schemas, values);
  if (!compiled.ok()) return 0;

  constexpr std::string_view kIds[] = {"a", "b", "c", "unknown"};
  const std::vector<attune::FilterEvent> events{{0, "click"}, {3, "watch"}, {0, "watch"}};
  std::vector<attune::ItemSet> sets;
  sets.reserve(compiled->clauses.size());
  std::vector<attune::ClauseMatches> matches;
  for (const auto& clause : compiled->clauses) {
    if (!attune::ClauseApplies(clause, nullptr, "u")) continue;
    attune::ItemSet set(std::size(kIds));
    if (clause.reads_events) {
      set = attune::MatchEvents(clause, events, std::size(kIds));
    } else {
      const auto resolved = attune::WithCurrentItem(clause, world.items.get(), 0);
      std::vector<std::uint8_t> of_chunk;
      attune::MatchChunk(resolved, *world.items, 0, &of_chunk);
      for (std::uint32_t i = 0; i < std::size(kIds); ++i) {
        const auto row = world.items->Find(kIds[i]);
        set.Set(i, attune::MatchesRecord(resolved, world.items.get(), row, kIds[i]));
        ATTUNE_CHECK(!row || set.Has(i) == (of_chunk[*row] != 0));
      }
    }
    sets.push_back(std::move(set));
    matches.push_back({clause.action, &sets.back()});
  }
  ATTUNE_CHECK(attune::CombineMatches(matches, std::size(kIds)).Count() <= std::size(kIds));
  return 0;
}
