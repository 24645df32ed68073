// A segment one of whose sections holds other bytes, under checksums that are right: Corrupt, or every cell reads. The
// first byte of the input says which section, the second how it changes, the rest are bytes.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "data/schema.h"
#include "data/segment.h"
#include "storage/memory_env.h"
#include "storage/section_changes.h"

namespace {

/// Those of a segment with a column of each encoding, and nulls.
attune::SnapshotSections MakeSections() {
  attune::MemoryEnv env;
  const auto schema = attune::Schema::Parse(
      R"({"type":"record","name":"Items","namespace":"com.amazonaws.personalize.schema","version":"1.0","fields":[
          {"name":"ITEM_ID","type":"string"},{"name":"GENRES","type":["null","string"],"categorical":true},
          {"name":"PRICE","type":["null","float"]},{"name":"ON_SALE","type":["null","boolean"]},
          {"name":"DESCRIPTION","type":["null","string"],"textual":true},
          {"name":"CREATION_TIMESTAMP","type":["null","long"]}]})");
  ATTUNE_CHECK(schema.ok());
  attune::SegmentBuilder builder(schema->fields());
  for (int row = 0; row < 5; ++row) {
    builder.AddText(0, "item" + std::to_string(row));
    if (row != 1) {
      builder.AddText(1, row % 2 == 0 ? "a|b" : "c");
      builder.AddReal(2, row);
      builder.AddBoolean(3, row % 2 == 0);
      builder.AddText(4, std::string(static_cast<std::size_t>(row), 'd'));
      builder.AddInteger(5, 1'600'000'000'000 + row);
    }
    builder.EndRow();
  }
  ATTUNE_CHECK(builder.Write(env, "/segment").ok());
  return attune::ReadSections(env, "/segment", "attune.segment");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const attune::SnapshotSections sound = MakeSections();
  if (size < 2) return 0;
  attune::SnapshotSections sections = sound;
  std::string& section = sections.all[data[0] % sections.all.size()].second;
  section = attune::Changed(std::move(section), data[1], {reinterpret_cast<const char*>(data) + 2, size - 2});
  attune::MemoryEnv env;
  attune::WriteSections(env, sections);
  const auto segment = attune::Segment::Open(env, "/segment");
  if (!segment.ok()) {
    ATTUNE_CHECK(segment.status().code() == attune::Code::kCorrupt);
    return 0;
  }
  for (std::size_t column = 0; column < (*segment)->fields().size(); ++column) {
    for (std::size_t row = 0; row < (*segment)->row_count(); ++row) (void)(*segment)->Cell(column, row);
  }
  return 0;
}
