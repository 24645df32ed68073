// Any bytes as a snapshot file, and again as the table of one whose checksum is right: Corrupt, or sections that lie
// within the file and, where all was verified, hold what their checksums say.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/check.h"
#include "base/hash.h"
#include "storage/memory_env.h"
#include "storage/snapshot_file.h"

namespace {

using attune::SnapshotFile;

void Check(const std::string& bytes) {
  attune::MemoryEnv env;
  ATTUNE_CHECK(env.WriteFileAtomically("/file", bytes).ok());
  for (const auto verify : {SnapshotFile::Verify::kEverything, SnapshotFile::Verify::kTable}) {
    const auto file = SnapshotFile::Open(env, "/file", "fuzz", 1, verify);
    if (!file.ok()) {
      ATTUNE_CHECK(file.status().code() == attune::Code::kCorrupt);
      continue;
    }
    for (const auto& name : (*file)->SectionNames()) {
      const auto section = (*file)->Section(name);
      ATTUNE_CHECK(section.ok());
      (void)attune::Crc32c(*section);
      (void)(*file)->Array<std::uint64_t>(name);
    }
  }
}

/// A header, `table`, and the end that belongs to it: docs/formats/snapshot_file.md.
std::string WithTable(std::string_view table) {
  constexpr std::size_t kHeaderBytes = 64;
  constexpr std::uint64_t kTrailerBytes = 32;
  std::string bytes(
      "\x89"
      "ATTUNE\n");
  attune::ByteWriter(&bytes).Number(std::uint32_t{1});
  bytes.resize(kHeaderBytes + 64, '\0');  // One empty place for a section.
  const std::uint64_t offset = bytes.size();
  bytes += table;
  attune::ByteWriter writer(&bytes);
  writer.Number(offset);
  writer.Number(std::uint64_t{table.size()});
  writer.Number(offset + table.size() + kTrailerBytes);
  writer.Number(attune::Crc32c(attune::AsBytes(std::string_view(bytes).substr(offset))));
  return bytes + "ATSF";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  Check(bytes);
  Check(WithTable(bytes));
  return 0;
}
