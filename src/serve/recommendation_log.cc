#include "serve/recommendation_log.h"

#include <fmt/format.h>
#include <libdeflate.h>

#include <charconv>

#include "base/bytes.h"
#include "base/check.h"
#include "base/hash.h"
#include "base/log.h"

namespace attune {
namespace {

constexpr unsigned kFileMode = 0600;  // Who was recommended what is nobody else's business.
constexpr int kCompressionLevel = 1;

/// Makes gzip members, each of its own: files are such members one after the other, so what was written whole stays
/// readable. One thread at a time.
class Packer {
 public:
  std::string Pack(std::string_view text) {
    std::string packed(libdeflate_gzip_compress_bound(compressor_.get(), text.size()), '\0');
    const std::size_t size =
        libdeflate_gzip_compress(compressor_.get(), text.data(), text.size(), packed.data(), packed.size());
    ATTUNE_CHECK(size > 0);
    packed.resize(size);
    return packed;
  }

 private:
  struct Free {
    void operator()(libdeflate_compressor* compressor) const { libdeflate_free_compressor(compressor); }
  };
  const std::unique_ptr<libdeflate_compressor, Free> compressor_{libdeflate_alloc_compressor(kCompressionLevel)};
};

}  // namespace

Result<std::unique_ptr<RecommendationLog>> RecommendationLog::Open(Env& env, std::string folder, Options options) {
  std::unique_ptr<RecommendationLog> log(new RecommendationLog(env, std::move(folder), std::move(options)));
  if (log->options_.percent == 0) return log;
  ATTUNE_RETURN_IF_ERROR(env.CreateDirectories(log->folder_));
  ATTUNE_RETURN_IF_ERROR(log->FindFiles());
  log->thread_ = std::thread([raw = log.get()] { raw->Work(); });
  return log;
}

RecommendationLog::~RecommendationLog() {
  if (!thread_.joinable()) return;
  {
    const MutexLock lock(mutex_);
    stops_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

Status RecommendationLog::FindFiles() {
  ATTUNE_TRY(const auto entries, env_.List(folder_));
  const MutexLock lock(mutex_);
  for (const DirectoryEntry& entry : entries) {
    std::uint64_t number = 0;
    const std::string_view name = entry.name;
    if (std::from_chars(name.data(), name.data() + name.size(), number).ec != std::errc()) continue;
    next_name_ = number + 1;
    File file{.path = JoinPath(folder_, name)};
    ATTUNE_TRY(file.bytes, env_.FileSize(file.path));
    figures_.bytes += file.bytes;
    files_.push_back(std::move(file));
  }
  MakeRoom();
  return {};
}

bool RecommendationLog::Wants(std::string_view recommendation_id) const {
  return options_.percent > 0 && Hash64(recommendation_id) % 100 < options_.percent;
}

void RecommendationLog::Append(std::string_view line) {
  const MutexLock lock(mutex_);
  if (waiting_.text.size() + line.size() + 1 > kWaitingBytesMax) {
    ++figures_.lost_lines;
    return;
  }
  const std::size_t before = waiting_.text.size();
  waiting_.text.append(line);
  waiting_.text.push_back('\n');
  ++waiting_.lines;
  // The writer wakes for the first line and for a full batch; lines between them are its business anyway.
  if (before == 0 || (before < kBatchBytes && waiting_.text.size() >= kBatchBytes)) changed_.NotifyOne();
}

RecommendationLog::Figures RecommendationLog::figures() const {
  const MutexLock lock(mutex_);
  return figures_;
}

void RecommendationLog::Work() {
  Packer packer;
  while (true) {
    Batch batch;
    {
      const MutexLock lock(mutex_);
      while (waiting_.lines == 0 && !stops_) changed_.Wait(mutex_);
      const auto until = std::chrono::steady_clock::now() + options_.write_after;
      while (waiting_.text.size() < kBatchBytes && !stops_) {
        const auto left = until - std::chrono::steady_clock::now();
        if (left <= left.zero() || !changed_.WaitFor(mutex_, left)) break;
      }
      if (waiting_.lines == 0) return;
      std::swap(batch, waiting_);
    }
    const Status allowed = options_.may_write ? options_.may_write() : Status();
    const Status written = allowed.ok() ? Write(packer.Pack(batch.text)) : allowed;
    const MutexLock lock(mutex_);
    (written.ok() ? figures_.written_lines : figures_.lost_lines) += batch.lines;
    if (!written.ok()) LogWarning("{} lines of the recommendation log are lost: {}", batch.lines, written.message());
  }
}

Status RecommendationLog::Write(const std::string& packed) {
  if (!writer_) {
    File file{.path = JoinPath(folder_, fmt::format("{:012}.jsonl.gz", next_name_++))};
    ATTUNE_TRY(writer_, env_.Create(file.path, kFileMode));
    const MutexLock lock(mutex_);
    files_.push_back(std::move(file));
    MakeRoom();
  }
  const Status written = writer_->Append(AsBytes(packed));
  const MutexLock lock(mutex_);
  // After an error the end of the file is unknown; a full one is done with.
  if (written.ok()) {
    files_.back().bytes += packed.size();
    figures_.bytes += packed.size();
  }
  if (!written.ok() || files_.back().bytes >= options_.bytes_max / kFiles) writer_ = nullptr;
  return written;
}

void RecommendationLog::MakeRoom() {
  // The newest may be being written.
  while (files_.size() > 1 && (files_.size() > kFiles || figures_.bytes > options_.bytes_max / kFiles * (kFiles - 1))) {
    const Status removed = env_.RemoveFile(files_.front().path);
    if (!removed.ok()) LogWarning("{}: {}", files_.front().path, removed.message());
    figures_.bytes -= files_.front().bytes;
    files_.pop_front();
  }
}

}  // namespace attune
