// Any bytes as a CSV file, plain or gzipped, imported as items: a refusal that leaves nothing behind, or a segment
// whose every cell reads.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "data/csv_reader.h"
#include "data/importer.h"
#include "data/schema.h"
#include "data/segment.h"
#include "storage/memory_env.h"

namespace {

attune::Schema ItemsSchema() {
  auto schema = attune::Schema::Parse(
      R"({"type":"record","name":"Items","namespace":"com.amazonaws.personalize.schema","version":"1.0","fields":[
          {"name":"ITEM_ID","type":"string"},{"name":"GENRES","type":["null","string"],"categorical":true},
          {"name":"PRICE","type":["null","float"]},{"name":"YEAR","type":["null","int"]},
          {"name":"ON_SALE","type":["null","boolean"]},
          {"name":"DESCRIPTION","type":["null","string"],"textual":true},
          {"name":"CREATION_TIMESTAMP","type":["null","long"]}]})");
  ATTUNE_CHECK(schema.ok());
  return *std::move(schema);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const attune::Schema schema = ItemsSchema();
  attune::MemoryEnv env;
  attune::ImportRequest request{
      .type = attune::DatasetType::kItems, .schema = &schema, .files = {}, .segment_path = "/segment"};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  request.files.push_back({.name = "fuzz.csv", .source = std::make_unique<attune::StringSource>(text)});
  const auto summary = attune::ImportCsv(env, std::move(request));
  if (!summary.ok()) {
    ATTUNE_CHECK(summary.status().code() == attune::Code::kInvalidArgument ||
                 summary.status().code() == attune::Code::kCorrupt ||
                 summary.status().code() == attune::Code::kLimitExceeded);
    ATTUNE_CHECK(env.List("/")->empty());
    return 0;
  }
  const auto segment = attune::Segment::Open(env, "/segment");
  ATTUNE_CHECK(segment.ok());
  ATTUNE_CHECK((*segment)->row_count() == summary->row_count);
  for (std::size_t column = 0; column < (*segment)->fields().size(); ++column) {
    for (std::size_t row = 0; row < (*segment)->row_count(); ++row) (void)(*segment)->Cell(column, row);
  }
  return 0;
}
