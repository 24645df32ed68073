// A segment one of whose sections holds other bytes, under checksums that are right: Corrupt, or every cell reads. The
// first byte of the input says which section, the second how it changes, the rest are bytes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/check.h"
#include "data/schema.h"
#include "data/segment.h"
#include "storage/memory_env.h"
#include "storage/snapshot_file.h"

namespace {

constexpr char kKind[] = "attune.segment";

struct Sections {
  std::vector<std::pair<std::string, std::string>> all;
  std::uint32_t version = 0;
};

/// Those of a segment with a column of each encoding, and nulls.
Sections MakeSections() {
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
  const auto file = attune::SnapshotFile::Open(env, "/segment", kKind, 1000);
  ATTUNE_CHECK(file.ok());
  Sections sections;
  sections.version = (*file)->kind_version();
  for (const auto& name : (*file)->SectionNames()) sections.all.emplace_back(name, *(*file)->TextSection(name));
  return sections;
}

std::string Changed(std::string section, std::uint8_t how, std::string_view bytes) {
  switch (how % 4) {
    case 0: return std::string(bytes);
    case 1: return section.substr(0, bytes.size());
    case 2: return section.append(bytes);
    default:
      for (std::size_t i = 0; i < std::min(section.size(), bytes.size()); ++i) {
        section[i] = static_cast<char>(section[i] ^ bytes[i]);
      }
      return section;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Sections sections = MakeSections();
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  attune::MemoryEnv env;
  auto writer = attune::SnapshotFileWriter::Create(env, "/segment", kKind, sections.version);
  ATTUNE_CHECK(writer.ok());
  const std::size_t chosen = data[0] % sections.all.size();
  for (std::size_t i = 0; i < sections.all.size(); ++i) {
    const auto& [name, content] = sections.all[i];
    const std::string written = i == chosen ? Changed(content, data[1], bytes) : content;
    ATTUNE_CHECK((*writer)->WriteSection(name, written).ok());
  }
  ATTUNE_CHECK((*writer)->Finish().ok());
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
