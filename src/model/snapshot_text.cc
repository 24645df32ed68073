#include "model/snapshot_text.h"

#include <cstdint>

namespace attune {

Status WriteTexts(SnapshotFileWriter& file, std::string_view name, std::span<const std::string> texts) {
  std::vector<std::uint64_t> offsets{0};
  std::string bytes;
  for (const std::string& text : texts) {
    bytes += text;
    offsets.push_back(bytes.size());
  }
  ATTUNE_RETURN_IF_ERROR(file.WriteArray<std::uint64_t>(std::string(name) + "_offsets", offsets));
  return file.WriteSection(std::string(name) + "_bytes", std::string_view(bytes));
}

Result<std::vector<std::string>> ReadTexts(const SnapshotFile& file, std::string_view name) {
  ATTUNE_TRY(const auto offsets, file.Array<std::uint64_t>(std::string(name) + "_offsets"));
  ATTUNE_TRY(const auto bytes, file.TextSection(std::string(name) + "_bytes"));
  if (offsets.empty() || offsets.front() != 0 || offsets.back() != bytes.size()) {
    return Corrupt(std::string(name) + " has offsets that do not fit its bytes");
  }
  std::vector<std::string> texts;
  for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
    if (offsets[i] > offsets[i + 1]) return Corrupt(std::string(name) + " has offsets that fall");
    texts.emplace_back(bytes.substr(offsets[i], offsets[i + 1] - offsets[i]));
  }
  return texts;
}

}  // namespace attune
