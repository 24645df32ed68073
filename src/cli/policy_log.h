#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "serve/recommendation_record.h"

namespace attune {

/// A list of the log that was drawn, with the items of it that were rewarded.
struct LoggedList {
  RecommendationRecord record;
  std::set<std::string, std::less<>> clicked;
};

struct PolicyLog {
  std::vector<LoggedList> lists;  ///< By rising time.
  std::size_t undrawn = 0;        ///< Lists of campaigns that do not explore: they tell nothing of other weights.
  std::size_t bad_lines = 0;
  std::size_t torn_files = 0;  ///< That end within a line or a gzip member: what was being written in a crash.
};

/// Reads a recommendation log: a folder of files, or one file, gzipped or not. Of campaign `campaign_arn` only unless
/// that is "", and the newest `lists_max` only. Memory: what those lists take. NotFound where there is nothing, Corrupt
/// where no line is one of such a log.
Result<PolicyLog> ReadPolicyLog(const std::string& path, const std::string& campaign_arn, std::size_t lists_max);

}  // namespace attune
