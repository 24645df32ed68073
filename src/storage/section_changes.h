#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "storage/env.h"
#include "storage/snapshot_file.h"

namespace attune {

/// What a snapshot file holds, to be written again with other bytes under checksums that are right. For fuzzers. A
/// value.
struct SnapshotSections {
  std::string path;
  std::string kind;
  std::uint32_t version = 0;
  std::vector<std::pair<std::string, std::string>> all;  ///< Name and bytes.
};

inline SnapshotSections ReadSections(Env& env, std::string path, std::string kind) {
  const auto file = SnapshotFile::Open(env, path, kind, 1000);
  ATTUNE_CHECK(file.ok());
  SnapshotSections sections{std::move(path), std::move(kind), (*file)->kind_version(), {}};
  for (const auto& name : (*file)->SectionNames()) sections.all.emplace_back(name, *(*file)->TextSection(name));
  return sections;
}

inline void WriteSections(Env& env, const SnapshotSections& sections) {
  auto writer = SnapshotFileWriter::Create(env, sections.path, sections.kind, sections.version);
  ATTUNE_CHECK(writer.ok());
  for (const auto& [name, bytes] : sections.all) ATTUNE_CHECK((*writer)->WriteSection(name, bytes).ok());
  ATTUNE_CHECK((*writer)->Finish().ok());
}

/// `section` replaced by `bytes`, cut to their number, longer by them, or with them XORed over its beginning.
inline std::string Changed(std::string section, std::uint8_t how, std::string_view bytes) {
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

/// Takes one change after another from the input of a fuzzer: a byte that chooses the section, one that says how it
/// changes, one for the number of bytes, the bytes. `choose` gives the section of a number.
template <class Choose>
void ApplyChanges(std::string_view input, Choose choose) {
  while (input.size() >= 3) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(input[i]); };
    std::string& section = choose(byte(0));
    const std::string_view bytes = input.substr(3, byte(2));
    section = Changed(std::move(section), byte(1), bytes);
    input.remove_prefix(3 + bytes.size());
  }
}

}  // namespace attune
