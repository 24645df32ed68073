#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "storage/snapshot_file.h"

namespace attune {

/// A list of texts as two sections, `name`_offsets and `name`_bytes.
Status WriteTexts(SnapshotFileWriter& file, std::string_view name, std::span<const std::string> texts);
Result<std::vector<std::string>> ReadTexts(const SnapshotFile& file, std::string_view name);

/// Copies a section of numbers. Corrupt if there is none of that name, or its length is none of a whole number of T.
template <class T>
Status ReadNumbers(const SnapshotFile& file, std::string_view name, std::vector<T>& out) {
  ATTUNE_TRY(const auto values, file.Array<T>(name));
  out.assign(values.begin(), values.end());
  return {};
}

}  // namespace attune
