#include "cli/policy_log.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <variant>

#include "data/interaction_rows.h"

namespace attune {
namespace {

constexpr std::size_t kLineBytesMax = std::size_t{16} << 20;
constexpr unsigned kReadBytes = 1 << 20;

Result<std::vector<std::string>> FilesOf(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (fs::is_regular_file(path, error)) return std::vector<std::string>{path};
  if (!fs::is_directory(path, error)) return NotFound(fmt::format("{}: there is no such file or folder", path));
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    const std::string name = entry.path().string();
    if (name.ends_with(".jsonl.gz") || name.ends_with(".jsonl")) files.push_back(name);
  }
  if (error) return IoError(fmt::format("{}: {}", path, error.message()));
  if (files.empty()) return NotFound(fmt::format("{}: no file of a recommendation log (*.jsonl.gz) is in it", path));
  std::ranges::sort(files);
  return files;
}

/// Calls `visit` with each line; false where the file ends within one.
template <class Visit>
Result<bool> ReadLines(const std::string& path, Visit visit) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), &gzclose);
  if (!file) return IoError(fmt::format("{}: cannot be read", path));
  std::string held;
  std::string buffer(kReadBytes, '\0');
  int count = 0;
  while ((count = gzread(file.get(), buffer.data(), kReadBytes)) > 0) {
    held.append(buffer, 0, static_cast<std::size_t>(count));
    std::size_t begin = 0;
    for (std::size_t end = held.find('\n'); end != std::string::npos; end = held.find('\n', begin)) {
      visit(std::string_view(held).substr(begin, end - begin));
      begin = end + 1;
    }
    held.erase(0, begin);
    if (held.size() > kLineBytesMax) return Corrupt(fmt::format("{}: a line is over {} bytes", path, kLineBytesMax));
  }
  int error = Z_OK;
  gzerror(file.get(), &error);
  return count == 0 && error == Z_OK && held.empty();
}

/// Joins the two kinds of lines as they come.
class Joiner {
 public:
  Joiner(std::string campaign_arn, std::size_t lists_max)
      : campaign_arn_(std::move(campaign_arn)), lists_max_(lists_max) {}

  void Take(std::string_view line) {
    auto decoded = DecodeLogLine(parser_, line);
    if (!decoded.ok()) {
      ++log_.bad_lines;
    } else if (auto* record = std::get_if<RecommendationRecord>(&*decoded)) {
      TakeList(std::move(*record));
    } else {
      TakeFeedback(std::get<FeedbackRecord>(*decoded));
    }
  }

  PolicyLog Finish() {
    log_.lists.assign(std::make_move_iterator(lists_.begin()), std::make_move_iterator(lists_.end()));
    return std::move(log_);
  }

 private:
  void TakeList(RecommendationRecord record) {
    if (!campaign_arn_.empty() && record.campaign_arn != campaign_arn_) return;
    if (!record.drawn_from) {
      ++log_.undrawn;
      return;
    }
    numbers_[record.recommendation_id] = first_ + lists_.size();
    lists_.push_back({.record = std::move(record), .clicked = {}});
    if (lists_.size() <= lists_max_) return;
    numbers_.erase(lists_.front().record.recommendation_id);
    lists_.pop_front();
    ++first_;
  }

  void TakeFeedback(const FeedbackRecord& feedback) {
    const auto found = numbers_.find(feedback.recommendation_id);
    if (found == numbers_.end()) return;
    LoggedList& list = lists_[found->second - first_];
    const std::string& wanted = list.record.reward_event_type;
    if (wanted.empty() || FoldEventType(feedback.event_type) == wanted) list.clicked.insert(feedback.item_id);
  }

  const std::string campaign_arn_;
  const std::size_t lists_max_;
  JsonParser parser_;
  std::deque<LoggedList> lists_;
  std::map<std::string, std::size_t, std::less<>> numbers_;  ///< By id; from the first list ever.
  std::size_t first_ = 0;                                    ///< The number of lists_.front().
  PolicyLog log_;
};

}  // namespace

Result<PolicyLog> ReadPolicyLog(const std::string& path, const std::string& campaign_arn, std::size_t lists_max) {
  ATTUNE_TRY(const auto files, FilesOf(path));
  Joiner joiner(campaign_arn, lists_max);
  std::size_t torn = 0;
  std::size_t lines = 0;
  for (const std::string& file : files) {
    ATTUNE_TRY(const bool is_whole, ReadLines(file, [&](std::string_view line) {
                 ++lines;
                 joiner.Take(line);
               }));
    torn += is_whole ? 0 : 1;
  }
  PolicyLog log = joiner.Finish();
  log.torn_files = torn;
  if (lines > 0 && log.bad_lines == lines) {
    return Corrupt(fmt::format("{}: none of its {} lines is one of a recommendation log", path, lines));
  }
  return log;
}

}  // namespace attune
